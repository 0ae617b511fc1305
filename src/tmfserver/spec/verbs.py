"""What an operation does, told by its method and the shape of its path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias, get_args

Verb: TypeAlias = Literal[
    "list", "create", "retrieve", "replace", "patch", "delete",
    "subscribe", "subscriptions", "subscription", "unsubscribe", "listen", "bulk",
    "history", "hierarchy", "summary", "aggregate", "content", "errors",
    "part", "put_part", "patch_part",
]  # fmt: skip

# What an operation that TM Forum has no path for says of itself: {"verb": ..., "resource": ...}.
OWN = "x-operation"
# Beside these: the path of a collection that stands in others; the attribute by which the documents
# of a collection name what the path begins with.
PLACE, HOLDER = "place", "holder"
# What of an instance a part of it is: one attribute, whose value it is; or some, comma-separated.
ATTRIBUTE, VIEW = "attribute", "view"

ON_COLLECTION: dict[str, Verb] = {"get": "list", "post": "create", "patch": "bulk"}
ON_INSTANCE: dict[str, Verb] = {
    "get": "retrieve",
    "put": "replace",
    "patch": "patch",
    "delete": "delete",
}
ON_PART: dict[str, Verb] = {"get": "part", "put": "put_part", "patch": "patch_part"}
_ON_HUB: dict[str, Verb] = {"get": "subscriptions", "post": "subscribe"}
_ON_LISTENER: dict[str, Verb] = {"get": "subscription", "delete": "unsubscribe"}


def is_parameter(segment: str) -> bool:
    return segment.startswith("{") and segment.endswith("}")


def classify(
    method: str, path: str, definition: Mapping[str, Any]
) -> tuple[Verb | None, str | None]:
    """(verb, name) of an operation; the name is the resource's, or the event's of a listener path.

    The verb is None for what no default operation carries out: tasks on an instance and methods
    out of place. Longer paths say themselves what they are (nesting.py).
    """
    own = definition.get(OWN)
    if isinstance(own, Mapping):
        return (own["verb"] if own.get("verb") in get_args(Verb) else None), own.get("resource")
    match path.strip("/").split("/"):
        case ["hub"]:
            return _ON_HUB.get(method), None
        case ["hub", id] if is_parameter(id):
            return _ON_LISTENER.get(method), None
        case ["listener", event] if not is_parameter(event):
            return ("listen" if method == "post" else None), event
        case [resource] if resource and not is_parameter(resource):
            return ON_COLLECTION.get(method), resource
        case [resource, id] if is_parameter(id) and not is_parameter(resource):
            return ON_INSTANCE.get(method), resource
    return None, None
