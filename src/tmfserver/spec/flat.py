"""Schemas as they are compared: references followed, `allOf`, `oneOf` and `anyOf` put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

from tmfserver.spec.conditions import CONDITIONS

LIMITS = (
    "pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems",
    "uniqueItems",
)  # fmt: skip


@dataclass(frozen=True)
class Flat:
    """One level of a schema.

    types: those a value may have; none: any. values: those of an enumeration; None: any.
    closed: attributes that are not named are refused. refs: the definitions it was made of.
    conditions: what more it says in the words of JSON Schema 2020-12.
    """

    types: frozenset[str] = frozenset()
    format: str = ""
    values: tuple[Any, ...] | None = None
    limits: Mapping[str, Any] = field(default_factory=dict)
    properties: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    items: Mapping[str, Any] | None = None
    closed: bool = False
    refs: tuple[str, ...] = ()
    conditions: Mapping[str, Any] = field(default_factory=dict)


ANYTHING = Flat()


def flatten(
    schema: Mapping[str, Any], schemas: Mapping[str, Any], above: tuple[str, ...] = ()
) -> Flat:
    """One level of a schema. Alternatives (`oneOf`, `anyOf`) become what any of them may have,
    and what all of them require: rougher than the schema, as people would tell it."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rsplit("/", 1)[-1]
        if name in above:
            return ANYTHING
        inner = flatten(schemas.get(name, {}), schemas, (*above, name))
        return replace(inner, refs=(name, *inner.refs))
    flat = _own(schema)
    for part in schema.get("allOf", ()):
        flat = _both(flat, flatten(part, schemas, above))
    for key in ("oneOf", "anyOf"):
        if branches := schema.get(key):
            found = [flatten(part, schemas, above) for part in branches]
            flat = _both(flat, reduce(_either, found))
    return flat


def _own(schema: Mapping[str, Any]) -> Flat:
    named = schema.get("type", "object" if "properties" in schema else ())
    return Flat(
        types=frozenset([named] if isinstance(named, str) else named),
        format=str(schema.get("format", "")),
        values=tuple(schema["enum"]) if "enum" in schema else None,
        limits={key: schema[key] for key in LIMITS if key in schema},
        properties=schema.get("properties", {}),
        required=frozenset(schema.get("required", ())),
        items=schema.get("items"),
        closed=schema.get("additionalProperties") is False,
        conditions={key: schema[key] for key in CONDITIONS if key in schema},
    )


def _both(one: Flat, other: Flat) -> Flat:
    """What holds for both, as `allOf` says."""
    return Flat(
        types=one.types & other.types or one.types or other.types,
        format=one.format or other.format,
        values=one.values if one.values is not None else other.values,
        limits={**other.limits, **one.limits},
        properties={**one.properties, **other.properties},
        required=one.required | other.required,
        items=one.items if one.items is not None else other.items,
        closed=one.closed or other.closed,
        refs=(*one.refs, *other.refs),
        conditions={**other.conditions, **one.conditions},
    )


def _either(one: Flat, other: Flat) -> Flat:
    """What holds for either, as `oneOf` and `anyOf` say."""
    both_closed = one.values is not None and other.values is not None
    return Flat(
        types=one.types | other.types if one.types and other.types else frozenset(),
        format=one.format if one.format == other.format else "",
        values=_union(one.values or (), other.values or ()) if both_closed else None,
        limits={
            key: one.limits[key] for key in one.limits if other.limits.get(key) == one.limits[key]
        },
        properties={**other.properties, **one.properties},
        required=one.required & other.required,
        items=one.items if one.items is not None else other.items,
        closed=one.closed and other.closed,
        refs=(*one.refs, *other.refs),
    )


def _union(some: Sequence[Any], more: Sequence[Any]) -> tuple[Any, ...]:
    return (*some, *(value for value in more if value not in some))


def at(schema: Mapping[str, Any], schemas: Mapping[str, Any], dotted: str) -> Flat | None:
    """What a dotted path leads to, arrays passed through; None where the schema has no such."""
    flat = flatten(schema, schemas)
    for step in dotted.split("."):
        flat = elements(flat, schemas)
        if step not in flat.properties:
            return None
        flat = flatten(flat.properties[step], schemas)
    return flat


def elements(flat: Flat, schemas: Mapping[str, Any]) -> Flat:
    """What an array holds, at any depth; all else is itself."""
    while flat.items is not None and "array" in flat.types:
        flat = flatten(flat.items, schemas)
    return flat
