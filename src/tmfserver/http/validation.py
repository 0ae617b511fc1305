"""Request validation by the effective contract, compiled once for each operation.

Plugs into Connexion as its request validation middleware; what it makes of a request is a Call.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from connexion.middleware.abstract import ROUTING_CONTEXT, RoutedAPI, RoutedMiddleware
from connexion.operations import AbstractOperation
from connexion.spec import Specification
from starlette.types import ASGIApp, Receive, Scope, Send

from tmfserver.document.reading import parse_json
from tmfserver.errors import Malformed
from tmfserver.http.late import ByBasePath
from tmfserver.http.media import media_type, read_body
from tmfserver.http.uploads import Upload
from tmfserver.rules import Call
from tmfserver.spec import Api, Shape
from tmfserver.spec.jobs import UPLOAD
from tmfserver.spec.openapi import JSON

CALL = "tmfserver.call"
# Says where the body's records go: then it is a file, JSON too.
PATH = re.compile(rb"(^|&)path=")
_HOST = re.compile(r"^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?$")


@dataclass(frozen=True)
class Intake:
    """What a server takes in: body size in bytes, levels of nesting, and its public URL if set."""

    body_limit: int
    depth_limit: int
    public_url: str


class ValidatingOperation:
    """Checks one operation's requests against the contract, then passes them on as a Call."""

    def __init__(self, next_app: ASGIApp, operation_id: str, bodies: Mapping[str, Shape],
                 required: bool, intake: Intake, uploads: frozenset[str]) -> None:  # fmt: skip
        self._next_app, self._operation_id = next_app, operation_id
        self._bodies, self._required, self._intake = bodies, required, intake
        self._uploads = uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers, media, body = scope["headers"], JSON, None
        if self._bodies:
            media = media_type(headers, self._bodies)
        if self._uploads and (media in self._uploads or PATH.search(scope["query_string"])):
            body = Upload(headers, receive)
        elif self._bodies:
            content = await read_body(headers, receive, self._intake.body_limit)
            if content or self._required:
                body = parse_json(content, self._intake.depth_limit)
                shape = self._bodies[media]
                shape.fill(body)
                shape.check(body)
        scope[CALL] = Call(
            self._operation_id,
            scope["path_params"],
            scope["query_string"],
            headers,
            self._intake.public_url or _base_url(scope, headers),
            media,
            body,
        )
        await self._next_app(scope, receive, send)


def _base_url(scope: Scope, headers: Any) -> str:
    for name, value in headers:
        if name == b"host":
            return _url(scope["scheme"], value, scope.get("root_path", ""))
    host, port = scope.get("server") or ("localhost", None)
    return f"{scope['scheme']}://{host}{f':{port}' if port else ''}{scope.get('root_path', '')}"


@lru_cache(maxsize=256)
def _url(scheme: str, host: bytes, root: str) -> str:
    text = host.decode("latin-1")
    if not _HOST.match(text):
        raise Malformed(expected="addressed to a host", problem=f"the Host header is '{text[:80]}'")
    return f"{scheme}://{text}{root}"


class ValidationAPI(RoutedAPI[ValidatingOperation]):
    """One contract's operations, each with its schemas."""

    def __init__(self, *args: Any, contract: Api, intake: Intake, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._contract, self._intake = contract, intake
        self.add_paths()

    def make_operation(self, operation: AbstractOperation) -> ValidatingOperation:
        definition = self._contract.document["paths"][operation.path][operation.method]
        body = definition.get("requestBody", {})
        bodies = {
            media: self._contract.schemas.shape_of(content.get("schema", {}))
            for media, content in body.get("content", {}).items()
        }
        uploads = frozenset(
            media for media, content in body.get("content", {}).items() if UPLOAD in content
        )
        return ValidatingOperation(
            self.next_app, operation.operation_id, bodies, body.get("required", False),
            self._intake, uploads,
        )  # fmt: skip


class ValidationMiddleware(RoutedMiddleware[ValidationAPI]):
    """Connexion's place for request validation."""

    api_cls = ValidationAPI

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.apis: ByBasePath[ValidationAPI] = ByBasePath()

    def add_api(self, specification: Specification, **kwargs: Any) -> None:
        make = partial(self.api_cls, specification, next_app=self.app, **kwargs)
        self.apis.later(kwargs["contract"].base_path, make)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        context = scope["extensions"][ROUTING_CONTEXT]
        operation = self.apis[context["api_base_path"]].operations[context["operation_id"]]
        await operation(scope, receive, send)
