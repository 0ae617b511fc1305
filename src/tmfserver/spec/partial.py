"""Schemas of documents in part, derived from the schema of the whole.

A merge patch (RFC 7386) requires nothing, may give an object within in part, and null takes an
attribute away; whether what remains satisfies the contract is asked of the merged document. An
answer with `fields` (TMF630 4.3) holds what the client chose.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

COMPONENT = "#/components/schemas/"
SELECTION = "_Selection"


@dataclass(frozen=True)
class _Form:
    """How the parts of a document are called, and whether null may stand for them."""

    suffix: str
    nullable: bool
    note: str


_PATCH = _Form("_Part", nullable=True, note="as it may stand in a merge patch")
_COPY = _Form("_Copy", nullable=False, note="as a reference to its holder repeats it")
_CHOSEN = _Form("_Chosen", nullable=False, note="or what a client chose of it")


def derive_patch(schemas: dict[str, Any], name: str, mandatory: frozenset[str]) -> str:
    """Adds the merge patch form of schema `name`, and of those it needs; gives its name back.

    mandatory: attributes of the resource that null may not take away.
    """
    resource = name.removesuffix("_Update").removesuffix("_MVO")
    top = f"{resource}_MergePatch"
    if top not in schemas:
        patched = _loosened(schemas, schemas[name], _PATCH)
        patched.pop("nullable", None)
        for attribute in mandatory & patched.get("properties", {}).keys():
            patched["properties"][attribute] = _kept(schemas, patched["properties"][attribute])
        patched["description"] = (
            f"What a merge patch of {resource} may hold: any part of it; "
            "null takes an optional attribute away."
        )
        schemas[top] = patched
    return top


def derive_selection(schemas: dict[str, Any], name: str) -> str:
    """Adds the form of schema `name` that an answer with `fields` has; gives its name back."""
    top = name + SELECTION
    if top not in schemas:
        chosen = _loosened(schemas, schemas[name], _CHOSEN)
        always = [attribute for attribute in ("id", "href") if attribute in chosen["properties"]]
        if always:
            chosen["required"] = always
        chosen["description"] = f"{name}, or the part of it that `fields` chose."
        schemas[top] = chosen
    return top


def loosen_copies(schemas: dict[str, Any]) -> int:
    """Lets references repeat attributes of what they refer to in part; counts the places."""
    places = 0
    for schema in list(schemas.values()):
        properties = schema.get("properties", {})
        if {"id", "@referredType"} <= properties.keys():
            for name, inner in properties.items():
                target = inner.get("$ref", "").removeprefix(COMPONENT)
                if schemas.get(target, {}).get("required"):
                    properties[name] = _loosened(schemas, inner, _COPY)
                    places += 1
    return places


def _kept(schemas: dict[str, Any], patched: Mapping[str, Any]) -> dict[str, Any]:
    """A mandatory attribute in a patch: it may be changed in part, not taken away."""
    target = patched.get("$ref", "").removeprefix(COMPONENT)
    shape = {**schemas.get(target, patched)}
    if shape.pop("nullable", False) and "enum" in shape:
        shape["enum"] = [value for value in shape["enum"] if value is not None]
    return shape


def _loosened(schemas: dict[str, Any], schema: Mapping[str, Any], form: _Form) -> dict[str, Any]:
    """A copy that requires nothing, at any depth."""
    if "$ref" in schema:
        target = schema["$ref"].removeprefix(COMPONENT)
        if not schemas.get(target):
            return {"$ref": schema["$ref"]}
        name = target + form.suffix
        if name not in schemas:
            schemas[name] = {}
            schemas[name] = {
                **_loosened(schemas, schemas[target], form),
                "description": f"{target} {form.note}.",
            }
        return {"$ref": COMPONENT + name}
    result = {
        key: value
        for key, value in schema.items()
        if key not in ("required", "discriminator", "example", "default")
        and not key.startswith("x-")
    }
    for key in ("allOf", "oneOf", "anyOf"):
        if key in schema:
            result[key] = [_loosened(schemas, part, form) for part in schema[key]]
    if "properties" in schema:
        result["type"] = "object"
        result["properties"] = {
            name: _loosened(schemas, inner, form) for name, inner in schema["properties"].items()
        }
    if "items" in schema and not form.nullable:
        result["items"] = _loosened(schemas, schema["items"], form)
    if form.nullable and "type" in result:
        result["nullable"] = True
        if "enum" in result and None not in result["enum"]:
            result["enum"] = [*result["enum"], None]
    return result
