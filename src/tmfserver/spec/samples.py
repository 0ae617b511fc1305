"""A first document to send, made from what a contract says: its example, or what it requires."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tmfserver.errors import Invalid
from tmfserver.spec.model import Api, Operation
from tmfserver.spec.schemas import Schemas

_JSON = "application/json"
_DEEPEST = 8
_SHOWN = 2  # attributes that a sample has at least, where the contract's example has as many
_SHORT = 40  # characters of a text that is worth adding for that
_TEXTS = {
    "date-time": "2026-01-31T12:00:00Z",
    "date": "2026-01-31",
    "uri": "https://example.com/1",
    "email": "someone@example.com",
}


@dataclass(frozen=True)
class Sample:
    """A resource and a document that its create operation takes."""

    resource: str
    body: Mapping[str, Any]


def first_post(api: Api) -> Sample | None:
    """The shortest document with which a first POST to this API succeeds, if one can be told."""
    samples = [
        Sample(operation.resource, body)
        for operation in api.operations
        if operation.verb == "create" and operation.resource is not None
        for body in (body_for(api, operation),)
        if body is not None
    ]
    return min(samples, key=lambda sample: len(json.dumps(sample.body)), default=None)


def body_for(api: Api, operation: Operation) -> dict[str, Any] | None:
    """A document that a create operation takes by its contract, if one can be told."""
    content = operation.definition.get("requestBody", {}).get("content", {})
    schema = content.get(_JSON, {}).get("schema", {})
    shape = api.schemas.shape_of(schema)
    for body in _candidates(api.schemas, schema):
        try:
            shape.check(body)
        except Invalid:
            continue
        return body
    return None


def _candidates(schemas: Schemas, schema: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    resolved = schemas.resolve(schema)
    example = resolved.get("example")
    if isinstance(example, dict):
        yield _shortened(example, set(resolved.get("required", ())))
        yield example
    yield _object(schemas, resolved, 0)


def _shortened(example: Mapping[str, Any], mandatory: set[str]) -> dict[str, Any]:
    """What is mandatory of an example, and a little of the rest."""
    plain = [
        name
        for name, value in example.items()
        if isinstance(value, str) and len(value) <= _SHORT and name not in {*mandatory, "@type"}
    ]
    kept = {*mandatory, *plain[: max(0, _SHOWN - len(mandatory))]}
    return {name: value for name, value in example.items() if name in kept}


def value_for(schemas: Schemas, schema: Mapping[str, Any], depth: int = 0) -> Any:
    """A value with no more in it than the schema requires."""
    schema = schemas.resolve(schema)
    if "type" not in schema and schema.get("anyOf"):
        return value_for(schemas, schema["anyOf"][0], depth)
    if "example" in schema or "default" in schema or "enum" in schema:
        return schema.get("example", schema.get("default", (schema.get("enum") or [None])[0]))
    match schema.get("type"):
        case "string":
            return _TEXTS.get(schema.get("format", ""), "example")
        case "number" | "integer":
            return min(max(1, schema.get("minimum", 1)), schema.get("maximum", 1))
        case "boolean":
            return True
        case "array":
            item = schema.get("items", {})
            few = schema.get("minItems", 0) if depth < _DEEPEST else 0
            return [value_for(schemas, item, depth + 1) for _ in range(min(few, 3))]
    return _object(schemas, schema, depth)


def _object(schemas: Schemas, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if depth < _DEEPEST:
        for part in schema.get("allOf", ()):
            inner = value_for(schemas, part, depth + 1)
            made.update(inner if isinstance(inner, dict) else {})
        properties = schemas.all_properties(schema)
        for name in schema.get("required", ()):
            made[name] = value_for(schemas, properties.get(name, {}), depth + 1)
    return made
