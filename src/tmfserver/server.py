"""The server as an ASGI application: opens the database when it starts, closes it when it stops."""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from tmfserver import sql
from tmfserver.app import connexion_app
from tmfserver.errors import StartFailure, UnknownPath
from tmfserver.planning import Plan, make_plan
from tmfserver.repository import Store
from tmfserver.sending import Sending
from tmfserver.settings import Settings, read
from tmfserver.spec import JOBS
from tmfserver.working import Working


class Server:
    """The ASGI application: opens the database when it starts, closes it when it stops."""

    def __init__(self, plan: Plan, brought: sql.Brought | None = None) -> None:
        """brought: what `sql.prepare` said of the plan's tables, if it was asked just now."""
        self._plan = plan
        self._brought = brought
        self._app: ASGIApp = _not_started
        self._store: Store | None = None
        self._sending: Sending | None = None
        self._working: Working | None = None
        self._ready: Callable[[], object] | None = None

    def when_started(self, ready: Callable[[], object]) -> None:
        """`ready` is called when the first request can be answered."""
        self._ready = ready

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            await self._app(scope, receive, send)

    async def start(self) -> None:
        settings = self._plan.settings
        limits = sql.Limits(
            settings.pool_size, settings.query_seconds, settings.totals_seconds,
            settings.total_limit, settings.scan_limit,
        )  # fmt: skip
        self._store = await sql.open_store(
            settings.database, self._plan.tables, limits=limits, brought=self._brought
        )
        wake: Callable[[], None] = _nothing
        if settings.work and any(JOBS & set(api.resources) for api in self._plan.apis):
            self._working = Working(settings, self._store.has_jobs)
            wake = self._working.wake
        key = await self._store.secret("cursor")
        self._app = connexion_app(self._plan, self._store, key, wake)
        if settings.deliver:
            self._sending = Sending(settings, self._store.outbox)

    async def stop(self) -> None:
        if self._working is not None:
            await self._working.stop()
        if self._sending is not None:
            await self._sending.stop()
        if self._store is not None:
            await self._store.close()

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self.start()
        except StartFailure as failure:
            await send({"type": "lifespan.startup.failed", "message": str(failure)})
            return
        await send({"type": "lifespan.startup.complete"})
        if self._ready is not None:
            self._ready()
        await receive()
        await self.stop()
        await send({"type": "lifespan.shutdown.complete"})


def _nothing() -> None:
    """Nobody is to be woken."""


async def _not_started(scope: Scope, receive: Receive, send: Send) -> None:
    raise UnknownPath(path=scope["path"])


def create_app(settings: Settings | None = None) -> Server:
    """The server as an ASGI application, by settings or by the environment's."""
    return Server(make_plan(settings or read({})))
