"""What is wrong with a value that fails its schema: the attribute, what came, what was expected."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import jsonschema_rs

from tmfserver.document.draft import POINTER_PATTERN
from tmfserver.document.json_patch_query import PATH_PATTERN

MOST_LOOKED_AT = 20  # failures of one body, to find the one that says most
NOT_BLANK = r"\S"
_EXPECTED_FORMATS = {
    "date-time": "a date and time with its offset, such as 2026-01-31T12:00:00Z",
    "date": "a date, such as 2026-01-31",
    "uri": "an absolute URI, such as https://example.com/thing/1",
    "email": "an e-mail address",
}
_EXPECTED_PATTERNS = {
    NOT_BLANK: "a text that is not blank",
    POINTER_PATTERN: "a JSON Pointer such as /name, in which ~0 is ~ and ~1 is /",
    PATH_PATTERN: "a path such as /note?author=me/text, in which ~0 is ~ and ~1 is /",
}

_Failure = jsonschema_rs.ValidationError


def foremost(failures: Iterator[_Failure]) -> _Failure | None:
    """The first, but where an object lacks something and says of itself what it may not be, that:
    what else is wanted of it depends on it, as on the `op` of an operation."""
    first = next(failures, None)
    if first is not None and first.kind.name == "required":
        for other in islice(failures, MOST_LOOKED_AT):
            if other.kind.name == "enum" and other.instance_path[:-1] == first.instance_path:
                return other
    return first


def describe(failure: _Failure) -> tuple[str, str]:
    """(attribute as a dotted path, what came and what was expected) of a failed check."""
    path = [str(step) for step in failure.instance_path]
    facts = failure.kind.as_dict()
    came = _shown(failure.instance)
    match failure.kind.name:
        case "required":
            return ".".join([*path, facts["property"]]), "it is mandatory, but missing"
        case "type":
            return ".".join(path), f"got {came}, expected {' or '.join(facts['types'])}"
        case "enum":
            return ".".join(path), f"got {came}, expected one of {_listed(facts['options'])}"
        case "format":
            expected = _EXPECTED_FORMATS.get(
                facts["format"], f"a value of format {facts['format']}"
            )
            return ".".join(path), f"got {came}, expected {expected}"
        case "anyOf" if "boolean" in _alternatives(failure, "type"):
            return ".".join(path), f"got {came}, expected boolean"
        case "anyOf" if missing := _alternatives(failure, "required"):
            return ".".join([*path, missing[0]]), "it is mandatory, but missing"
        case "oneOf" if meant := _meant(facts["context"]):
            return meant
        case "pattern" if facts["pattern"] in _EXPECTED_PATTERNS:
            return ".".join(path), f"got {came}, expected {_EXPECTED_PATTERNS[facts['pattern']]}"
        case "minItems":
            return ".".join(path), f"got {came}, expected at least {facts['limit']} element"
    return ".".join(path), failure.message[:300]


def _meant(branches: list[list[_Failure]]) -> tuple[str, str] | None:
    """What is wrong with a value that says itself which of several schemas it is to satisfy, as an
    operation does by its `op`; None where that cannot be told."""
    meant = [branch for branch in branches if all(each.kind.name != "enum" for each in branch)]
    for failure in meant[0] if meant else ():
        if all(failure.message in {each.message for each in branch} for branch in meant):
            return describe(failure)
    said = [each for branch in branches for each in branch if each.kind.name == "enum"]
    if meant or any(each.instance_path != said[0].instance_path for each in said):
        return None
    options = [option for each in said for option in each.kind.as_dict()["options"]]
    place = ".".join(map(str, said[0].instance_path))
    return place, f"got {_shown(said[0].instance)}, expected one of {_listed(options)}"


def _alternatives(failure: _Failure, kind: str) -> list[str]:
    """What the branches of an anyOf lacked: types or attributes."""
    return [
        name
        for context in failure.kind.as_dict().get("context", ())
        for inner in context
        if inner.kind.name == kind
        for name in inner.kind.as_dict().get("types", [inner.kind.as_dict().get("property")])
    ]


def _listed(options: list[Any]) -> str:
    return ", ".join(_shown(option) for option in options)


def _shown(value: Any) -> str:
    match value:
        case dict():
            return "an object"
        case []:
            return "an empty array"
        case list():
            return "an array"
        case str():
            text = f"'{value}'"
        case _:
            text = json.dumps(value)
    return text if len(text) <= 80 else text[:77] + "..."
