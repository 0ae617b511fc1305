"""Schemas made of parts, as TM Forum's version 5 has them, in one piece each.

Queries, patches, selections and messages are about attributes: a chain of `allOf` becomes one
object with the attributes of all its parts. What a schema was made of stays in `x-extends`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tmfserver.spec.conditions import MORE, joined
from tmfserver.spec.walking import every_schema

COMPONENT = "#/components/schemas/"
EXTENDS = "x-extends"
TYPES = "x-types"
# What one part may say beside its attributes without being a part apart.
_OWN = frozenset({"description", "title", "example", "discriminator", "externalDocs", "xml"})
_LISTS = frozenset({"anyOf", "oneOf", "not", "enum", "allOf"})


def join_parts(document: dict[str, Any]) -> int:
    """Makes one schema of each `allOf`; counts the places."""
    schemas = document["components"]["schemas"]
    places = 0
    for name in list(schemas):
        places += _join_component(schemas, name, ())
    for schema in every_schema(document):
        if "allOf" in schema:
            places += _join(schemas, schema, ())
    return places


def _join_component(schemas: dict[str, Any], name: str, above: tuple[str, ...]) -> int:
    schema = schemas.get(name)
    if not isinstance(schema, dict) or "allOf" not in schema or name in above:
        return 0
    return _join(schemas, schema, (*above, name))


def _join(schemas: dict[str, Any], schema: dict[str, Any], above: tuple[str, ...]) -> int:
    """Puts the parts of a schema together, in place; 0 where they stay apart."""
    whole: dict[str, Any] = {}
    extended = []
    for part in [*schema["allOf"], {key: value for key, value in schema.items() if key != "allOf"}]:
        target = part.get("$ref", "").removeprefix(COMPONENT)
        if target:
            if target in above:
                return 0
            _join_component(schemas, target, above)
            extended.append(target)
            part = schemas.get(target, {})  # noqa: PLW2901 the part is what it refers to
        elif "allOf" in part:
            _join(schemas, part, above)
        if not _can_take(whole, part):
            return 0
        _take(whole, part, own=not target)
    schema.clear()
    schema.update(whole)
    if extended:
        schema[EXTENDS] = extended
    return 1


def _can_take(whole: Mapping[str, Any], part: Mapping[str, Any]) -> bool:
    if "$ref" in part or "allOf" in part:
        return False
    if part.get("type", whole.get("type")) != whole.get("type", part.get("type")):
        return False
    return not any(whole[key] != part[key] for key in _LISTS & whole.keys() & part.keys())


def _take(whole: dict[str, Any], part: Mapping[str, Any], *, own: bool) -> None:
    for key, value in part.items():
        if key == "properties":
            known = whole.setdefault("properties", {})
            for name, inner in value.items():
                known[name] = _refined(known.get(name, {}), inner)
        elif key == "required":
            known = whole.setdefault("required", [])
            known += [name for name in value if name not in known]
        elif key in _OWN:
            if own:
                whole[key] = value
        elif key == MORE:
            whole[key] = joined(whole.get(key, []), value, own=own)
        elif not key.startswith("x-"):
            whole[key] = value


def _refined(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """An attribute that a part describes again: what it says there goes before. A copy, since
    what is adapted for one schema is not the other's."""
    if "$ref" in before or "$ref" in after or before.get("type") != after.get("type"):
        return dict(after)
    return {**before, **after}


def widen_alternatives(document: dict[str, Any]) -> int:
    """Reads `oneOf` as any of: a reference and what it refers to are told apart by @type, and a
    document that has all attributes of both is none the worse."""
    places = 0
    for schema in every_schema(document):
        if "oneOf" in schema and "anyOf" not in schema:
            schema["anyOf"] = schema.pop("oneOf")
            places += 1
    return places


def free_types(document: dict[str, Any]) -> int:
    """Keeps apart what a discriminator says of alternatives, which would let `@type` be one of the
    contract's types only: a document may be of one that extends these (TMF630 Part 2)."""
    places = 0
    for schema in every_schema(document):
        if "anyOf" in schema and isinstance(schema.get("discriminator"), dict):
            schema[TYPES] = schema.pop("discriminator").get("mapping", {})
            places += 1
    return places


def drop_unknown_mandatory(document: dict[str, Any]) -> int:
    """What is mandatory has to be described: a name that no attribute has is left out."""
    places = 0
    for schema in every_schema(document):
        if "properties" in schema and not {"anyOf", "allOf"} & schema.keys():
            required = schema.get("required", [])
            kept = [name for name in required if name in schema["properties"]]
            places += len(required) - len(kept)
            if required and not kept:
                del schema["required"]
            elif len(kept) < len(required):
                schema["required"] = kept
    return places


def loosen_kept(document: dict[str, Any], pairs: list[tuple[str, str]]) -> int:
    """What a new document need not bring is not mandatory in what is kept of it.

    pairs: (resource's schema, its create's). Both are followed into what they hold.
    """
    schemas = document["components"]["schemas"]
    seen: set[tuple[str, str]] = set()
    waiting = [({"$ref": COMPONENT + whole}, {"$ref": COMPONENT + new}) for whole, new in pairs]
    places = 0
    while waiting:
        whole, new = waiting.pop()
        key = (whole.get("$ref", ""), new.get("$ref", ""))
        if key[0] == key[1] != "" or (all(key) and key in seen):
            continue
        seen.add(key)
        kept = schemas.get(key[0].removeprefix(COMPONENT), whole)
        brought = schemas.get(key[1].removeprefix(COMPONENT), new)
        places += _loosen(kept, brought)
        waiting += _inner(kept, brought)
    return places


def _loosen(kept: dict[str, Any], brought: Mapping[str, Any]) -> int:
    required = kept.get("required", [])
    given = {"id", "href", *brought.get("required", ())}
    left = [name for name in required if name in given]
    if len(left) < len(required):
        kept["required"] = left
        if not left:
            del kept["required"]
    return len(required) - len(left)


def _inner(kept: Mapping[str, Any], brought: Mapping[str, Any]) -> list[tuple[Any, Any]]:
    """The pairs of schemas within a pair: of attributes, elements and alternatives."""
    found = [
        (inner, brought["properties"][name])
        for name, inner in kept.get("properties", {}).items()
        if name in brought.get("properties", {})
    ]
    if isinstance(kept.get("items"), dict) and isinstance(brought.get("items"), dict):
        found.append((kept["items"], brought["items"]))
    for key in ("anyOf", "allOf"):
        if len(kept.get(key, ())) == len(brought.get(key, ())):
            found += zip(kept.get(key, ()), brought.get(key, ()), strict=True)
    return found
