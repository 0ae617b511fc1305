"""What the operations of all resources share, over one open database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from secrets import token_bytes

from tmfserver.changes import Collection
from tmfserver.desk import make_desk
from tmfserver.engine.characteristics import Specifications
from tmfserver.engine.expansion import Expansions, Place
from tmfserver.engine.references import ReferencePaths, References
from tmfserver.engine.sharing import Sharing
from tmfserver.engine.targets import Targets
from tmfserver.http.cursors import Cursors
from tmfserver.http.jobs import Desk
from tmfserver.repository import Store
from tmfserver.rules import Rules
from tmfserver.settings import Settings
from tmfserver.spec import Api


@dataclass(frozen=True)
class Shared:
    """Made once for each opened store."""

    store: Store
    references: References
    specifications: Specifications
    expansions: Expansions
    cursors: Cursors
    desk: Desk


def share(
    settings: Settings,
    apis: Sequence[Api],
    collections: Mapping[str, Collection],
    paths: ReferencePaths,
    store: Store,
    key: bytes,
    wake: Callable[[], None],
    rules: Mapping[str, Rules],
) -> Shared:
    """key: signs cursors; none: one of its own. wake: is called when there is a new job."""
    places = by_resource(collections)
    return Shared(
        store,
        References(settings.references, store, places, rules),
        Specifications(settings.characteristics, store, places),
        Expansions(store, _places(apis, collections), paths),
        Cursors(key or token_bytes(32)),
        make_desk(settings, store, Targets(apis, collections), list(collections.values()), wake),
    )


def by_resource(collections: Mapping[str, Collection]) -> dict[str, list[Collection]]:
    found: dict[str, list[Collection]] = {}
    for collection in collections.values():
        if collection.nested:
            continue  # no reference tells in which document it stands
        found.setdefault(collection.resource, []).append(collection)
    return found


def beside(
    apis: Sequence[Api], sharings: Sequence[Sharing], api: Api, name: str
) -> Iterator[tuple[Api, str]]:
    """The resources of other APIs that are kept in the same table as this one of `api`."""
    kept = {sharing.alias: sharing.kept for sharing in sharings}
    mine = api.collection_name(name)
    for other in apis if kept else ():
        for its in other.resources:
            theirs = other.collection_name(its)
            if theirs != mine and kept.get(theirs, theirs) == kept.get(mine, mine):
                yield other, its


def _places(apis: Sequence[Api], collections: Mapping[str, Collection]) -> dict[str, list[Place]]:
    found: dict[str, list[Place]] = {}
    for api in apis:
        for name in api.resources:
            place = Place(collections[api.collection_name(name)], f"{api.base_path}/{name}")
            found.setdefault(name, []).append(place)
    return found
