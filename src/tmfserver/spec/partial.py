"""The schema of a merge patch, derived from the schema of what it changes (RFC 7386).

In a patch nothing is required, an object within may be given in part, and null takes an attribute
away. Whether what remains satisfies the contract is asked of the merged document.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_COMPONENT = "#/components/schemas/"
_PART = "_Part"


def derive(schemas: dict[str, Any], name: str, mandatory: frozenset[str]) -> str:
    """Adds the merge patch form of schema `name`, and of those it needs; gives its name back.

    mandatory: attributes of the resource that null may not take away.
    """
    resource = name.removesuffix("_Update")
    top = f"{resource}_MergePatch"
    if top not in schemas:
        patched = _patched(schemas, schemas[name])
        patched.pop("nullable", None)
        for attribute in mandatory & patched.get("properties", {}).keys():
            patched["properties"][attribute] = _kept(schemas, patched["properties"][attribute])
        patched["description"] = (
            f"What a merge patch of {resource} may hold: any part of it; "
            "null takes an optional attribute away."
        )
        schemas[top] = patched
    return top


def _kept(schemas: dict[str, Any], patched: Mapping[str, Any]) -> dict[str, Any]:
    """A mandatory attribute in a patch: it may be changed in part, not taken away."""
    target = patched.get("$ref", "").removeprefix(_COMPONENT)
    shape = {**schemas.get(target, patched)}
    if shape.pop("nullable", False) and "enum" in shape:
        shape["enum"] = [value for value in shape["enum"] if value is not None]
    return shape


def _patched(schemas: dict[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        target = schema["$ref"].removeprefix(_COMPONENT)
        if target not in schemas or not schemas[target]:
            return {"$ref": schema["$ref"]}
        name = target + _PART
        if name not in schemas:
            schemas[name] = {}
            schemas[name] = {
                **_patched(schemas, schemas[target]),
                "description": f"{target} as it may stand in a merge patch.",
            }
        return {"$ref": _COMPONENT + name}
    result = {
        key: value
        for key, value in schema.items()
        if key not in ("required", "discriminator", "example", "default", "x-filled")
    }
    for key in ("allOf", "oneOf", "anyOf"):
        if key in schema:
            result[key] = [_patched(schemas, part) for part in schema[key]]
    if "properties" in schema:
        result["type"] = "object"
        result["properties"] = {
            name: _patched(schemas, inner) for name, inner in schema["properties"].items()
        }
    if "type" in result:
        result["nullable"] = True
        if "enum" in result and None not in result["enum"]:
            result["enum"] = [*result["enum"], None]
    return result
