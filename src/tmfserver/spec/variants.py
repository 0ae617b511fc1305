"""A contract as settings have it: with events that it does not declare, with copies marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from tmfserver.query.ast import ValueType
from tmfserver.spec.dialect import Applied
from tmfserver.spec.events import KINDS, EventType, undeclared
from tmfserver.spec.later import changed
from tmfserver.spec.model import Api, Resource

ORIGIN = "@origin"
_ORIGIN_TYPES: Mapping[str, ValueType] = {
    f"{ORIGIN}.href": "string",
    f"{ORIGIN}.eventId": "string",
    f"{ORIGIN}.eventTime": "date-time",
}
_ORIGIN_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "Where this copy of another server's resource came from; the server sets it.",
    "properties": {
        "href": {"type": "string", "description": "The resource at its own server."},
        "eventId": {"type": "string", "description": "The event that last changed the copy."},
        "eventTime": {
            "type": "string", "format": "date-time", "description": "When that happened there.",
        },
    },
}  # fmt: skip


def with_all_events(api: Api) -> Api:
    """The same contract, with the events that it does not declare for a resource in the shape of
    those that it declares; a change of state only for what has a state."""
    known = [event for resource in api.every_resource for event in resource.events.values()]
    return replace(
        api,
        resources={name: _telling_all(each, known) for name, each in api.resources.items()},
        nested={
            name: replace(each, resource=_telling_all(each.resource, known))
            for name, each in api.nested.items()
        },
    )


def _telling_all(resource: Resource, known: Sequence[EventType]) -> Resource:
    more = {
        kind: undeclared(resource.name, kind, known)
        for kind in KINDS
        if kind not in resource.events and (kind != "StateChange" or resource.state)
    }
    return replace(resource, events={**resource.events, **more})


def with_origins(api: Api) -> Api:
    """The same contract, in which resources that it has events of may be copies: `@origin` says of
    what, and is the server's to set."""
    resources = dict(api.resources)
    for name, resource in api.resources.items():
        if resource.events and resource.schema:
            changed(api.document, partial(_add_origin, schema=resource.schema))
            resources[name] = replace(
                resource,
                given=resource.given | {ORIGIN},
                kept=resource.kept | {ORIGIN},
                types={**resource.types, **_ORIGIN_TYPES},
            )
    reason = "a copy of a partner's resource, made by its events, says where it came from"
    applied = Applied("copies tell their origin", reason, len(resources))
    return replace(api, resources=resources, adaptations=(*api.adaptations, applied))


def _add_origin(document: dict[str, Any], schema: str) -> None:
    found = document["components"]["schemas"].get(schema)
    if found is not None:
        found.setdefault("properties", {})[ORIGIN] = _ORIGIN_SCHEMA
