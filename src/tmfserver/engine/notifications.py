"""A change → the events that the contract declares for it, for the listeners that want them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from uuid_utils import uuid7

from tmfserver import exact
from tmfserver.changes import Event
from tmfserver.document.changes import changed_paths
from tmfserver.document.fields import select
from tmfserver.engine.interests import NOBODY, Interests
from tmfserver.engine.representation import instant, now
from tmfserver.errors import RequestFailure
from tmfserver.query.ast import Fields
from tmfserver.query.match import places
from tmfserver.query.parse import parse
from tmfserver.query.spelling import decoded
from tmfserver.repository import Listeners
from tmfserver.spec import ORIGIN, EventType, Resource

Document = Mapping[str, Any]

# What a notification holds whatever a listener's `fields` choose.
_ALWAYS = (("eventId",), ("eventType",), ("eventTime",), ("@type",))
# TM Forum's samples number them; what makes one more urgent than another no contract says.
_PRIORITY = "normal"


class Notifications:
    """What the changes of one resource are told as, and to whom.

    domain: the API's name, as the contract has it. state: the attribute of the resource's life
    cycle, beside the one that the contract has for its state.
    """

    def __init__(
        self, resource: Resource, api: str, interests: Interests, domain: str = "", state: str = ""
    ) -> None:
        self._resource, self._api, self._interests, self._domain = resource, api, interests, domain
        told = "StateChange" in resource.events
        self._states = {state, resource.state} - {"", None} if told else set()
        self._unsaid = {*resource.stamped, ORIGIN}

    def events(
        self, listeners: Listeners, old: Document | None, new: Document | None, correlation: str
    ) -> list[Event]:
        """The events of a create (no old), a change, or a delete (no new), with who gets them.

        The documents are representations, href included. An event that nobody wants is not made.
        correlation: what ties the event to the request that made it; "" for nothing.
        """
        audience = self._interests.audience(listeners)
        if audience is NOBODY:
            return []
        subject: Document = new if new is not None else old or {}
        made = []
        for type_, paths in self._declared(old, new):
            callers = audience.callers(type_.name)
            if not callers:
                continue
            notification = self._notification(type_, subject, paths, correlation)
            takers = callers.takers(notification)
            if takers:
                text = exact.dumps(notification).decode()
                id = notification.get("eventId") or str(uuid7())
                made.append(Event(id, self._api, type_.name, subject["id"], text, takers))
        return made

    def _declared(
        self, old: Document | None, new: Document | None
    ) -> Iterator[tuple[EventType, list[str]]]:
        """(event type, changed paths) of the declared events that this change is."""
        kinds: dict[str, list[str]] = {}
        if old is None:
            kinds["Create"] = []
        elif new is None:
            kinds["Delete"] = []
        else:
            changed = [(path, path.split(".")[0]) for path in changed_paths(dict(old), dict(new))]
            state = [path for path, first in changed if first in self._states]
            others = [
                path
                for path, first in changed
                if first not in self._states and first not in self._unsaid
            ]
            if state:
                kinds["StateChange"] = state
            if others:
                kinds["AttributeValueChange"] = others
        events = self._resource.events
        yield from ((events[kind], paths) for kind, paths in kinds.items() if kind in events)

    def _notification(
        self, type_: EventType, subject: Document, paths: list[str], correlation: str
    ) -> dict[str, Any]:
        """The event as the contract's schema has it; what that schema does not name is left out."""
        moment = instant(now())
        everything = {
            "@type": type_.name,
            "eventId": str(uuid7()),
            "eventTime": moment,
            "eventType": type_.name,
            "timeOcurred": moment,
            "timeOccurred": moment,
            "correlationId": correlation,
            "domain": self._domain,
            "title": type_.name,
            "description": _sentence(type_, subject, paths),
            "priority": _PRIORITY,
            "fieldPath": ",".join(paths),
            type_.payload: {self._resource.name: subject},
        }
        named = type_.attributes
        return {name: value for name, value in everything.items() if name in named and value}


@dataclass(frozen=True)
class Beside:
    """Another API that has the same resource in the same table.

    places: the paths of the collection here and there. names: of attributes here → there.
    """

    notifications: Notifications
    places: tuple[str, str]
    names: Mapping[str, str]

    def told(self, document: Document | None) -> Document | None:
        """The document as that API represents it."""
        if document is None:
            return None
        here, there = (f"{place}/{document['id']}" for place in self.places)
        told = {self.names.get(name, name): value for name, value in document.items()}
        told["href"] = told["href"].removesuffix(here) + there
        return told


class SharedNotifications(Notifications):
    """What changes of a resource are told as by each of the APIs that have it."""

    def __init__(self, own: Notifications, others: Sequence[Beside]) -> None:
        self.__dict__.update(vars(own))
        self._others = others

    def events(
        self, listeners: Listeners, old: Document | None, new: Document | None, correlation: str
    ) -> list[Event]:
        made = super().events(listeners, old, new, correlation)
        for other in self._others:
            told = other.told(old), other.told(new)
            made += other.notifications.events(listeners, *told, correlation)
        return made


def _sentence(type_: EventType, subject: Document, paths: list[str]) -> str:
    """What happened, for people."""
    what = f"{type_.resource} {subject['id']}"
    match type_.kind:
        case "Create":
            return f"{what} was created"
        case "Delete":
            return f"{what} was deleted"
        case "StateChange":
            states = dict.fromkeys(path.split(".")[0] for path in paths)
            told = [f"{name} is now {subject.get(name, 'not set')}" for name in states]
            return f"{what}: {', '.join(told)}"
    return f"{what} changed in {', '.join(paths)}"


def projected(document: str, query: str) -> str:
    """An event's text as the listener with this query gets it: what its `fields` choose.

    Its id, type and time always come along, and of a copy the mark of where it came from, by which
    its own server knows it again. Without `fields` the text comes back as it is.
    """
    fields = _fields(query)
    if fields is None:
        return document
    event = exact.loads(document)
    marks = [
        (attribute, name, ORIGIN)
        for attribute, payload in event.items()
        if isinstance(payload, dict)
        for name, resource in payload.items()
        if isinstance(resource, dict) and ORIGIN in resource
    ]
    reached = [place for reach in fields.reaches for place in places(reach, event)]
    return exact.dumps(select(event, (*_ALWAYS, *marks, *fields.paths), reached)).decode()


@lru_cache(maxsize=4096)
def _fields(query: str) -> Fields | None:
    """The rest of the query is nothing to what is sent, and is left unread."""
    try:
        chosen = [
            part
            for part in query.split("&")
            if decoded(part.partition("=")[0]).strip() == "fields" and "=" in part
        ]
        return parse("&".join(chosen), {}).fields
    except RequestFailure:
        return None
