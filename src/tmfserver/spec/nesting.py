"""What operations do whose paths are longer than /thing/{id}, told by all paths of a contract.

/thing/{thingId}/part is a collection of its own in each thing, if it is listed, made into or has
instances. Where the contract has /part too, it is those parts that name the thing. What is read or
put there as one object (/thing/{id}/status) is a part of the thing itself, if its attributes are
the thing's. A task on an instance (/thing/{id}/cut) is what no default carries out, but a handler
of the thing may.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tmfserver.spec.openapi import FORM, JSON, METHODS
from tmfserver.spec.verbs import (
    ATTRIBUTE,
    HOLDER,
    ON_COLLECTION,
    ON_INSTANCE,
    ON_PART,
    OWN,
    PLACE,
    VIEW,
    classify,
    is_parameter,
)

_COMPONENT = "#/components/schemas/"
_MADE = ("201", "202")


def describe_nested(document: dict[str, Any]) -> int:
    """Says of each such operation what it does; counts the places."""
    places = 0
    for path, item in document["paths"].items():
        for method in METHODS:
            if method not in item or OWN in item[method]:
                continue
            said = _said(document, method, path, item[method])
            if said:
                item[method][OWN] = said
                places += 1
    return places


def _said(
    document: Mapping[str, Any], method: str, path: str, operation: Mapping[str, Any]
) -> dict[str, str]:
    verb, name = classify(method, path, operation)
    steps = path.strip("/").split("/")
    if verb is not None:
        unable = verb in ("create", "replace") and not _takes_an_object(document, operation)
        return {"verb": "none", "resource": name or ""} if unable else {}
    is_instance = is_parameter(steps[-1])
    collection = steps[:-1] if is_instance else steps
    words = [step for step in collection if not is_parameter(step)]
    if steps[0] in ("hub", "listener") or not words or is_parameter(collection[-1]):
        return {}
    verb = (ON_INSTANCE if is_instance else ON_COLLECTION).get(method)
    if verb is None or not _is_collection(document, collection):
        none = {"verb": "none", "resource": words[0]} if not is_parameter(steps[0]) else {}
        return _part(document, method, steps, operation) or none
    if verb in ("create", "replace") and not _takes_an_object(document, operation):
        return {}
    if len(words) == len(collection):
        return {"verb": verb, "resource": "/".join(words)}
    return _in_a_holder(document, verb, collection, words)


def _part(
    document: Mapping[str, Any], method: str, steps: list[str], operation: Mapping[str, Any]
) -> dict[str, str]:
    """/thing/{id}/word is an attribute of the thing, when both are the same object; else those of
    its attributes that it has, when these are all that it needs. {} when it is neither."""
    verb = ON_PART.get(method)
    if verb is None or len(steps) != 3 or f"/{steps[0]}" not in document["paths"]:
        return {}
    answer = operation.get("responses", {}).get("200", {})
    schema = _json(document, answer if method == "get" else operation.get("requestBody", {}))
    names = schema.get("properties", {}).keys()
    whole = _attributes(document, steps[0])
    said = {"verb": verb, "resource": steps[0]}
    if names and _followed(document, whole.get(steps[2], {})) == schema:
        return {**said, ATTRIBUTE: steps[2]}
    needed = set(schema.get("required", ())) if method == "get" else names
    if names & whole.keys() and needed <= {*whole, "id", "href"}:
        return {**said, VIEW: ",".join(name for name in names if name in whole)}
    return {}


def _in_a_holder(
    document: Mapping[str, Any], verb: str, collection: list[str], words: list[str]
) -> dict[str, str]:
    """One collection for each holder, or those documents of one collection that name the holder."""
    variables = [step for step in collection if is_parameter(step)]
    beside = f"/{words[-1]}" in document["paths"]
    holder = _holder(collection)
    if beside and len(variables) == 1 and holder in _attributes(document, words[-1]):
        return {"verb": verb, "resource": words[-1], HOLDER: holder}
    in_turn = all(is_parameter(step) == bool(at % 2) for at, step in enumerate(collection))
    if not in_turn or f"/{'/'.join(words)}" in document["paths"]:
        return {}
    return {"verb": verb, "resource": "/".join(words), PLACE: "/" + "/".join(collection)}


def _holder(collection: list[str]) -> str:
    """What the holder is called: by the step before its variable, else by the variable."""
    at = next(at for at, step in enumerate(collection) if is_parameter(step))
    if at:
        return collection[at - 1]
    name = collection[at][1:-1]
    word = name.removesuffix("Id").removesuffix("ID")
    return word if word != name else name.removeprefix("id")[:1].lower() + name[3:]


def _is_collection(document: Mapping[str, Any], collection: list[str]) -> bool:
    """Whether documents are listed there, made there, or have paths of their own."""
    path = "/" + "/".join(collection)
    below = [each.strip("/").split("/") for each in document["paths"]]
    if any(steps[:-1] == collection and is_parameter(steps[-1]) for steps in below):
        return True
    item = document["paths"].get(path, {})
    made = item.get("post", {}).get("responses", {})
    if any(status in made for status in _MADE):
        return True
    listed = item.get("get", {}).get("responses", {}).get("200", {})
    schema = listed.get("content", {}).get(JSON, {}).get("schema", {})
    return bool(_followed(document, schema).get("type") == "array")


def _takes_an_object(document: Mapping[str, Any], operation: Mapping[str, Any]) -> bool:
    """Whether the body is one document: not a file, an array or a text."""
    if FORM in operation:
        return False
    content = operation.get("requestBody", {}).get("content", {})
    schema = _followed(document, content.get(JSON, {}).get("schema", {}))
    return str(schema.get("type", "object")) == "object"


def _attributes(document: Mapping[str, Any], resource: str) -> dict[str, Any]:
    """The attributes of what a collection takes and gives, with their schemas."""
    found: dict[str, Any] = {}
    for operation in document["paths"][f"/{resource}"].values():
        if not isinstance(operation, Mapping):
            continue
        answers = operation.get("responses", {})
        for described in (operation.get("requestBody", {}), *answers.values()):
            schema = _json(document, described)
            found |= _followed(document, schema.get("items", schema)).get("properties", {})
    return found


def _json(document: Mapping[str, Any], described: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of a body or an answer."""
    schema = described.get("content", {}).get(JSON, {}).get("schema", {})
    return _followed(document, schema)


def _followed(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    seen = set()
    schemas = document.get("components", {}).get("schemas", {})
    while (target := schema.get("$ref")) and target not in seen:
        seen.add(target)
        schema = schemas.get(target.removeprefix(_COMPONENT), {})
    return schema
