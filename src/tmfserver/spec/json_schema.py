"""Schemas of contracts in OpenAPI's form as JSON Schema, which validators know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tmfserver.spec.conditions import MORE

_NAMED = ("properties", "patternProperties", "dependentSchemas", "dependentRequired")
_VALUES = ("enum", "default", "const")
_PROSE = {"description", "example", "title", "externalDocs", "xml", "discriminator"}


def to_json_schema(schema: Any, *, names: bool = False, newer: bool = False) -> Any:
    """An OpenAPI 3.0 schema as JSON Schema Draft 4, or with what it says besides as 2020-12 where
    `newer`. `names`: the keys are attributes' names."""
    if isinstance(schema, list):
        return [to_json_schema(inner, newer=newer) for inner in schema]
    if not isinstance(schema, Mapping):
        return schema
    if names:
        return {name: to_json_schema(inner, newer=newer) for name, inner in schema.items()}
    if "$ref" in schema and not newer:
        return {"$ref": schema["$ref"]}
    plain = {
        key: to_json_schema(inner, names=key in _NAMED, newer=newer)
        if key not in _VALUES
        else inner
        for key, inner in schema.items()
        if key not in _PROSE and key != "nullable" and not key.startswith("x-")
    }
    if schema.get("nullable"):
        _let_be_null(plain)
    if newer:
        _say_newly(plain, schema)
    return plain


def _let_be_null(plain: dict[str, Any]) -> None:
    if isinstance(plain.get("type"), str):
        plain["type"] = [plain["type"], "null"]
        if "enum" in plain and None not in plain["enum"]:
            plain["enum"] = [*plain["enum"], None]
    elif {"allOf", "anyOf", "oneOf"} & plain.keys() and "type" not in plain:
        whole = dict(plain)
        plain.clear()
        plain["anyOf"] = [whole, {"type": "null"}]


def _say_newly(plain: dict[str, Any], schema: Mapping[str, Any]) -> None:
    """Bounds as 2020-12 has them, and the conditions that are kept beside the schema."""
    for end, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if plain.get(end) is True and bound in plain:
            plain[end] = plain.pop(bound)
        elif isinstance(plain.get(end), bool):
            del plain[end]
    if MORE not in schema:
        return
    first, *others = schema[MORE]
    plain.update(to_json_schema(first, newer=True))
    if others:
        plain["allOf"] = [*plain.get("allOf", ()), *to_json_schema(others, newer=True)]
