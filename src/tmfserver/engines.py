"""The engines of a plan's resources, over one open database: with HTTP in front of them or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tmfserver.changes import Collection
from tmfserver.engine import ResourceEngine
from tmfserver.engine.characteristics import Specifications
from tmfserver.engine.checks import Checks
from tmfserver.engine.hierarchy import family
from tmfserver.engine.history import History
from tmfserver.engine.interests import Interests, notification_types
from tmfserver.engine.notifications import Beside, Notifications, SharedNotifications
from tmfserver.engine.references import References
from tmfserver.engine.sharing import between
from tmfserver.planning import Plan, history_name, with_history
from tmfserver.repository import Store
from tmfserver.rules import NO_RULES, Rules
from tmfserver.spec import Api, Shape
from tmfserver.spec.subtypes import TypedShape


class Engines:
    """Made once for each opened store."""

    def __init__(self, plan: Plan, store: Store) -> None:
        self._plan, self._store = plan, store
        self._places = _by_resource(plan.collections)
        settings, rules = plan.settings, {name: each.rules for name, each in plan.handlers.items()}
        self._references = References(settings.references, store, self._places, rules)
        self._specifications = Specifications(settings.characteristics, store, self._places)
        self._interests: dict[str, Interests] = {}

    def engine(self, api: Api, name: str) -> ResourceEngine:
        """Of one resource of a contract, nested ones too."""
        plan, resource, rules = self._plan, api.resource(name), self._rules(api, name)
        inner = [
            plan.collection(each, nested)
            for each, its in [(api, name), *self._beside(api, name)]
            for nested in each.nested
            if nested.startswith(f"{its}/")
        ]
        collection, store = plan.collection(api, name), self._store
        checks = Checks(
            rules,
            collection,
            self._references,
            self._specifications,
            family(rules, self._places, collection, store),
        )
        history = None
        if name in with_history(api):
            kept = plan.collection(api, history_name(name))
            history = History(kept, {_state(rules), resource.state or ""} - {""}, store)
        return ResourceEngine(
            resource,
            self._shape(api, name),
            checks,
            collection,
            store,
            self._shared_notifications(api, name),
            history,
            inner,
        )

    def interests(self, api: Api) -> Interests:
        """What listeners ask of the events of a contract."""
        known = self._interests.get(api.base_path)
        if known is None:
            known = Interests(api.base_path, notification_types(api.every_resource))
            self._interests[api.base_path] = known
        return known

    def _rules(self, api: Api, name: str) -> Rules:
        handler = self._plan.handlers.get(api.resource(name).name)
        return handler.rules if handler else NO_RULES

    def _shape(self, api: Api, name: str) -> Shape:
        resource = api.resource(name)
        if not resource.schema:
            return api.schemas.shape_of({})
        return TypedShape(resource.schema, api.schemas, self._plan.extended)

    def _notifications(self, api: Api, name: str) -> Notifications:
        state = _state(self._rules(api, name))
        interests = self.interests(api)
        return Notifications(api.resource(name), api.base_path, interests, api.title, state)

    def _shared_notifications(self, api: Api, name: str) -> Notifications:
        """Those of other APIs with the same table, too."""
        own = self._notifications(api, name)
        sharings = {sharing.alias: sharing for sharing in self._plan.sharings}
        mine = sharings.get(api.collection_name(name))
        others = []
        for other, its in self._beside(api, name):
            places = f"{api.base_path}/{name}", f"{other.base_path}/{its}"
            names = between(mine, sharings.get(other.collection_name(its)))
            others.append(Beside(self._notifications(other, its), places, names))
        return SharedNotifications(own, others) if others else own

    def _beside(self, api: Api, name: str) -> Iterator[tuple[Api, str]]:
        """The resources of other APIs that are kept in the same table as this one of `api`."""
        kept = {sharing.alias: sharing.kept for sharing in self._plan.sharings}
        mine = api.collection_name(name)
        for other in self._plan.apis if kept else ():
            for its in other.resources:
                theirs = other.collection_name(its)
                if theirs != mine and kept.get(theirs, theirs) == kept.get(mine, mine):
                    yield other, its


def _state(rules: Rules) -> str:
    return rules.lifecycle.attribute if rules.lifecycle else ""


def _by_resource(collections: Mapping[str, Collection]) -> dict[str, list[Collection]]:
    found: dict[str, list[Collection]] = {}
    for collection in collections.values():
        if collection.nested:
            continue  # no reference tells in which document it stands
        found.setdefault(collection.resource, []).append(collection)
    return found
