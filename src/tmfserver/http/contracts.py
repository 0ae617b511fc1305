"""Serves each effective contract as a document, and Swagger UI on it (Connexion's)."""

from __future__ import annotations

from typing import Any

import orjson
from connexion.middleware.abstract import SpecMiddleware
from connexion.middleware.swagger_ui import SwaggerUIMiddleware
from connexion.options import SwaggerUIOptions
from connexion.spec import Specification
from starlette.types import ASGIApp, Receive, Scope, Send

from tmfserver.http.errors import JSON_HEADER
from tmfserver.http.late import ByBasePath
from tmfserver.spec import Api

# Connexion names a contract by its form; a client finds it by either name.
DOCUMENTS = ("/openapi.json", "/swagger.json")

UI = "/ui"  # below the base path, as Connexion has it
UI_OPTIONS = SwaggerUIOptions(
    serve_spec=False,
    spec_path=DOCUMENTS[0],
    swagger_ui_config={"deepLinking": True, "defaultModelsExpandDepth": 0},
)


class ContractMiddleware(SpecMiddleware):
    """What people read about an API; all else passes by."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._documents: dict[str, Api] = {}
        self._uis: ByBasePath[SwaggerUIMiddleware] = ByBasePath()

    def add_api(self, specification: Specification, **kwargs: Any) -> None:
        contract: Api = kwargs["contract"]
        for name in DOCUMENTS:
            self._documents[contract.base_path + name] = contract

        def make() -> SwaggerUIMiddleware:
            ui = SwaggerUIMiddleware(self._app)
            ui.add_api(specification, **kwargs)
            return ui

        self._uis.later(contract.base_path + UI, make)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if path in self._documents and scope["method"] in ("GET", "HEAD"):
            await _send_document(self._documents[path], scope, send)
            return
        for place in self._uis.expected():
            if path == place or path.startswith(place + "/"):
                await self._uis[place](scope, receive, send)
                return
        await self._app(scope, receive, send)


async def _send_document(contract: Api, scope: Scope, send: Send) -> None:
    servers = [{"url": scope.get("root_path", "") + contract.base_path}]
    body = orjson.dumps({**contract.document, "servers": servers})
    headers = [JSON_HEADER, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
