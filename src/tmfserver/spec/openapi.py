"""Swagger 2.0 read as OpenAPI 3.0, so that all that follows knows one form only.

OpenAPI 3.0 can say what we serve and Swagger 2.0 cannot: a schema for each media type of a body.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tmfserver.spec.verbs import OWN

METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
# An operation whose body is a form or a file.
FORM = "x-form"

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
JSON_PATCH_QUERY = "application/json-patch-query+json"
_PARAMETER_FACTS = ("name", "in", "required", "description", "allowEmptyValue")
_MOVED = {
    "#/definitions/": "#/components/schemas/",
    "#/parameters/": "#/components/parameters/",
    "#/responses/": "#/components/responses/",
}


def from_swagger(document: Mapping[str, Any]) -> dict[str, Any]:
    """The same contract as OpenAPI 3.0. One that is OpenAPI 3 already comes back as a copy."""
    if "openapi" in document:
        copied: dict[str, Any] = _references(document)
        copied.setdefault("paths", {})
        copied["components"] = copied.get("components") or {}
        copied["components"].setdefault("schemas", {})
        return copied
    shared = document.get("parameters", {})
    result: dict[str, Any] = {
        "openapi": "3.0.3",
        "info": document.get("info", {}),
        "servers": [{"url": document.get("basePath", "")}],
        "paths": {
            path: _path_item(item, shared) for path, item in document.get("paths", {}).items()
        },
        "components": {"schemas": document.get("definitions", {})},
    }
    for key in ("tags", "externalDocs", "security"):
        if key in document:
            result[key] = document[key]
    result["components"]["responses"] = {
        name: _response(response) for name, response in document.get("responses", {}).items()
    }
    moved: dict[str, Any] = _references(result)
    return moved


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(method, path, operation) of all in a contract."""
    for path, item in document.get("paths", {}).items():
        for method in METHODS:
            if method in item:
                yield method, path, item[method]


def _references(value: Any) -> Any:
    """A deep copy in which every reference points to where OpenAPI 3 keeps things."""
    if isinstance(value, Mapping):
        copied = {str(key): _references(inner) for key, inner in value.items()}
        target = copied.get("$ref")
        if isinstance(target, str):
            for before, after in _MOVED.items():
                if target.startswith(before):
                    copied["$ref"] = after + target[len(before) :]
        return copied
    if isinstance(value, list):
        return [_references(inner) for inner in value]
    return value


def _path_item(item: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    common = [_followed(parameter, shared) for parameter in item.get("parameters", ())]
    bodies = [each for each in common if each.get("in") in ("body", "formData")]
    converted: dict[str, Any] = {
        method: _operation(item[method], shared, bodies) for method in METHODS if method in item
    }
    if "$ref" in item:
        converted["$ref"] = item["$ref"]
    if common:
        converted["parameters"] = [_parameter(each) for each in common if each not in bodies]
    return converted


def _followed(parameter: Mapping[str, Any], shared: Mapping[str, Any]) -> Mapping[str, Any]:
    name = str(parameter.get("$ref", "")).removeprefix("#/parameters/")
    found: Mapping[str, Any] = shared.get(name, parameter)
    return found


def _operation(
    operation: Mapping[str, Any], shared: Mapping[str, Any], bodies: list[Mapping[str, Any]]
) -> dict[str, Any]:
    kept = ("operationId", "summary", "description", "tags", "deprecated", "externalDocs", OWN)
    converted: dict[str, Any] = {key: operation[key] for key in kept if key in operation}
    parameters = [_followed(each, shared) for each in operation.get("parameters", ())]
    converted["parameters"] = [
        _parameter(each) for each in parameters if each.get("in") not in ("body", "formData")
    ]
    for parameter in [*bodies, *parameters]:
        if parameter.get("in") == "formData":
            converted[FORM] = True
        if parameter.get("in") == "body":
            converted["requestBody"] = {
                "description": parameter.get("description", ""),
                "required": parameter.get("required", False),
                "content": {JSON: {"schema": parameter.get("schema", {})}},
            }
    responses = operation.get("responses", {})
    converted["responses"] = {
        str(status): _response(response) for status, response in responses.items()
    }
    return converted


def _parameter(parameter: Mapping[str, Any]) -> dict[str, Any]:
    if "$ref" in parameter:
        return dict(parameter)
    converted = {key: parameter[key] for key in _PARAMETER_FACTS if key in parameter}
    converted["schema"] = {
        key: value
        for key, value in parameter.items()
        if key not in _PARAMETER_FACTS and key != "collectionFormat"
    }
    return converted


def _response(response: Mapping[str, Any]) -> dict[str, Any]:
    if "$ref" in response:
        return dict(response)
    converted: dict[str, Any] = {"description": response.get("description", "")}
    if "schema" in response:
        converted["content"] = {JSON: {"schema": response["schema"]}}
    if "headers" in response:
        converted["headers"] = {
            name: {
                "description": header.get("description", ""),
                "schema": {key: value for key, value in header.items() if key != "description"},
            }
            for name, header in response["headers"].items()
        }
    return converted
