"""What went wrong → a status and a TM Forum Error: the only place that makes either."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tmfserver import errors

log = logging.getLogger(__name__)

JSON_HEADER = (b"content-type", b"application/json")

# The first class that a failure is an instance of tells its status and its reason.
STATUS: dict[type[errors.Failure], tuple[int, str]] = {
    errors.NotFound: (404, "Not found"),
    errors.UnknownPath: (404, "Not found"),
    errors.MethodNotAllowed: (405, "Method not allowed"),
    errors.NotServed: (501, "Not implemented"),
    errors.UnsupportedMediaType: (415, "Unsupported media type"),
    errors.TooLarge: (413, "Content too large"),
    errors.PreconditionFailed: (412, "Precondition failed"),
    errors.KeyReused: (422, "Key used before"),
    errors.Taken: (409, "Already exists"),
    errors.AlreadySubscribed: (409, "Already exists"),
    errors.Duplicate: (409, "Already exists"),
    errors.Conflict: (409, "Conflict"),
    errors.Unavailable: (503, "Service unavailable"),
    errors.NoRoom: (503, "Service unavailable"),
    errors.TooSlow: (503, "Query takes too long"),
    errors.Malformed: (400, "Malformed body"),
    errors.Invalid: (400, "Invalid document"),
    errors.BadQuery: (400, "Invalid query"),
    errors.RequestFailure: (400, "Bad request"),
}


def classify(failure: errors.Failure) -> tuple[int, str]:
    """(status, reason) of a failure."""
    for kind, answer in STATUS.items():
        if isinstance(failure, kind):
            return answer
    return 500, "Internal server error"


def error_body(status: int, code: str, reason: str, message: str) -> bytes:
    """A TM Forum Error (TMF630 3.4): its `status` is a text."""
    return orjson.dumps(
        {
            "@type": "Error",
            "code": code,
            "reason": reason,
            "message": message,
            "status": str(status),
        },
    )


def answer(failure: errors.Failure) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """(status, headers, body) of a failure."""
    status, reason = classify(failure)
    body = error_body(status, type(failure).__name__, reason, _safe(str(failure)))
    headers = [JSON_HEADER, (b"content-length", b"%d" % len(body))]
    if isinstance(failure, errors.MethodNotAllowed):
        headers.append((b"allow", failure.facts["allowed"].encode()))
    if status == 503:
        headers.append((b"retry-after", b"1"))
    return status, headers, body


def _safe(text: str) -> str:
    """Text that can be printed as JSON: what came may hold half of a character pair."""
    return text.encode("utf-8", "replace").decode()


class ErrorMiddleware:
    """Outermost: no failure leaves the server but as a TM Forum Error."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        except errors.Failure as failure:
            await _send(send, *answer(failure))
        except Exception as failure:
            if scope.get("tmfserver.started"):
                raise
            log.exception("%s %s failed", scope["method"], scope["path"])
            body = error_body(
                500, "InternalError", "Internal server error",
                f"The server failed ({type(failure).__name__}); nothing was changed.",
            )  # fmt: skip
            await _send(send, 500, [JSON_HEADER, (b"content-length", b"%d" % len(body))], body)


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    start: Message = {"type": "http.response.start", "status": status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": body})


def table() -> list[Mapping[str, Any]]:
    """Every refusal with its status, for the docs."""
    return [
        {"code": kind.__name__, "status": classify_class(kind)[0], "message": (kind.__doc__ or "")}
        for kind in _all(errors.RequestFailure)
    ]


def classify_class(kind: type[errors.Failure]) -> tuple[int, str]:
    return next(STATUS[parent] for parent in kind.__mro__ if parent in STATUS)


def _all(kind: type[errors.Failure]) -> list[type[errors.Failure]]:
    return [found for child in kind.__subclasses__() for found in (child, *_all(child))]
