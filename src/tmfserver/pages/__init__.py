"""What people look at in a browser: what runs here, and how notifications fare (Flask)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any, cast

from starlette.types import ASGIApp, Receive, Scope, Send

from tmfserver.changes import Collection
from tmfserver.errors import MethodNotAllowed
from tmfserver.pages.outgoing import OUTGOING, board, sheet
from tmfserver.pages.overview import OVERVIEW, Overview
from tmfserver.pages.pictures import PICTURE, Pictures
from tmfserver.repository import Store
from tmfserver.spec import Api

STATIC = "/static/pages/"
DELIVERIES = "/deliveries"
NO_PICTURES = Pictures([])
_METHODS = ("GET", "HEAD")


def _own_paths() -> frozenset[str]:
    styles = files("tmfserver.pages").joinpath("static").iterdir()
    return frozenset({"/", DELIVERIES, *(STATIC + style.name for style in styles)})


def pages_middleware(
    apis: Sequence[Api],
    collections: Mapping[str, Collection],
    store: Store,
    database: str = "",
    pictures: Pictures = NO_PICTURES,
) -> type:
    """A middleware class over these contracts and this store, for Connexion's list.

    database: the setting, of which the page shows no more than the kind.
    """
    own_paths = _own_paths()
    overview = Overview(apis, collections, store, database, pictures)

    class PagesMiddleware:
        """Answers for the few paths of pages; all others pass by."""

        def __init__(self, app: ASGIApp) -> None:
            self._app = app
            self._site: asyncio.Future[ASGIApp] | None = None

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            path = scope.get("path", "")
            draw = pictures.find(path)
            if scope["type"] != "http" or not (path in own_paths or _event(path) or draw):
                await self._app(scope, receive, send)
                return
            if scope["method"] not in _METHODS:
                raise MethodNotAllowed(
                    path=path, method=scope["method"], allowed=", ".join(_METHODS)
                )
            page = {**scope, "query_string": b""}
            if path == "/":
                page[OVERVIEW] = await overview.now()
            elif path == DELIVERIES:
                page[OUTGOING] = await board(store.outbox)
            elif id := _event(path):
                page[OUTGOING] = await sheet(store.outbox, id)
            elif draw:
                page[PICTURE] = await draw(_base(scope), scope["query_string"].decode("latin-1"))
            site = await self._open_site()
            await site(page, receive, send)

        async def _open_site(self) -> ASGIApp:
            """Flask, imported beside the running requests when somebody first looks."""
            if self._site is None:
                self._site = asyncio.ensure_future(asyncio.to_thread(_site))
            return await asyncio.shield(self._site)

    return PagesMiddleware


def _event(path: str) -> str:
    """The eventId of an event's page; empty where it is another path."""
    folder, _, id = path.rpartition("/")
    return id if folder == DELIVERIES else ""


def _base(scope: Scope) -> str:
    """Scheme and host as the browser has them."""
    hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
    return f"{scope['scheme']}://{hosts[0] if hosts else 'localhost'}"


def _site() -> ASGIApp:
    from a2wsgi import WSGIMiddleware

    from tmfserver.pages.site import make_site

    wsgi: Any = make_site(STATIC)
    site: Any = WSGIMiddleware(wsgi, workers=2)
    return cast("ASGIApp", site)
