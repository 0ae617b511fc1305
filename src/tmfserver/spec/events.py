"""Which events a contract has: its /listener paths, and the schema that each of them takes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tmfserver.query.ast import ValueType
from tmfserver.spec.schemas import Schemas
from tmfserver.spec.types import value_type

KINDS = ("Create", "AttributeValueChange", "StateChange", "Delete")
_EVENT = re.compile(rf"^(?P<resource>.+?)(?P<kind>{'|'.join(KINDS)})Event$")

# What an event has where no event of the contract tells: TMF630 10, as TMF635 v4 spells it.
_USUAL: Mapping[str, ValueType] = {
    **dict.fromkeys(("eventId", "eventType", "correlationId", "domain", "title"), "string"),
    **dict.fromkeys(("description", "priority", "fieldPath"), "string"),
    **dict.fromkeys(("eventTime", "timeOcurred"), "date-time"),
}


@dataclass(frozen=True)
class EventType:
    """A kind of notification about one resource.

    kind: Create, AttributeValueChange, StateChange or Delete.
    schema: the name of its schema; none for one that the contract does not declare.
    payload: the attribute that holds the resource, under the resource's name: event or payload.
    attributes: all that the event's schema has; types: of those that are scalars, their types.
    """

    name: str
    kind: str
    resource: str
    schema: str
    payload: str
    attributes: frozenset[str]
    types: Mapping[str, ValueType] = field(default_factory=dict, repr=False)


def declared(
    schemas: Schemas, listened: Iterable[tuple[str, str]], names: Iterable[str]
) -> dict[str, EventType]:
    """The events of a contract by name. `listened`: (last step of the path, name of the body's
    schema) of each listener path; `names`: the resources."""
    by_lower_case = {name.lower(): name for name in names}
    events = {}
    for path, schema in listened:
        match = _EVENT.match(path)
        resource = by_lower_case.get(match["resource"].lower()) if match else None
        if match and schema and resource:
            name = _capital(path)
            events[name] = _event(schemas, name, match["kind"], resource, schema)
    return events


def _event(schemas: Schemas, name: str, kind: str, resource: str, schema: str) -> EventType:
    attributes = schemas.properties(schema)
    holders = [
        attribute
        for attribute, inner in attributes.items()
        if resource in schemas.all_properties(schemas.resolve(inner))
    ]
    payload = next(iter(holders), "event" if "event" in attributes else "payload")
    types = {
        attribute: type_
        for attribute, inner in attributes.items()
        if (type_ := value_type(schemas.resolve(inner))) is not None
    }
    return EventType(name, kind, resource, schema, payload, frozenset(attributes), types)


def undeclared(resource: str, kind: str, known: Iterable[EventType]) -> EventType:
    """An event that the contract does not declare, in the shape of those that it does: best of the
    same kind, else of any."""
    alike = sorted(known, key=lambda event: event.kind != kind)
    payload = alike[0].payload if alike else "event"
    types = dict(alike[0].types) if alike else dict(_USUAL)
    attributes = alike[0].attributes if alike else frozenset(_USUAL) | {payload}
    if kind != "AttributeValueChange":
        attributes -= {"fieldPath"}
    elif not (alike and alike[0].kind == kind):
        attributes |= {"fieldPath"}
    return EventType(
        f"{_capital(resource)}{kind}Event", kind, resource, "", payload, attributes, types
    )


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]
