"""Where contracts, TMF630 and this server disagree, settled when a contract is loaded.

Each adaptation has a name and a reason, changes the contract in its OpenAPI 3.0 form (the file is
never changed), and is listed by `tmfserver check`. What comes out is the *effective* contract: it
says exactly what is served.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tmfserver.spec import openapi
from tmfserver.spec.additions import (
    LARGEST_NUMBER,
    add_conditional_requests,
    add_errors,
    add_listener_retrieval,
    add_paging,
)
from tmfserver.spec.openapi import JSON, METHODS
from tmfserver.spec.partial import COMPONENT, derive_patch, derive_selection, loosen_copies
from tmfserver.spec.schemas import NOT_BLANK
from tmfserver.spec.verbs import classify

MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
JSON_PATCH_QUERY = "application/json-patch-query+json"

# RFC 3986's characters of a path segment, none of them escaped, so that an href holds it as it is.
ID_PATTERN = r"^[A-Za-z0-9_~!$&'()*+,;=:@-][A-Za-z0-9._~!$&'()*+,;=:@-]{0,254}$"


@dataclass(frozen=True)
class Adaptation:
    """One difference settled: `apply` changes the contract and counts the places."""

    name: str
    reason: str
    apply: Callable[[dict[str, Any]], int]


@dataclass(frozen=True)
class Applied:
    """An adaptation that a contract needed, and in how many places."""

    name: str
    reason: str
    places: int


def adapt(document: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[Applied, ...]]:
    """The effective contract of a file's, and what was adapted."""
    effective = openapi.from_swagger(document)
    applied = []
    if "swagger" in document:
        reason = "OpenAPI 3.0 can describe each media type of a body; Swagger 2.0 cannot"
        applied.append(Applied("read as OpenAPI 3.0", reason, 1))
    applied += [
        Applied(adaptation.name, adaptation.reason, places)
        for adaptation in ADAPTATIONS
        if (places := adaptation.apply(effective))
    ]
    return effective, tuple(applied)


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(method, path, operation) of all in a contract."""
    for path, item in document.get("paths", {}).items():
        for method in METHODS:
            if method in item:
                yield method, path, item[method]


def _base_path(document: dict[str, Any]) -> int:
    server = document["servers"][0]
    before, server["url"] = server["url"], server["url"].rstrip("/")
    return int(server["url"] != before)


def _object_types(document: dict[str, Any]) -> int:
    places = 0
    for schema in document["components"]["schemas"].values():
        if "properties" in schema and "type" not in schema:
            schema["type"] = "object"
            places += 1
    return places


def _partial_updates(document: dict[str, Any]) -> int:
    schemas, places = document["components"]["schemas"], 0
    for method, path, operation in operations(document):
        body = operation.get("requestBody", {}).get("content", {}).get(JSON)
        verb, _ = classify(method, path)
        target = (body or {}).get("schema", {}).get("$ref", "").removeprefix(COMPONENT)
        if verb == "patch" and body and target in schemas:
            whole = schemas.get(target.removesuffix("_Update"), {})
            top = derive_patch(schemas, target, frozenset(whole.get("required", ())))
            body["schema"] = {"$ref": COMPONENT + top}
            places += 1
    return places


def _patch_media(document: dict[str, Any]) -> int:
    places = 0
    for method, path, operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {})
        if classify(method, path)[0] == "patch" and JSON in content:
            content.setdefault(MERGE_PATCH, content[JSON])
            content.setdefault(JSON_PATCH, {"schema": _patch_schema(r"^(/([^~/]|~[01])*)*$")})
            content.setdefault(JSON_PATCH_QUERY, {"schema": _patch_schema(r"^(/.*)?$")})
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


def _selections(document: dict[str, Any]) -> int:
    schemas, places = document["components"]["schemas"], 0
    for method, path, operation in operations(document):
        verb, _ = classify(method, path)
        if verb not in ("list", "retrieve", "create", "patch", "replace"):
            continue
        for status in ("200", "201"):
            content = operation["responses"].get(status, {}).get("content", {}).get(JSON, {})
            schema = content.get("schema", {})
            holder = schema["items"] if schema.get("type") == "array" else schema
            target = holder.get("$ref", "").removeprefix(COMPONENT)
            if "properties" in schemas.get(target, {}):
                holder["$ref"] = COMPONENT + derive_selection(schemas, target)
                places += 1
    return places


def _whole_numbers(document: dict[str, Any]) -> int:
    places = 0
    for schema in document["components"]["schemas"].values():
        for inner in schema.get("properties", {}).values():
            if inner.get("type") == "integer":
                inner.setdefault("minimum", -LARGEST_NUMBER - 1)
                inner.setdefault("maximum", LARGEST_NUMBER)
                places += 1
    return places


def _copies(document: dict[str, Any]) -> int:
    return loosen_copies(document["components"]["schemas"])


def _referred_types(document: dict[str, Any]) -> int:
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


def _truth_as_text(document: dict[str, Any]) -> int:
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


def _own_ids(document: dict[str, Any]) -> int:
    schemas, places = document["components"]["schemas"], 0
    for method, path, operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {})
        target = content.get(JSON, {}).get("schema", {}).get("$ref", "").removeprefix(COMPONENT)
        if classify(method, path)[0] == "create" and "properties" in schemas.get(target, {}):
            schemas[target]["properties"]["id"] = {
                "type": "string",
                "pattern": ID_PATTERN,
                "description": "An identifier of the client's own choice; "
                "leave it out and the server gives one.",
            }
            places += 1
    return places


def _mandatory_text(document: dict[str, Any]) -> int:
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


def _defaults(document: dict[str, Any]) -> int:
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


ADAPTATIONS = (
    Adaptation(
        "base path without its last slash",
        "paths begin with a slash, so that the base path's own would stand twice in a URL",
        _base_path,
    ),
    Adaptation(
        "object where properties are",
        "a schema with properties and no type would accept a text or an array",
        _object_types,
    ),
    Adaptation(
        "defaults filled in",
        "a mandatory attribute with a default may be left out: the default is put in its place",
        _defaults,
    ),
    Adaptation(
        "mandatory text is not blank",
        "TM Forum's profiles want mandatory attributes neither null nor blank",
        _mandatory_text,
    ),
    Adaptation(
        "referred type told by the type",
        "TM Forum's samples give a reference its @type alone: it is its @referredType then, too",
        _referred_types,
    ),
    Adaptation(
        "copies in references",
        "a reference may repeat attributes of what it refers to in part, as TM Forum's samples do",
        _copies,
    ),
    Adaptation(
        "true and false as texts",
        'TM Forum\'s samples write "true" for true; either is kept as it came',
        _truth_as_text,
    ),
    Adaptation(
        "whole numbers of 64 bits",
        "larger ones would not come back as they went in, so they are refused",
        _whole_numbers,
    ),
    Adaptation(
        "ids of the client's own",
        "TMF630 6.1 lets a client bring the id; the contract's create schema leaves it out",
        _own_ids,
    ),
    Adaptation(
        "partial updates",
        "what an update requires is asked of the document after merging, not of the patch",
        _partial_updates,
    ),
    Adaptation(
        "media types of patches",
        "TMF630 5 has four: application/json and merge-patch, json-patch, json-patch-query",
        _patch_media,
    ),
    Adaptation(
        "paging, sorting and selection",
        "limits of offset and limit, `sort`, `Link`, and `fields` on create and patch are served",
        add_paging,
    ),
    Adaptation(
        "answers in part",
        "with `fields` an answer lacks what was not chosen, mandatory attributes too",
        _selections,
    ),
    Adaptation(
        "conditional requests",
        "ETag and Last-Modified, If-Match (412) and If-None-Match (304) are served",
        add_conditional_requests,
    ),
    Adaptation(
        "a listener can be read",
        "TMF630 10 has GET /hub/{id}, and a callback must be an http(s) URL",
        add_listener_retrieval,
    ),
    Adaptation(
        "a TM Forum Error for every refusal",
        "each status that is served is declared, with the Error schema as application/json",
        add_errors,
    ),
)
