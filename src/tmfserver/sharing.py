"""What the operations of all resources share, over one open database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from secrets import token_bytes

from tmfserver.changes import Collection
from tmfserver.desk import make_desk
from tmfserver.engine.expansion import Expansions, Place
from tmfserver.engine.targets import Targets
from tmfserver.engines import Engines
from tmfserver.http.cursors import Cursors
from tmfserver.http.jobs import Desk
from tmfserver.planning import Plan, reference_paths
from tmfserver.repository import Store
from tmfserver.spec import Api


@dataclass(frozen=True)
class Shared:
    """Made once for each opened store."""

    store: Store
    engines: Engines
    expansions: Expansions
    cursors: Cursors
    desk: Desk


def share(plan: Plan, store: Store, key: bytes, wake: Callable[[], None]) -> Shared:
    """key: signs cursors; none: one of its own. wake: is called when there is a new job."""
    apis, collections = plan.apis, plan.collections
    paths = reference_paths(plan.handlers)
    return Shared(
        store,
        Engines(plan, store),
        Expansions(store, _places(apis, collections), paths),
        Cursors(key or token_bytes(32)),
        make_desk(
            plan.settings, store, Targets(apis, collections), list(collections.values()), wake
        ),
    )


def _places(apis: Sequence[Api], collections: Mapping[str, Collection]) -> dict[str, list[Place]]:
    found: dict[str, list[Place]] = {}
    for api in apis:
        for name in api.resources:
            place = Place(collections[api.collection_name(name)], f"{api.base_path}/{name}")
            found.setdefault(name, []).append(place)
    return found
