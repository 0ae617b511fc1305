"""A change → the events that the contract declares for it, for the listeners that want them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import orjson
from uuid_utils import uuid7

from tmfserver.document.changes import changed_paths
from tmfserver.engine.representation import instant, now
from tmfserver.errors import RequestFailure
from tmfserver.query.ast import Node
from tmfserver.query.match import matches
from tmfserver.query.parse import parse
from tmfserver.repository import Event, Listener, Listeners
from tmfserver.spec import EventType, Resource

Document = Mapping[str, Any]


def events(
    api: str, resource: Resource, listeners: Listeners, old: Document | None, new: Document | None
) -> list[Event]:
    """The events of a create (no old), a change, or a delete (no new), with who gets them.

    The documents are representations, href included. An event that nobody wants is not made.
    """
    mine = [listener for listener in listeners.all if listener.api == api]
    if not mine or not resource.events:
        return []
    subject: Document = new if new is not None else old or {}
    made = []
    for type_, paths in _declared(resource, old, new):
        notification = _notification(resource, type_, subject, paths)
        takers = tuple(listener.id for listener in mine if wants(listener, notification))
        if takers:
            text = orjson.dumps(notification).decode()
            made.append(
                Event(notification["eventId"], api, type_.name, subject["id"], text, takers)
            )
    return made


def _declared(
    resource: Resource, old: Document | None, new: Document | None
) -> Iterator[tuple[EventType, list[str]]]:
    """(event type, changed paths) of the declared events that this change is."""
    kinds: dict[str, list[str]] = {}
    if old is None:
        kinds["Create"] = []
    elif new is None:
        kinds["Delete"] = []
    else:
        changed = changed_paths(dict(old), dict(new))
        watched = resource.state if "StateChange" in resource.events else None
        state = [path for path in changed if path.split(".")[0] == watched]
        others = [path for path in changed if path not in state and path not in resource.stamped]
        if state:
            kinds["StateChange"] = state
        if others:
            kinds["AttributeValueChange"] = others
    for kind, paths in kinds.items():
        if kind in resource.events:
            yield resource.events[kind], paths


def _notification(
    resource: Resource, type_: EventType, subject: Document, paths: list[str]
) -> dict[str, Any]:
    """The event as the contract's schema has it; what that schema does not name is left out."""
    moment = instant(now())
    everything = {
        "eventId": str(uuid7()),
        "eventTime": moment,
        "eventType": type_.name,
        "timeOcurred": moment,
        "timeOccurred": moment,
        "title": type_.name,
        "fieldPath": ",".join(paths),
        type_.payload: {resource.name: subject},
    }
    return {name: value for name, value in everything.items() if name in type_.attributes}


def wants(listener: Listener, notification: Document) -> bool:
    """Whether a listener's query (TMF630 10) lets this notification through."""
    return matches(_filter(listener.query), dict(notification))


@lru_cache(maxsize=4096)
def _filter(query: str) -> Node | None:
    try:
        return parse(query, {}).filter
    except RequestFailure:
        return None
