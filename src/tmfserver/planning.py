"""What is to be served, before anything runs: contracts, handlers and collections."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources as installed
from pathlib import Path

from tmfserver import contracts, handling
from tmfserver.changes import Collection
from tmfserver.engine.collecting import collection_of
from tmfserver.engine.history import entries
from tmfserver.engine.mirroring import records
from tmfserver.engine.references import ReferencePaths, declare_references
from tmfserver.engine.sharing import Sharing, kept_together, read_sharings
from tmfserver.errors import BrokenContract
from tmfserver.handling import Handler
from tmfserver.rules import NO_RULES
from tmfserver.settings import Settings
from tmfserver.spec import Api, Broken
from tmfserver.spec.extending import read_schemas
from tmfserver.spec.subtypes import Extended

log = logging.getLogger(__name__)

# No resource's name can hold a space, so that no contract's collection is called this.
MIRRORED = "mirrored copies"


@dataclass(frozen=True)
class Plan:
    """What is to be served, and how."""

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
    declare_references(apis, reference_paths(handlers))
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
        names = [api.collection_name(history_name(name)) for name in with_history(api)]
        collections |= {name: entries(name) for name in names}
    if settings.mirror:
        names = [api.collection_name(MIRRORED) for api in apis]
        collections |= {name: records(name) for name in names}
    extended = Extended(read_schemas(settings.schemas), settings.schema_policy)
    return Plan(settings, apis, handlers, collections, extended, sharings)


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def with_history(api: Api) -> set[str]:
    """The resources whose contract asks for the history of their states."""
    return {each.resource for each in api.operations if each.verb == "history" and each.resource}


def history_name(name: str) -> str:
    """What a resource's history is called among the collections."""
    return f"{name} history"


def reference_paths(handlers: Mapping[str, Handler]) -> ReferencePaths:
    return ReferencePaths({name: handler.rules for name, handler in handlers.items()})


def _warn(failure: BrokenContract) -> None:
    log.warning("Left out: %s", failure)
