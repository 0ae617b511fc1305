"""Serves each effective contract as a document, and Swagger UI on it (Connexion's)."""

from __future__ import annotations

from typing import Any

import orjson
from connexion.middleware.swagger_ui import SwaggerUIMiddleware
from connexion.options import SwaggerUIOptions
from connexion.spec import Specification
from starlette.types import ASGIApp, Receive, Scope, Send

from tmfserver.http.errors import JSON_HEADER
from tmfserver.spec import Api

# Connexion names a contract by its form; a client finds it by either name.
DOCUMENTS = ("/openapi.json", "/swagger.json")

UI_OPTIONS = SwaggerUIOptions(
    serve_spec=False,
    spec_path=DOCUMENTS[0],
    swagger_ui_config={"deepLinking": True, "defaultModelsExpandDepth": 0},
)


class ContractMiddleware(SwaggerUIMiddleware):
    """What people read about an API; all else passes by."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app)
        self._documents: dict[str, Api] = {}

    def add_api(
        self,
        specification: Specification,
        base_path: str | None = None,
        arguments: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().add_api(specification, base_path, arguments, **kwargs)
        contract: Api = kwargs["contract"]
        for name in DOCUMENTS:
            self._documents[contract.base_path + name] = contract

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] in self._documents and scope["method"] in ("GET", "HEAD"):
            await _send_document(self._documents[scope["path"]], scope, send)
        else:
            await super().__call__(scope, receive, send)


async def _send_document(contract: Api, scope: Scope, send: Send) -> None:
    servers = [{"url": scope.get("root_path", "") + contract.base_path}]
    body = orjson.dumps({**contract.document, "servers": servers})
    headers = [JSON_HEADER, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
