"""OpenAPI 3.1 read as 3.0, so that all that follows knows one form only.

What 3.0 cannot say (conditions, tuples, names of properties by pattern) is kept apart before
(conditions.py). What is left then says nothing on what a document may be.
"""

from __future__ import annotations

from typing import Any

from tmfserver.spec.conditions import is_newer
from tmfserver.spec.walking import every_schema

_KNOWN = frozenset({
    "$ref", "title", "multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum",
    "maxLength", "minLength", "pattern", "maxItems", "minItems", "uniqueItems", "maxProperties",
    "minProperties", "required", "enum", "type", "allOf", "oneOf", "anyOf", "not", "items",
    "properties", "additionalProperties", "description", "format", "default", "nullable",
    "discriminator", "readOnly", "writeOnly", "xml", "externalDocs", "example", "deprecated",
})  # fmt: skip
_PROSE = frozenset({"description", "summary", "title", "example", "examples", "externalDocs"})
_NOTHING = {"type": "null"}
_ENDS = (("exclusiveMinimum", "minimum", max), ("exclusiveMaximum", "maximum", min))


def read_as_three_zero(document: dict[str, Any]) -> int:
    """Turns what 3.1 says in another way into 3.0's; counts the places."""
    newer = is_newer(document)
    places = int(newer)
    if newer:
        document["openapi"] = "3.0.3"
        for name in ("webhooks", "jsonSchemaDialect", "$self"):
            document.pop(name, None)
        document.get("info", {}).pop("summary", None)
        document.get("info", {}).get("license", {}).pop("identifier", None)
        document.get("components", {}).pop("pathItems", None)
    for schema in every_schema(document):
        before = dict(schema)
        _settle_reference(schema)
        if newer:
            _settle_booleans(schema)
            _settle_values(schema)
            _settle_null(schema)
            for key in [key for key in schema if key not in _KNOWN and not key.startswith("x-")]:
                del schema[key]
        places += int(schema != before)
    return places


def _settle_reference(schema: dict[str, Any]) -> None:
    """What stands beside a reference: prose is left out, anything else holds too."""
    target = schema.get("$ref")
    if not isinstance(target, str) or len(schema) == 1:
        return
    others = {key: value for key, value in schema.items() if key not in {"$ref", *_PROSE}}
    schema.clear()
    schema.update({"$ref": target} if not others else {"allOf": [{"$ref": target}], **others})


def _settle_booleans(schema: dict[str, Any]) -> None:
    """`true` and `false` as schemas of parts."""
    for key in ("properties", "patternProperties"):
        for name, inner in schema.get(key, {}).items():
            if isinstance(inner, bool):
                schema[key][name] = _as_object(inner)
    for key in ("items", "not"):
        if isinstance(schema.get(key), bool):
            schema[key] = _as_object(schema[key])


def _as_object(allowed: bool) -> dict[str, Any]:
    return {} if allowed else {"not": {}}


def _settle_values(schema: dict[str, Any]) -> None:
    if "const" in schema:
        schema["enum"] = [schema.pop("const")]
    examples = schema.pop("examples", None)
    if isinstance(examples, list) and examples:
        schema.setdefault("example", examples[0])
    for end, bound, tighter in _ENDS:
        value = schema.get(end)
        if not isinstance(value, int | float) or isinstance(value, bool):
            continue
        if bound in schema and tighter(schema[bound], value) != value:
            del schema[end]
        else:
            schema[bound], schema[end] = value, True


def _settle_null(schema: dict[str, Any]) -> None:
    """`null` among the types or the alternatives is 3.0's `nullable`."""
    kinds = schema.get("type")
    if isinstance(kinds, list):
        others = [kind for kind in kinds if kind != "null"]
        schema.pop("type")
        if len(others) < len(kinds):
            schema["nullable"] = True
        if len(others) == 1:
            schema["type"] = others[0]
        elif others:
            nullable = {"nullable": True} if schema.pop("nullable", False) else {}
            schema.setdefault("anyOf", [{"type": kind, **nullable} for kind in others])
    elif kinds == "null":
        schema.pop("type")
        schema.update(nullable=True, enum=[None])
    for key in ("anyOf", "oneOf"):
        _settle_alternatives(schema, key)


def _settle_alternatives(schema: dict[str, Any], key: str) -> None:
    parts = schema.get(key, ())
    # What was `type: null` is changed already, for it stands within.
    others = [part for part in parts if part not in (_NOTHING, {"nullable": True, "enum": [None]})]
    if len(others) == len(parts):
        return
    del schema[key]
    schema["nullable"] = True
    if len(others) == 1 and "allOf" not in schema:
        schema["allOf"] = others
    elif others:
        schema[key] = [{**part, "nullable": True} if "type" in part else part for part in others]
