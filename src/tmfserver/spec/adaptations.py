"""The adaptations of a contract's schemas and bodies: each changes the contract in its OpenAPI 3.0
form and counts the places. `spec/dialect.py` names them and gives their reasons."""

from __future__ import annotations

from typing import Any

from tmfserver.document.draft import POINTER_PATTERN
from tmfserver.document.json_patch_query import PATH_PATTERN
from tmfserver.spec.additions import LARGEST_NUMBER
from tmfserver.spec.described import answered, asked, by_resource, declare_answers
from tmfserver.spec.flattening import loosen_kept
from tmfserver.spec.openapi import (
    JSON,
    JSON_PATCH,
    JSON_PATCH_QUERY,
    MERGE_PATCH,
    operations,
)
from tmfserver.spec.partial import COMPONENT, derive_patch, derive_selection, loosen_copies
from tmfserver.spec.verbs import classify
from tmfserver.spec.wording import NOT_BLANK

# RFC 3986's characters of a path segment, none of them escaped, so that an href holds it as it is.
ID_PATTERN = r"^[A-Za-z0-9_~!$&'()*+,;=:@-][A-Za-z0-9._~!$&'()*+,;=:@-]{0,254}$"


def drop_last_slash(document: dict[str, Any]) -> int:
    server = document["servers"][0]
    before, server["url"] = server["url"], server["url"].rstrip("/")
    return int(server["url"] != before)


def type_objects(document: dict[str, Any]) -> int:
    places = 0
    for schema in document["components"]["schemas"].values():
        if "properties" in schema and "type" not in schema:
            schema["type"] = "object"
            places += 1
    for method, path, operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {}).get(JSON, {})
        schema = content.get("schema", {})
        whole = document["components"]["schemas"].get(
            schema.get("$ref", "").removeprefix(COMPONENT), schema
        )
        verb, _ = classify(method, path, operation)
        if content and verb is not None and not {"type", "anyOf", "allOf"} & whole.keys():
            whole["type"] = "object"
            content.setdefault("schema", whole)
            places += 1
    return places


def keep_what_is_new(document: dict[str, Any]) -> int:
    pairs = [
        (answered(mine), asked(mine, "create"))
        for mine in by_resource(operations(document)).values()
    ]
    return loosen_kept(document, [pair for pair in pairs if all(pair)])


def describe_success(document: dict[str, Any]) -> int:
    return declare_answers(document, list(operations(document)))


def loosen_updates(document: dict[str, Any]) -> int:
    schemas, places = document["components"]["schemas"], 0
    resources = by_resource(operations(document))
    for method, path, operation in operations(document):
        body = operation.get("requestBody", {}).get("content", {}).get(JSON)
        verb, name = classify(method, path, operation)
        target = (body or {}).get("schema", {}).get("$ref", "").removeprefix(COMPONENT)
        if verb in ("patch", "patch_part") and body and target in schemas:
            kept = answered(resources.get(name or "", {})) if verb == "patch" else target
            whole = schemas.get(kept, {})
            top = derive_patch(schemas, target, frozenset(whole.get("required", ())))
            body["schema"] = {"$ref": COMPONENT + top}
            places += 1
    return places


def describe_patches(document: dict[str, Any]) -> int:
    places = 0
    for method, path, operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {})
        if classify(method, path, operation)[0] in ("patch", "patch_part") and JSON in content:
            schemas = (
                (MERGE_PATCH, content[JSON].get("schema", {})),
                (JSON_PATCH, _patch_schema(POINTER_PATTERN)),
                (JSON_PATCH_QUERY, _patch_schema(PATH_PATTERN)),
            )
            for media, schema in schemas:
                content.setdefault(media, {})["schema"] = schema
            places += 1
    return places


def _patch_schema(pointer: str) -> dict[str, Any]:
    """RFC 6902: a list of operations, each with the members that its `op` needs."""
    path = {"type": "string", "pattern": pointer, "maxLength": 2000}

    def operation(*ops: str, **more: Any) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["op", "path", *more],
            "properties": {"op": {"type": "string", "enum": list(ops)}, "path": path, **more},
        }

    return {
        "type": "array",
        "maxItems": 1000,
        "items": {
            "oneOf": [
                operation("add", "replace", "test", value={}),
                operation("remove"),
                operation("move", "copy", **{"from": path}),
            ]
        },
    }


def describe_selections(document: dict[str, Any]) -> int:
    schemas, places = document["components"]["schemas"], 0
    for method, path, operation in operations(document):
        verb, _ = classify(method, path, operation)
        if verb not in ("list", "retrieve", "create", "bulk", "patch", "replace"):
            continue
        for status in ("200", "201", "202"):
            content = operation["responses"].get(status, {}).get("content", {}).get(JSON, {})
            schema = content.get("schema", {})
            holder = schema["items"] if schema.get("type") == "array" else schema
            target = holder.get("$ref", "").removeprefix(COMPONENT)
            if "properties" in schemas.get(target, {}):
                holder["$ref"] = COMPONENT + derive_selection(schemas, target)
                places += 1
    return places


def bound_whole_numbers(document: dict[str, Any]) -> int:
    places = 0
    for schema in document["components"]["schemas"].values():
        for inner in schema.get("properties", {}).values():
            if inner.get("type") == "integer":
                inner.setdefault("minimum", -LARGEST_NUMBER - 1)
                inner.setdefault("maximum", LARGEST_NUMBER)
                places += 1
    return places


def loosen_references(document: dict[str, Any]) -> int:
    return loosen_copies(document["components"]["schemas"])


def tell_referred_types(document: dict[str, Any]) -> int:
    places = 0
    for schema in document["components"]["schemas"].values():
        if "@referredType" in schema.get("required", ()) and "@type" in schema["properties"]:
            schema["required"] = [name for name in schema["required"] if name != "@referredType"]
            if not schema["required"]:
                del schema["required"]
            schema["anyOf"] = [{"required": ["@referredType"]}, {"required": ["@type"]}]
            schema["x-copied"] = {"@referredType": "@type"}
            schema["properties"]["@type"]["pattern"] = NOT_BLANK
            places += 1
    return places


def take_truth_as_text(document: dict[str, Any]) -> int:
    places = 0
    for schema in document["components"]["schemas"].values():
        for inner in schema.get("properties", {}).values():
            if inner.get("type") == "boolean":
                del inner["type"]
                inner["anyOf"] = [
                    {"type": "boolean"},
                    {"type": "string", "enum": ["true", "false"]},
                ]
                places += 1
    return places


def take_own_ids(document: dict[str, Any]) -> int:
    schemas, places = document["components"]["schemas"], 0
    for method, path, operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {})
        target = content.get(JSON, {}).get("schema", {}).get("$ref", "").removeprefix(COMPONENT)
        verb, _ = classify(method, path, operation)
        if verb in ("create", "replace") and "required" in schemas.get(target, {}):
            places += _need_no_id(schemas[target])
        if verb == "create" and "properties" in schemas.get(target, {}):
            schemas[target]["properties"]["id"] = {
                "type": "string",
                "pattern": ID_PATTERN,
                "description": "An identifier of the client's own choice; "
                "leave it out and the server gives one.",
            }
            places += 1
    return places


def _need_no_id(schema: dict[str, Any]) -> int:
    """The id and href of a new document are made here; of another they stand in the path."""
    given = schema["required"]
    schema["required"] = [name for name in given if name not in ("id", "href")]
    places = len(given) - len(schema["required"])
    if not schema["required"]:
        del schema["required"]
    return places


def refuse_blanks(document: dict[str, Any]) -> int:
    places = 0
    for name, schema in document["components"]["schemas"].items():
        if name == "Error":
            continue
        for attribute in schema.get("required", ()):
            inner = schema.get("properties", {}).get(attribute, {})
            if inner.get("type") == "string" and not {"enum", "format", "pattern"} & inner.keys():
                inner["pattern"] = NOT_BLANK
                places += 1
    return places


def fill_defaults(document: dict[str, Any]) -> int:
    schemas, places = document["components"]["schemas"], 0
    for schema in schemas.values():
        filled = []
        for attribute in schema.get("required", ()):
            inner = schema.get("properties", {}).get(attribute, {})
            if "default" in schemas.get(inner.get("$ref", "").removeprefix(COMPONENT), inner):
                filled.append(attribute)
        if filled:
            schema["x-filled"] = filled
            schema["required"] = [name for name in schema["required"] if name not in filled]
            if not schema["required"]:
                del schema["required"]
            places += len(filled)
    return places
