"""/metrics: what became of notifications, in the text form that Prometheus reads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

from tmfserver.deliveries import Health
from tmfserver.repository import Store

_TEXT = (b"content-type", b"text/plain; version=0.0.4; charset=utf-8")

# name, kind, help, value
_FIGURES: Sequence[tuple[str, str, str, Callable[[Health], float]]] = (
    ("due", "gauge", "Notifications that are to be sent.", lambda each: each.backlog),
    (
        "oldest_due_seconds",
        "gauge",
        "Age of the oldest notification that is to be sent.",
        lambda each: 0 if each.oldest is None else max(0, time.time() - each.oldest / 1e6),
    ),
    ("sent_total", "counter", "Attempts that were answered with 2xx.", lambda each: each.sent),
    ("failed_total", "counter", "Attempts that failed.", lambda each: each.failed),
    ("dead_total", "counter", "Notifications that were given up.", lambda each: each.dead),
)


def metrics_middleware(store: Store) -> type:
    """A middleware class over this store, for Connexion's list."""

    class MetricsMiddleware:
        """Answers for one path of its own; all others pass by."""

        def __init__(self, app: ASGIApp) -> None:
            self._app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or scope["path"] != "/metrics":
                await self._app(scope, receive, send)
                return
            listeners = await store.outbox.listeners()
            body = "".join(_lines([each for each in listeners if each.ended is None])).encode()
            headers = [_TEXT, (b"content-length", b"%d" % len(body))]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    return MetricsMiddleware


def _lines(listeners: Sequence[Health]) -> Iterator[str]:
    for name, kind, text, value in _FIGURES:
        whole = f"tmfserver_notifications_{name}"
        yield f"# HELP {whole} {text}\n# TYPE {whole} {kind}\n"
        for each in listeners:
            yield f'{whole}{{listener="{_plain(each.id)}"}} {value(each):.15g}\n'


def _plain(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
