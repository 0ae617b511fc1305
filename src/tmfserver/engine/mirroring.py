"""Mirroring: a partner's events make and change copies of the partner's resources here.

The partner is the authority: no life cycle and no rule of ours is asked, the contract is. A copy
keeps the id that it has there and is marked with where it came from, `@origin`. Beside each copy
a record tells which event was the last, also when the copy is gone: an older event, and one that
was told before, is kept and changes nothing. Events about what is itself a copy change nothing
either, so that two servers that mirror each other tell each other nothing twice.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tmfserver import exact
from tmfserver.changes import Change, Collection, Insert, Receive, Remove, Replace
from tmfserver.engine.nested import what_goes_along
from tmfserver.engine.representation import instant, new_id, now, represent, text_of
from tmfserver.engine.resources import ATTEMPTS, ResourceEngine
from tmfserver.errors import Invalid, ListenersChanged, Stale, Taken
from tmfserver.query import scalars
from tmfserver.repository import Listeners, Store
from tmfserver.spec import ORIGIN, EventType

Document = dict[str, Any]


def records(name: str) -> Collection:
    """Where the last event of each copy is kept, as a collection of this name."""
    return Collection(name, "record of a copy")


@dataclass(frozen=True)
class Told:
    """One event, read: `at` in microseconds since 1970, `resource` as the partner sees it."""

    type: EventType
    id: str
    event_id: str
    at: int
    resource: Mapping[str, Any]
    fields: tuple[str, ...]


class Mirror:
    """The copies of one API's resources. `path` is its base path, `kept` where the records are."""

    def __init__(
        self, path: str, engines: Iterable[ResourceEngine], kept: Collection, store: Store
    ) -> None:
        self._path, self._kept, self._store = path, kept, store
        self._known = {
            event.name.lower(): (event, engine)
            for engine in engines
            for event in engine.resource.events.values()
        }

    async def apply(
        self, kept: Receive, notification: Mapping[str, Any], base_url: str, correlation: str
    ) -> None:
        """Keeps the event and changes the copy that it is about, in one transaction.

        Raises Invalid for a resource without an id, or that would leave a copy which the contract
        forbids, and Taken when there is a resource with this id that is no copy.
        """
        type_, engine = self._known.get(kept.type.lower(), (None, None))
        told = None if type_ is None else _read(type_, kept.id, notification)
        if told is None or engine is None:
            await self._store.commit([kept])
            return
        base = f"{base_url}{self._path}/{engine.resource.name}/"
        for attempt in range(ATTEMPTS):
            listeners = await self._store.listeners()
            changes = await self._changes(engine, told, base, listeners, correlation)
            try:
                await self._store.commit([kept, *changes], listeners.version)
            except (Stale, Taken, ListenersChanged):
                # Another event about the same resource came at the same time: looked at anew.
                await asyncio.sleep(random.uniform(0, 0.002 * 2 ** min(attempt, 6)))
            else:
                return
        raise Stale(resource=engine.resource.name, id=told.id)

    async def _changes(
        self, engine: ResourceEngine, told: Told, base: str, listeners: Listeners, correlation: str
    ) -> Sequence[Change]:
        """What the event changes here: nothing, the record alone, or the copy too."""
        # The copy is read before its record: a copy without one was then never a partner's.
        row = await self._store.get(engine.collection, told.id)
        name = f"{told.type.resource}/{told.id}"
        record = await self._store.get(self._kept, name)
        last: Document = exact.loads(record[1]) if record else {}
        if row is not None and not last.get("copied"):
            raise Taken(resource=told.type.resource, id=told.id)
        if told.at < last.get("at", 0) or told.event_id == last.get("eventId"):
            return []
        old: Document | None = exact.loads(represent(row, base)) if row else None
        new = None if told.type.kind == "Delete" else _copy(engine, told, base, old)
        text = exact.dumps(
            {"id": name, "at": told.at, "eventId": told.event_id, "copied": new is not None}
        ).decode()
        revision = max(now(), record[2] + 1 if record else 0, row[2] + 1 if row else 0)
        changes: list[Change] = [
            Replace(self._kept, name, text, revision, record[2])
            if record
            else Insert(self._kept, name, text, revision)
        ]
        if new is not None and (old is None or _unmarked(new) != _unmarked(old)):
            text = text_of(new)
            changes.append(
                Replace(engine.collection, told.id, text, revision, row[2])
                if row
                else Insert(engine.collection, told.id, text, revision)
            )
        elif new is None and row is not None:
            changes.append(Remove(engine.collection, told.id, row[2]))
            changes += what_goes_along(self._store, engine.inner, told.id)
        else:
            return changes
        return [*changes, *engine.notifications.events(listeners, old, new, correlation)]


def _read(type_: EventType, event_id: str, notification: Mapping[str, Any]) -> Told | None:
    """None for an event without a resource, and for one about what is a copy at the partner's."""
    resource = (notification.get(type_.payload) or {}).get(type_.resource)
    if not isinstance(resource, dict) or ORIGIN in resource:
        return None
    attribute = f"{type_.payload}.{type_.resource}.id"
    if "id" not in resource:
        raise Invalid(attribute=attribute, problem="it is mandatory where events are mirrored")
    moments = (notification.get(name) for name in ("eventTime", "timeOcurred", "timeOccurred"))
    at = next((moment for text in moments if text and (moment := scalars.instant(text))), None)
    path = notification.get("fieldPath")
    fields = path.split(",") if isinstance(path, str) else []
    first = (field.strip().removeprefix("$.").split(".")[0].split("[")[0] for field in fields)
    return Told(type_, new_id(resource), event_id, at or now(), resource, tuple(first))


def _copy(engine: ResourceEngine, told: Told, base: str, old: Document | None) -> Document:
    """The copy after the event, in which a change may be told in part: what came takes the place
    of what was, and what `fieldPath` names and did not come is taken away."""
    before = old if old is not None and told.type.kind != "Create" else {}
    gone = {name for name in told.fields if name not in told.resource} - {"id", "href"}
    new = {name: value for name, value in before.items() if name not in gone}
    origin = {"eventId": told.event_id, "eventTime": instant(told.at)}
    if isinstance(href := told.resource.get("href"), str):
        origin = {"href": href, **origin}
    elif "href" in before.get(ORIGIN, {}):
        origin = {"href": before[ORIGIN]["href"], **origin}
    new |= {**told.resource, "href": f"{base}{told.id}", ORIGIN: origin}
    engine.shape.fill(new)
    engine.shape.check(new)
    return new


def _unmarked(document: Document) -> Document:
    return {name: value for name, value in document.items() if name != ORIGIN}
