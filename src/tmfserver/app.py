"""Puts the server together: the only place that names concrete classes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from tmfserver import handling, spec, sql
from tmfserver.delivery.networks import read_networks, refuse_literal
from tmfserver.engine import Hub, ResourceEngine
from tmfserver.engine.checks import Checks
from tmfserver.engine.collecting import collection_of
from tmfserver.engine.hierarchy import family
from tmfserver.engine.history import TYPES as HISTORY_TYPES
from tmfserver.engine.history import History, entries
from tmfserver.engine.interests import Interests, notification_types
from tmfserver.engine.mirroring import Mirror, records
from tmfserver.engine.notifications import Notifications
from tmfserver.engine.references import ReferencePaths
from tmfserver.errors import StartFailure, UnknownPath
from tmfserver.handling import Handler
from tmfserver.http.contracts import ContractMiddleware
from tmfserver.http.errors import ErrorMiddleware
from tmfserver.http.health import health_middleware
from tmfserver.http.histories import Histories
from tmfserver.http.hub import HubOperations
from tmfserver.http.idempotency import Answers
from tmfserver.http.jobs import JobOperations
from tmfserver.http.lists import Limits, Lists
from tmfserver.http.metrics import metrics_middleware
from tmfserver.http.operations import ResourceOperations
from tmfserver.http.resolver import OperationResolver, Served
from tmfserver.http.routing import RoutingMiddleware
from tmfserver.http.serving import ServedApp
from tmfserver.http.validation import Intake, ValidationMiddleware
from tmfserver.pages import pages_middleware
from tmfserver.pages.pictures import Pictures
from tmfserver.repository import Collection, Store
from tmfserver.rules import NO_RULES
from tmfserver.sending import Sending
from tmfserver.settings import Settings, read
from tmfserver.sharing import Shared, by_resource, share
from tmfserver.spec import Api
from tmfserver.spec.additions import declare_expansion
from tmfserver.working import Working

log = logging.getLogger(__name__)

# No resource's name can hold a space, so that no contract's collection is called this.
MIRRORED = "mirrored copies"
_HISTORY = "{} history"


@dataclass(frozen=True)
class Plan:
    """What is to be served, before anything runs: contracts, handlers and collections."""

    settings: Settings
    apis: tuple[Api, ...]
    handlers: Mapping[str, Handler]
    collections: Mapping[str, Collection]

    def collection(self, api: Api, resource: str) -> Collection:
        return self.collections[api.collection_name(resource)]


def bundled_specs() -> Path:
    """The folder of the contracts that come with the server."""
    return Path(str(files("tmfserver.specs")))


def make_plan(settings: Settings) -> Plan:
    """Reads contracts and handlers. Raises a StartFailure that says what to do."""
    places = [Path(place) for place in settings.specs] or [bundled_specs()]
    apis = tuple(_as_set(settings, api) for api in spec.read(*spec.files(places)))
    handlers = handling.load(apis, settings.handlers, bundled=not settings.specs)
    rules = {name: handler.rules for name, handler in handlers.items()}
    _declare_references(apis, _reference_paths(handlers))
    collections = {
        api.collection_name(name): collection_of(
            api, resource, rules.get(name, NO_RULES), deletions=settings.references == "strict"
        )
        for api in apis
        for name, resource in api.resources.items()
    }
    for api in apis:
        names = [api.collection_name(_HISTORY.format(name)) for name in _with_history(api)]
        collections |= {name: entries(name) for name in names}
    if settings.mirror:
        names = [api.collection_name(MIRRORED) for api in apis]
        collections |= {name: records(name) for name in names}
    return Plan(settings, apis, handlers, collections)


def _with_history(api: Api) -> set[str]:
    """The resources whose contract asks for the history of their states."""
    return {each.resource for each in api.operations if each.verb == "history" and each.resource}


def _as_set(settings: Settings, api: Api) -> Api:
    if settings.events == "all":
        api = spec.with_all_events(api)
    return spec.with_origins(api) if settings.mirror else api


def _reference_paths(handlers: Mapping[str, Handler]) -> ReferencePaths:
    return ReferencePaths({name: handler.rules for name, handler in handlers.items()})


def _declare_references(apis: Sequence[Api], declared: ReferencePaths) -> None:
    """The effective contracts tell which references `expand` can name: the handlers' rules do."""
    for api in apis:
        for operation in api.operations:
            paths = declared.two_levels(operation.resource or "")
            if paths and operation.verb in ("list", "retrieve"):
                known = api.resources[operation.resource or ""].types
                declare_expansion(operation.definition, paths, known)


class Server:
    """The ASGI application: opens the database when it starts, closes it when it stops."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._app: ASGIApp = _not_started
        self._store: Store | None = None
        self._sending: Sending | None = None
        self._working: Working | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            await self._app(scope, receive, send)

    async def start(self) -> None:
        settings = self._plan.settings
        limits = sql.Limits(
            settings.pool_size, settings.query_seconds, settings.total_limit, settings.scan_limit
        )
        self._store = await sql.open_store(
            settings.database, list(self._plan.collections.values()), limits=limits
        )
        wake: Callable[[], None] = _nothing
        if settings.work and any(spec.JOBS & set(api.resources) for api in self._plan.apis):
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


def connexion_app(
    plan: Plan, store: Store, key: bytes = b"", wake: Callable[[], None] = _nothing
) -> ASGIApp:
    """All contracts of a plan, over an open database. `key` signs cursors; none: one of its own.

    wake: is called when there is a new job.
    """
    settings = plan.settings
    shared = _shared(plan, store, key, wake)
    served = [(api, _served(plan, api, shared)) for api in plan.apis]
    engines = {
        f"{api.base_path}/{name}": each.engine
        for api, found in served
        for name, each in found.resources.items()
    }
    aside = (
        ContractMiddleware,
        health_middleware(store),
        metrics_middleware(store),
        pages_middleware(
            plan.apis, plan.collections, store, settings.database, Pictures(plan.apis, engines)
        ),
    )
    middlewares = [ErrorMiddleware, partial(RoutingMiddleware, aside=aside), ValidationMiddleware]
    app = ServedApp("tmfserver", middlewares=middlewares)
    intake = Intake(settings.body_limit, settings.depth_limit, settings.public_url.rstrip("/"))
    for api, found in served:
        resolver = OperationResolver(api, found)
        app.add_contract(api, resolver, intake=intake)
    asgi: ASGIApp = app.middleware
    return asgi


def resource_engine(plan: Plan, api: Api, name: str, store: Store) -> ResourceEngine:
    """One resource's engine alone, for who loads documents without serving."""
    interests = Interests(api.base_path, notification_types(api.resources.values()))
    return _engine(plan, api, _shared(plan, store), interests, name)


def _shared(
    plan: Plan, store: Store, key: bytes = b"", wake: Callable[[], None] = _nothing
) -> Shared:
    paths = _reference_paths(plan.handlers)
    rules = {name: handler.rules for name, handler in plan.handlers.items()}
    return share(plan.settings, plan.apis, plan.collections, paths, store, key, wake, rules)


def _served(plan: Plan, api: Api, shared: Shared) -> Served:
    settings = plan.settings
    limits = Limits(settings.page_limit, settings.largest_page, settings.partial_content)
    interests = Interests(api.base_path, notification_types(api.resources.values()))
    engines = {name: _engine(plan, api, shared, interests, name) for name in api.resources}
    resources: dict[str, ResourceOperations] = {}
    answers = Answers(shared.store, api.base_path, settings.idempotency_hours)
    for name, engine in engines.items():
        path = f"{api.base_path}/{name}"
        lists = Lists(path, engine.resource.types, limits, shared.cursors)
        histories = None
        if name in _with_history(api):
            entries_ = Lists(f"{path}//history", HISTORY_TYPES, limits, shared.cursors)
            histories = Histories(path, entries_, settings.user_header)
        given = engine, path, lists, shared.expansions, answers, histories
        if name in spec.JOBS:
            resources[name] = JobOperations(shared.desk, api.base_path, *given)
        else:
            resources[name] = ResourceOperations(*given)
    mirror = None
    if settings.mirror:
        kept = plan.collection(api, MIRRORED)
        mirror = Mirror(api.base_path, engines.values(), kept, shared.store)
    allowed = partial(refuse_literal, allowed=read_networks(settings.callback_networks))
    hub = Hub(api.base_path, shared.store, interests, allowed, mirror)
    return Served(resources, HubOperations(hub, api.base_path), plan.handlers)


def _engine(
    plan: Plan, api: Api, shared: Shared, interests: Interests, name: str
) -> ResourceEngine:
    resource, handler = api.resources[name], plan.handlers.get(name)
    rules = handler.rules if handler else NO_RULES
    state = rules.lifecycle.attribute if rules.lifecycle else ""
    collection, store = plan.collection(api, name), shared.store
    checks = Checks(
        rules,
        collection,
        shared.references,
        shared.specifications,
        family(rules, by_resource(plan.collections), collection, store),
    )
    history = None
    if name in _with_history(api):
        kept = plan.collection(api, _HISTORY.format(name))
        history = History(kept, {state, resource.state or ""} - {""}, shared.store)
    return ResourceEngine(
        resource,
        api.schemas.shape(resource.schema) if resource.schema else api.schemas.shape_of({}),
        checks,
        collection,
        store,
        Notifications(resource, api.base_path, interests, api.title, state),
        history,
    )
