"""/health: this process runs. /ready: its database answers too."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from tmfserver.http.errors import JSON_HEADER
from tmfserver.repository import Store


def health_middleware(store: Store) -> type:
    """A middleware class over this store, for Connexion's list."""

    class HealthMiddleware:
        """Answers for two paths of its own; all others pass by."""

        def __init__(self, app: ASGIApp) -> None:
            self._app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or scope["path"] not in ("/health", "/ready"):
                await self._app(scope, receive, send)
                return
            if scope["path"] == "/ready":
                await store.ping()
            body = b'{"status":"up"}'
            headers = [JSON_HEADER, (b"content-length", b"%d" % len(body))]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    return HealthMiddleware
