"""Puts the server together: the only place that names concrete classes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from starlette.types import ASGIApp

from tmfserver import spec
from tmfserver.delivery.networks import read_networks, refuse_literal
from tmfserver.engine import Hub, ResourceEngine
from tmfserver.engine.history import TYPES as HISTORY_TYPES
from tmfserver.engine.mirroring import Mirror
from tmfserver.engine.nested import holding
from tmfserver.engine.sharing import shared_tables
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
from tmfserver.planning import MIRRORED, Plan, with_history
from tmfserver.repository import Store
from tmfserver.sharing import Shared, share
from tmfserver.spec import Api
from tmfserver.spec.hubs import listener_type


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
    shared = share(plan, store, key, wake)
    aside = (
        ContractMiddleware,
        health_middleware(store),
        metrics_middleware(store),
        pages_middleware(
            plan.apis, plan.collections, store, settings.database, _pictures(plan, shared)
        ),
    )
    middlewares = [ErrorMiddleware, partial(RoutingMiddleware, aside=aside), ValidationMiddleware]
    app = ServedApp("tmfserver", middlewares=middlewares)
    intake = Intake(settings.body_limit, settings.depth_limit, settings.public_url.rstrip("/"))
    for api in plan.apis:
        resolver = OperationResolver(api, partial(_served, plan, api, shared))
        app.add_contract(api, resolver, intake=intake)
    asgi: ASGIApp = app.middleware
    return asgi


def _pictures(plan: Plan, shared: Shared) -> Pictures:
    trees = {name for name, handler in plan.handlers.items() if handler.rules.hierarchy}
    return Pictures(plan.apis, trees, shared.engines.engine)


def _served(plan: Plan, api: Api, shared: Shared) -> Served:
    settings = plan.settings
    limits = Limits(settings.page_limit, settings.largest_page, settings.partial_content)
    engines = {name: shared.engines.engine(api, name) for name in api.resources}
    resources: dict[str, ResourceOperations | NestedOperations] = {}
    answers = Answers(shared.store, api.base_path, settings.idempotency_hours)

    def lists(engine: ResourceEngine, path: str) -> Lists:
        return Lists(path, engine.resource.types, limits, shared.cursors)

    for name, engine in engines.items():
        path = f"{api.base_path}/{name}"
        histories = None
        if name in with_history(api):
            entries_ = Lists(f"{path}//history", HISTORY_TYPES, limits, shared.cursors)
            histories = Histories(path, entries_, settings.user_header)
        given = engine, path, lists(engine, path), shared.expansions, answers, histories
        if name in spec.JOBS:
            resources[name] = JobOperations(shared.desk, api.base_path, *given)
        else:
            resources[name] = ResourceOperations(*given)
    for name, nested in api.nested.items():
        inside = shared.engines.engine(api, name)
        resources[name] = NestedOperations(
            inside, api.base_path + nested.place, partial(lists, inside), shared.expansions,
            answers, shared.store, holding(name, plan.collections, api.collection_name),
        )  # fmt: skip
    mirror = None
    if settings.mirror:
        kept = plan.collection(api, MIRRORED)
        mirror = Mirror(api.base_path, engines.values(), kept, shared.store)
    allowed = partial(refuse_literal, allowed=read_networks(settings.callback_networks))
    hub = Hub(api.base_path, shared.store, shared.engines.interests(api), allowed, mirror)
    return Served(
        resources, HubOperations(hub, api.base_path, listener_type(api.document)), plan.handlers
    )
