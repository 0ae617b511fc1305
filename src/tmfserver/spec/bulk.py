"""PATCH on a collection, which TMF630 6.2 has and contracts leave out: many creates at once."""

from __future__ import annotations

from typing import Any

from tmfserver.spec.described import status_of
from tmfserver.spec.jobs import JOBS
from tmfserver.spec.openapi import JSON, JSON_PATCH, operations
from tmfserver.spec.verbs import OWN, classify


def add_bulk_creation(document: dict[str, Any]) -> int:
    """Declares it for each collection that takes a POST, jobs aside, which are begun one by one; a
    PATCH of the contract's own stays."""
    taken = {operation.get("operationId") for _, _, operation in operations(document)}
    places = 0
    for method, path, create in list(operations(document)):
        verb, resource = classify(method, path, create)
        item = document["paths"][path]
        body = create.get("requestBody", {}).get("content", {}).get(JSON, {}).get("schema")
        operation_id = f"{create.get('operationId')}InBulk"
        is_free = "patch" not in item and operation_id not in taken
        if verb == "create" and body and is_free and resource not in JOBS:
            item["patch"] = _operation(operation_id, str(resource), create, body)
            places += 1
    return places


def _operation(
    operation_id: str, resource: str, create: dict[str, Any], body: dict[str, Any]
) -> dict[str, Any]:
    own = {OWN: {**create[OWN], "verb": "bulk"}} if OWN in create else {}
    good = str(status_of("create", create))
    made = create.get("responses", {}).get(good, {}).get("content", {}).get(JSON, {})
    # A copy: what is adapted in an answer is not the create's.
    answer = {"type": "array", "items": dict(made.get("schema", body))}
    return {
        **own,
        "operationId": operation_id,
        "summary": f"Creates several of {resource}: all of them or none",
        "description": "Each operation of the JSON Patch adds one; no other operation is served.",
        "tags": list(create.get("tags", ())),
        "parameters": [dict(each) for each in create["parameters"] if each.get("in") == "path"],
        "requestBody": {"required": True, "content": {JSON_PATCH: {"schema": _patch(body)}}},
        "responses": {
            "200": {"description": "All were created.", "content": {JSON: {"schema": answer}}}
        },
    }


def _patch(body: dict[str, Any]) -> dict[str, Any]:
    """A JSON Patch whose operations all add to the collection; `/-` is RFC 6901's end of it."""
    return {
        "type": "array",
        "minItems": 1,
        "items": {
            "type": "object",
            "required": ["op", "path", "value"],
            "properties": {
                "op": _one_of("add"),
                "path": _one_of("/", "/-"),
                "value": dict(body),
            },
        },
    }


def _one_of(*texts: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(texts)}
