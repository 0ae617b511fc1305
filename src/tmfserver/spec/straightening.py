"""Paths, media types and answers as TM Forum means them, where a file spells them otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jsonschema_rs

from tmfserver.spec.openapi import (
    JSON,
    JSON_PATCH,
    JSON_PATCH_QUERY,
    MERGE_PATCH,
    METHODS,
    operations,
)
from tmfserver.spec.verbs import classify, is_parameter
from tmfserver.spec.walking import every_schema

_PATCHES = (MERGE_PATCH, JSON_PATCH, JSON_PATCH_QUERY)
_ANY_OBJECT: dict[str, Any] = {"type": "object"}


def straighten_paths(document: dict[str, Any]) -> int:
    """One slash in front of a path, none at its end, none twice."""
    places = 0
    straight: dict[str, Any] = {}
    for path, item in document["paths"].items():
        plain = "/" + "/".join(step for step in path.split("/") if step)
        places += int(plain != path)
        straight[plain] = {**item, **straight.get(plain, {})}
    document["paths"] = straight
    return places


def share_beginning(document: dict[str, Any]) -> int:
    """What all paths begin with belongs to the base path."""
    split = [path.strip("/").split("/") for path in document["paths"]]
    count = 0
    while split and all(
        len(steps) > count + 1
        and steps[count] == split[0][count]
        and not is_parameter(steps[count])
        and not is_parameter(steps[count + 1])
        for steps in split
    ):
        count += 1
    if count:
        server = document["servers"][0]
        server["url"] = "/".join([server["url"].rstrip("/"), *split[0][:count]])
        document["paths"] = {
            "/" + "/".join(steps[count:]): item
            for steps, item in zip(split, document["paths"].values(), strict=True)
        }
    return count


def settle_media(document: dict[str, Any]) -> int:
    """Bodies and answers as application/json; of patches the other three media types too."""
    places = 0
    for method, _, operation in operations(document):
        operation.setdefault("responses", {})
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        for body in bodies:
            content = body.get("content")
            if not content:
                continue
            patches = _PATCHES if method == "patch" and body is bodies[0] else ()
            settled = _settled(content, patches)
            places += int(list(settled) != list(content))
            body["content"] = settled
    return places


def _settled(content: Mapping[str, Any], patches: tuple[str, ...]) -> dict[str, Any]:
    known: dict[str, Any] = {}
    for media, described in content.items():
        known.setdefault(media.split(";")[0].strip().lower(), described)
    plain = known.get(JSON) or known.get(MERGE_PATCH)
    if plain is None:
        plain = next((known[media] for media in known if media not in _PATCHES), _ANY_OBJECT)
    return {JSON: plain, **{media: known[media] for media in patches if media in known}}


def drop_empty_words(document: dict[str, Any]) -> int:
    """Takes away keywords that say nothing, or that no program can follow: an empty list of
    mandatory attributes or of values, a pattern that is no regular expression."""
    places = 0
    for schema in every_schema(document):
        for key in ("required", "enum"):
            if key in schema and not (isinstance(schema[key], list) and schema[key]):
                del schema[key]
                places += 1
        pattern = schema.get("pattern")
        if pattern is not None and not _is_pattern(pattern):
            del schema["pattern"]
            places += 1
    return places


def _is_pattern(pattern: object) -> bool:
    try:
        jsonschema_rs.Draft4Validator({"pattern": pattern})
    except (ValueError, TypeError, jsonschema_rs.ValidationError):
        return False
    return True


def describe_answers(document: dict[str, Any]) -> int:
    """A list answers an array, all else one thing; an answer that was made has its content."""
    schemas, places = document["components"]["schemas"], 0
    for method, path, operation in operations(document):
        verb, _ = classify(method, path, operation)
        for status, answer in operation["responses"].items():
            content = answer.get("content", {}).get(JSON, {})
            schema = content.get("schema")
            if not status.startswith("2") or not schema:
                continue
            array = _followed(schemas, schema).get("type") == "array"
            if verb == "list" and not array:
                content["schema"] = {"type": "array", "items": schema}
            elif verb in ("retrieve", "create", "patch", "replace") and array:
                content["schema"] = _followed(schemas, schema).get("items", _ANY_OBJECT)
            else:
                continue
            places += 1
    return places


def _followed(schemas: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    seen = set()
    while (target := schema.get("$ref")) and target not in seen:
        seen.add(target)
        schema = schemas.get(target.rsplit("/", 1)[-1], {})
    return schema


def parameters_in_place(document: dict[str, Any]) -> int:
    """Every variable of a path is described, whatever a file calls it."""
    places = 0
    for path, item in document["paths"].items():
        names = [step[1:-1] for step in path.split("/") if is_parameter(step)]
        for method in METHODS:
            if method in item:
                places += _describe_variables(item, item[method], names)
    return places


def _describe_variables(item: Any, operation: dict[str, Any], names: list[str]) -> int:
    known = [*item.get("parameters", ()), *operation.setdefault("parameters", [])]
    described = {each.get("name") for each in known if each.get("in") == "path"}
    kept = [
        each
        for each in operation["parameters"]
        if each.get("in") != "path" or each["name"] in names
    ]
    places = len(operation["parameters"]) - len(kept)
    for name in names:
        if name not in described:
            schema = {"type": "string"}
            kept.append({"name": name, "in": "path", "required": True, "schema": schema})
            places += 1
    operation["parameters"] = kept
    return places
