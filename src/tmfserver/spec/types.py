"""What a contract says of each attribute's values, by dotted path: queries compare by it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tmfserver.query.ast import ValueType
from tmfserver.spec.schemas import Schemas

_DEEPEST = 5


def attribute_types(schemas: Schemas, name: str) -> tuple[dict[str, ValueType], frozenset[str]]:
    """(types of scalar attributes, paths of arrays) of a resource's schema, five levels deep."""
    types: dict[str, ValueType] = {}
    arrays: set[str] = set()
    for path, schema in _walk(
        schemas, schemas.resolve({"$ref": f"#/components/schemas/{name}"}), ()
    ):
        dotted = ".".join(path)
        if schema.get("type") == "array":
            arrays.add(dotted)
        elif (kind := value_type(schema)) is not None:
            types[dotted] = kind
    return types, frozenset(arrays)


def value_type(schema: Mapping[str, Any]) -> ValueType | None:
    """How a query compares what this schema describes; None for objects and anything goes."""
    if {"type": "boolean"} in schema.get("anyOf", ()):
        return "boolean"
    match schema.get("type"):
        case "string" if schema.get("format") in ("date-time", "date"):
            return "date-time"
        case "string":
            return "string"
        case "number" | "integer":
            return "number"
        case "boolean":
            return "boolean"
    return None


def _walk(
    schemas: Schemas, schema: Mapping[str, Any], above: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    if len(above) >= _DEEPEST:
        return
    for name, inner in schemas.all_properties(schema).items():
        resolved = schemas.resolve(inner)
        path = (*above, name)
        yield path, resolved
        items = schemas.resolve(resolved.get("items", {}))
        yield from _walk(schemas, items if resolved.get("type") == "array" else resolved, path)
