"""Puts the server together: the only place that names concrete classes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import resources as installed
from pathlib import Path

from starlette.types import ASGIApp

from tmfserver import contracts, handling, spec
from tmfserver.changes import Collection
from tmfserver.delivery.networks import read_networks, refuse_literal
from tmfserver.engine import Hub, ResourceEngine
from tmfserver.engine.checks import Checks
from tmfserver.engine.collecting import collection_of
from tmfserver.engine.hierarchy import family
from tmfserver.engine.history import TYPES as HISTORY_TYPES
from tmfserver.engine.history import History, entries
from tmfserver.engine.interests import Interests, notification_types
from tmfserver.engine.mirroring import Mirror, records
from tmfserver.engine.nested import holding
from tmfserver.engine.notifications import Beside, Notifications, SharedNotifications
from tmfserver.engine.references import ReferencePaths, declare_references
from tmfserver.engine.sharing import Sharing, between, kept_together, read_sharings, shared_tables
from tmfserver.errors import BrokenContract
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
from tmfserver.http.nested import NestedOperations
from tmfserver.http.operations import ResourceOperations
from tmfserver.http.resolver import OperationResolver, Served
from tmfserver.http.routing import RoutingMiddleware
from tmfserver.http.serving import ServedApp
from tmfserver.http.validation import Intake, ValidationMiddleware
from tmfserver.pages import pages_middleware
from tmfserver.pages.pictures import Pictures
from tmfserver.repository import Store
from tmfserver.rules import NO_RULES
from tmfserver.settings import Settings
from tmfserver.sharing import Shared, beside, by_resource, share
from tmfserver.spec import Api, Broken, Resource, Shape
from tmfserver.spec.extending import read_schemas
from tmfserver.spec.hubs import listener_type
from tmfserver.spec.subtypes import Extended, TypedShape

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
    extended: Extended
    sharings: tuple[Sharing, ...] = ()

    @property
    def tables(self) -> list[Collection]:
        """The collections that have tables of their own."""
        aliases = {sharing.alias for sharing in self.sharings}
        return [each for name, each in self.collections.items() if name not in aliases]

    def collection(self, api: Api, resource: str) -> Collection:
        return self.collections[api.collection_name(resource)]


def bundled_specs() -> Path:
    """The folder of the contracts that come with the server."""
    return Path(str(installed.files("tmfserver.specs")))


def make_plan(settings: Settings, broken: Broken | None = None) -> Plan:
    """Reads contracts and handlers. Raises a StartFailure that says what to do.

    broken: is told each contract that cannot run, and the rest is planned; by default the setting
    skip_broken decides whether these are logged or raised.
    """
    left_out: list[BrokenContract] = []

    def leave_out(failure: BrokenContract) -> None:
        if broken is None and not settings.skip_broken:
            raise failure
        left_out.append(failure)
        (broken or _warn)(failure)

    places = [Path(place) for place in settings.specs] or [bundled_specs()]
    apis = contracts.read(settings, places, leave_out)
    if left_out and not apis and broken is None:
        raise left_out[0]
    bundled = not (settings.specs or left_out)
    handlers = handling.load(apis, settings.handlers, bundled=bundled, own=not left_out)
    rules = {name: handler.rules for name, handler in handlers.items()}
    declare_references(apis, _reference_paths(handlers))
    collections = {
        api.collection_name(name): collection_of(
            api, name, rules.get(_last(name), NO_RULES), deletions=settings.references == "strict"
        )
        for api in apis
        for name in (*api.resources, *api.nested)
    }
    sharings = read_sharings(settings.shared_tables, collections)
    collections = kept_together(collections, sharings)
    for api in apis:
        names = [api.collection_name(_HISTORY.format(name)) for name in _with_history(api)]
        collections |= {name: entries(name) for name in names}
    if settings.mirror:
        names = [api.collection_name(MIRRORED) for api in apis]
        collections |= {name: records(name) for name in names}
    extended = Extended(read_schemas(settings.schemas), settings.schema_policy)
    return Plan(settings, apis, handlers, collections, extended, sharings)


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def _with_history(api: Api) -> set[str]:
    """The resources whose contract asks for the history of their states."""
    return {each.resource for each in api.operations if each.verb == "history" and each.resource}


def _warn(failure: BrokenContract) -> None:
    log.warning("Left out: %s", failure)


def _reference_paths(handlers: Mapping[str, Handler]) -> ReferencePaths:
    return ReferencePaths({name: handler.rules for name, handler in handlers.items()})


def _nothing() -> None:
    """Nobody is to be woken."""


def connexion_app(
    plan: Plan, store: Store, key: bytes = b"", wake: Callable[[], None] = _nothing
) -> ASGIApp:
    """All contracts of a plan, over an open database. `key` signs cursors; none: one of its own.

    wake: is called when there is a new job.
    """
    settings = plan.settings
    store = shared_tables(store, plan.sharings, plan.collections)
    aside = (
        ContractMiddleware,
        health_middleware(store),
        metrics_middleware(store),
        pages_middleware(
            plan.apis, plan.collections, store, settings.database, _pictures(plan, store)
        ),
    )
    middlewares = [ErrorMiddleware, partial(RoutingMiddleware, aside=aside), ValidationMiddleware]
    app = ServedApp("tmfserver", middlewares=middlewares)
    intake = Intake(settings.body_limit, settings.depth_limit, settings.public_url.rstrip("/"))
    shared = _shared(plan, store, key, wake)
    for api in plan.apis:
        resolver = OperationResolver(api, partial(_served, plan, api, shared))
        app.add_contract(api, resolver, intake=intake)
    asgi: ASGIApp = app.middleware
    return asgi


def _pictures(plan: Plan, store: Store) -> Pictures:
    trees = {name for name, handler in plan.handlers.items() if handler.rules.hierarchy}
    return Pictures(plan.apis, trees, partial(resource_engine, plan, store=store))


def resource_engine(plan: Plan, api: Api, name: str, store: Store) -> ResourceEngine:
    """One resource's engine alone, for who has to do with one without serving."""
    interests = Interests(api.base_path, notification_types(api.every_resource))
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
    interests = Interests(api.base_path, notification_types(api.every_resource))
    engines = {name: _engine(plan, api, shared, interests, name) for name in api.resources}
    resources: dict[str, ResourceOperations | NestedOperations] = {}
    answers = Answers(shared.store, api.base_path, settings.idempotency_hours)

    def lists(engine: ResourceEngine, path: str) -> Lists:
        return Lists(path, engine.resource.types, limits, shared.cursors)

    for name, engine in engines.items():
        path = f"{api.base_path}/{name}"
        histories = None
        if name in _with_history(api):
            entries_ = Lists(f"{path}//history", HISTORY_TYPES, limits, shared.cursors)
            histories = Histories(path, entries_, settings.user_header)
        given = engine, path, lists(engine, path), shared.expansions, answers, histories
        if name in spec.JOBS:
            resources[name] = JobOperations(shared.desk, api.base_path, *given)
        else:
            resources[name] = ResourceOperations(*given)
    for name, nested in api.nested.items():
        inside = _engine(plan, api, shared, interests, name)
        resources[name] = NestedOperations(
            inside, api.base_path + nested.place, partial(lists, inside), shared.expansions,
            answers, shared.store, holding(name, plan.collections, api.collection_name),
        )  # fmt: skip
    mirror = None
    if settings.mirror:
        kept = plan.collection(api, MIRRORED)
        mirror = Mirror(api.base_path, engines.values(), kept, shared.store)
    allowed = partial(refuse_literal, allowed=read_networks(settings.callback_networks))
    hub = Hub(api.base_path, shared.store, interests, allowed, mirror)
    return Served(
        resources, HubOperations(hub, api.base_path, listener_type(api.document)), plan.handlers
    )


def _notifications(plan: Plan, api: Api, name: str, interests: Interests) -> Notifications:
    resource = api.resource(name)
    handler = plan.handlers.get(resource.name)
    lifecycle = handler.rules.lifecycle if handler else None
    state = lifecycle.attribute if lifecycle else ""
    return Notifications(resource, api.base_path, interests, api.title, state)


def _shared_notifications(plan: Plan, api: Api, name: str, interests: Interests) -> Notifications:
    """Those of other APIs with the same table, too."""
    own = _notifications(plan, api, name, interests)
    sharings = {sharing.alias: sharing for sharing in plan.sharings}
    mine = sharings.get(api.collection_name(name))
    others = []
    for other, its in beside(plan.apis, plan.sharings, api, name):
        told = Interests(other.base_path, notification_types(other.every_resource))
        places = f"{api.base_path}/{name}", f"{other.base_path}/{its}"
        names = between(mine, sharings.get(other.collection_name(its)))
        others.append(Beside(_notifications(plan, other, its, told), places, names))
    return SharedNotifications(own, others) if others else own


def _shape(plan: Plan, api: Api, resource: Resource) -> Shape:
    if not resource.schema:
        return api.schemas.shape_of({})
    return TypedShape(resource.schema, api.schemas, plan.extended)


def _engine(
    plan: Plan, api: Api, shared: Shared, interests: Interests, name: str
) -> ResourceEngine:
    resource = api.resource(name)
    handler = plan.handlers.get(resource.name)
    inner = [
        plan.collection(each, nested)
        for each, its in [(api, name), *beside(plan.apis, plan.sharings, api, name)]
        for nested in each.nested
        if nested.startswith(f"{its}/")
    ]
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
        _shape(plan, api, resource),
        checks,
        collection,
        store,
        _shared_notifications(plan, api, name, interests),
        history,
        inner,
    )
