"""Names for what a contract leaves without: operations, bodies and answers described in place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any
from urllib.parse import unquote

from tmfserver.spec.openapi import JSON, operations
from tmfserver.spec.verbs import is_parameter
from tmfserver.spec.walking import every_schema

COMPONENT = "#/components/schemas/"
_WORD = re.compile(r"[A-Za-z0-9]+")
_PLAIN = re.compile(r"^[A-Za-z0-9._-]+$")
_DESCRIBING = {"properties", "allOf", "oneOf", "anyOf", "additionalProperties"}


def name_operations(document: dict[str, Any]) -> int:
    """An operationId for each operation, made of method and path where it has none or another's;
    what a program cannot call so is spelled as one word."""
    places = 0
    given = [operation.get("operationId") for _, _, operation in operations(document)]
    taken = {name for name in given if name and given.count(name) == 1}
    used: set[str] = set()
    for method, path, operation in operations(document):
        before = str(operation.get("operationId") or "")
        name = before if _PLAIN.match(before) else camel_case(before)
        if not name or (name in used) or (name != before and name in taken):
            name = _of_path(method, path)
        while name in used or (name != before and name in taken):
            name += "Again"
        used.add(name)
        operation["operationId"] = name
        places += int(name != before)
    return places


def _of_path(method: str, path: str) -> str:
    words = [
        f"by {step[1:-1]}" if is_parameter(step) else step for step in path.strip("/").split("/")
    ]
    return camel_case(" ".join([method, *words]))


def camel_case(text: str) -> str:
    """The words of a text as one: "Product Catalog" is "productCatalog"."""
    words: list[str] = _WORD.findall(text)
    first, *others = words or [""]
    return first[:1].lower() + first[1:] + "".join(word[:1].upper() + word[1:] for word in others)


def name_components(document: dict[str, Any]) -> int:
    """Lets every reference lead to a schema of the components: what it leads to elsewhere gets a
    copy there."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    known: dict[str, str] = {}
    places = 0
    for schema in every_schema(document):
        places += _refer(document, schemas, schema, known)
        mapping = schema.get("discriminator")
        if isinstance(mapping, dict) and isinstance(mapping.get("mapping"), dict):
            for name, target in mapping["mapping"].items():
                if not str(target).startswith("#"):
                    mapping["mapping"][name] = COMPONENT + str(target)
    for name in [name for name in schemas if not _PLAIN.match(name)]:
        del schemas[name]
        places += 1
    return places


def _refer(
    document: dict[str, Any], schemas: dict[str, Any], schema: dict[str, Any], known: dict[str, str]
) -> int:
    target = schema.get("$ref")
    if not isinstance(target, str):
        return 0
    name = target.removeprefix(COMPONENT)
    if target.startswith(COMPONENT) and name in schemas and _PLAIN.match(name):
        return 0
    if target not in known:
        known[target] = _new_name(target, schemas)
        schemas[known[target]] = {}
        schemas[known[target]] = found = deepcopy(at(document, target))
        # What is copied refers to others in the same way.
        for inner in every_schema({"components": {"schemas": {"": found}}}):
            _refer(document, schemas, inner, known)
    schema["$ref"] = COMPONENT + known[target]
    return 1


def _new_name(target: str, schemas: dict[str, Any]) -> str:
    steps = [step for step in unquote(target).split("/") if step not in ("#", "components")]
    words = [word.replace("~1", " ") for word in steps if word not in ("schemas", "properties")]
    name = "_".join("".join(_WORD.findall(word)) for word in words).strip("_") or "Part"
    while name in schemas:
        name += "_"
    return name


def at(document: Any, target: str) -> Any:
    """What a reference within the contract leads to (RFC 6901 in a URI fragment)."""
    node = document
    for step in target.removeprefix("#").strip("/").split("/"):
        if isinstance(node, list):
            node = node[int(step)]
            continue
        plain = step.replace("~1", "/").replace("~0", "~")
        node = node[plain] if plain in node else node[unquote(plain)]
    return node


def name_bodies(document: dict[str, Any]) -> int:
    """A name for each body and answer of an operation that is described in place."""
    schemas, places = document["components"]["schemas"], 0
    for _, _, operation in operations(document):
        for suffix, holder, key in _described(operation):
            schema = holder[key]
            if "$ref" in schema or not _DESCRIBING & schema.keys():
                continue
            name = operation["operationId"] + suffix
            while name in schemas:
                name += "_"
            schemas[name] = schema
            holder[key] = {"$ref": COMPONENT + name}
            places += 1
    return places


def _described(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], str]]:
    """(what it is, where its schema stands) of the operation's body and its good answers."""
    contents = [("Body", operation.get("requestBody", {}))]
    contents += [
        ("Answer", answer)
        for status, answer in operation["responses"].items()
        if status.startswith("2")
    ]
    for suffix, described in contents:
        content = described.get("content", {}).get(JSON, {})
        schema = content.get("schema")
        if isinstance(schema, dict) and isinstance(schema.get("items"), dict):
            yield suffix, schema, "items"
        elif isinstance(schema, dict):
            yield suffix, content, "schema"
