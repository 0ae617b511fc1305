"""Notifications of made-up changes, each checked against the schema of its event."""

from __future__ import annotations

import json
from typing import Any

from tmfserver.changes import Event, Listener
from tmfserver.engine.interests import Interests, notification_types
from tmfserver.engine.notifications import Notifications
from tmfserver.repository import Listeners
from tmfserver.spec import Api

Document = dict[str, Any]


def listener(api: Api, query: str = "", id: str = "L") -> Listener:
    return Listener(id, api.base_path, "http://there/", query)


def interests(api: Api) -> Interests:
    return Interests(api.base_path, notification_types(api.resources.values()))


def notifications(api: Api, name: str, **more: str) -> Notifications:
    resource = api.resources[name]
    return Notifications(resource, api.base_path, interests(api), api.title, **more)


def told(
    api: Api,
    name: str,
    old: Document | None,
    new: Document | None,
    *queries: str,
    correlation: str = "",
    **more: str,
) -> list[Event]:
    """The events of a change for listeners with these queries, named by them; one without a query
    if none is given. What the contract declares is checked against it."""
    known = Listeners(1, tuple(listener(api, query, query or "L") for query in queries or ("",)))
    made = notifications(api, name, **more).events(known, old, new, correlation)
    for event in made:
        document = json.loads(event.document)
        types = {type_.name: type_ for type_ in api.resources[name].events.values()}
        if types[event.type].schema:
            api.schemas.shape(types[event.type].schema).check(document)
        assert event.id == document["eventId"]
        assert event.subject == (new or old or {})["id"]
    return made


def documents(events: list[Event]) -> list[Document]:
    return [json.loads(event.document) for event in events]
