"""The places of a contract in its OpenAPI form where schemas stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tmfserver.spec.openapi import METHODS

# The latter ones in OpenAPI 3.1, until they are kept apart (conditions.py).
_NAMED = ("properties", "patternProperties", "dependentSchemas")
_LISTED = ("allOf", "anyOf", "oneOf", "prefixItems")
_SINGLE = (
    "items", "not", "additionalProperties", "if", "then", "else", "contains", "propertyNames",
    "unevaluatedProperties", "unevaluatedItems",
)  # fmt: skip


def every_schema(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """All of a contract's schemas, each after those within it, so that each can be changed."""
    for schema in _values(document.get("components", {}).get("schemas")):
        yield from within(schema)
    for item in _values(document.get("paths")):
        yield from _described(item)
        for method in METHODS:
            yield from _described(item.get(method, {}))


def within(schema: Any) -> Iterator[dict[str, Any]]:
    """A schema after those within it."""
    if not isinstance(schema, dict):
        return
    for key in _NAMED:
        for inner in _values(schema.get(key)):
            yield from within(inner)
    for key in _LISTED:
        for inner in _values(schema.get(key)):
            yield from within(inner)
    for key in _SINGLE:
        yield from within(schema.get(key))
    yield schema


def _values(holder: Any) -> list[Any]:
    if isinstance(holder, dict):
        return list(holder.values())
    return list(holder) if isinstance(holder, list) else []


def _described(operation: Any) -> Iterator[dict[str, Any]]:
    """The schemas of an operation's parameters, body and answers, or of what paths share."""
    if not isinstance(operation, dict):
        return
    for parameter in operation.get("parameters", ()):
        yield from within(parameter.get("schema"))
    bodies = [operation.get("requestBody", {}), *operation.get("responses", {}).values()]
    for body in bodies:
        for content in body.get("content", {}).values():
            yield from within(content.get("schema"))
        for header in body.get("headers", {}).values():
            yield from within(header.get("schema"))
