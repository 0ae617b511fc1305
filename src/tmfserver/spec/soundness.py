"""Whether a contract is one at all: what would fail later, said at start with file and place."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import jsonschema_rs

from tmfserver.errors import BrokenContract
from tmfserver.spec.wording import describe

Validator: TypeAlias = jsonschema_rs.Draft4Validator | jsonschema_rs.Draft202012Validator
# The versions that are read. 3.2 adds to 3.1 what no contract of TM Forum has, and is read as that.
_FORMS = {"swagger": ("2.0",), "openapi": ("3.0", "3.1", "3.2")}
_NEWER = ("v3.1", "v3.2")
_JSON_SCHEMA = "https://json-schema.org/draft/2020-12/schema"
_BOUNDS = (["exclusiveMinimum"], ["exclusiveMaximum"])
_VALUES = {"example", "examples", "default", "enum"}
_PARENT_KEYS = ("properties", "patternProperties")


def check(file: Path, document: Mapping[str, Any]) -> None:
    """Raises BrokenContract for what breaks OpenAPI's own schema, or refers to nothing."""
    form = f"v{_version(file, document)}"
    validator = _validator(form)
    if validator is not None and not validator.is_valid(document):
        failure = next(iter(validator.iter_errors(document)))
        raise BrokenContract(file=file, problem=_problem(failure))
    if form in _NEWER:
        _check_schemas(file, document)
    fine: set[str] = set()
    for place, target in _references(document, ""):
        if not target.startswith("#/"):
            problem = f"at {place}: the reference to '{target[:100]}' leads out of the file"
            raise BrokenContract(file=file, problem=f"{problem}, which is never followed")
        if _target(document, target) is None:
            raise BrokenContract(file=file, problem=f"at {place}: there is no '{target[:100]}'")
        if target not in fine:
            if _goes_round(document, target):
                problem = f"at {place}: the reference to '{target[:100]}' leads back to itself"
                raise BrokenContract(file=file, problem=problem)
            fine.add(target)


def _version(file: Path, document: Mapping[str, Any]) -> str:
    """The version that a contract is written in, such as 3.0."""
    word = "swagger" if "swagger" in document else "openapi"
    came = str(document[word])
    version = ".".join(came.split(".")[:2])
    if version in _FORMS[word]:
        return version
    read = "Swagger 2.0 and OpenAPI 3.0, 3.1 and 3.2 are"
    problem = f"at {word}: version '{came[:100]}' is not read; {read}"
    raise BrokenContract(file=file, problem=problem)


@cache
def _validator(form: str) -> Validator | None:
    """OpenAPI's own schema of a form, as openapi-spec-validator carries it; None if it has none."""
    found = importlib.util.find_spec("openapi_spec_validator")
    if found is None or found.origin is None:
        return None
    path = Path(found.origin).parent / "resources" / "schemas" / form / "schema.json"
    if not path.is_file():
        return None
    draft = jsonschema_rs.Draft202012Validator if form in _NEWER else jsonschema_rs.Draft4Validator
    return draft(json.loads(path.read_text(encoding="utf-8")))


def _check_schemas(file: Path, document: Mapping[str, Any]) -> None:
    """What OpenAPI 3.1's own schema leaves to JSON Schema's: that schemas are such."""
    validator = _schema_validator()
    for place, schema in _schemas(document, ""):
        if validator.is_valid(schema):
            continue
        for failure in validator.iter_errors(schema):
            # As 3.0 has it, which is read too.
            if not (failure.instance_path[-1:] in _BOUNDS and isinstance(failure.instance, bool)):
                raise BrokenContract(file=file, problem=_problem(failure, place))


@cache
def _schema_validator() -> Validator:
    return jsonschema_rs.Draft202012Validator({"$ref": _JSON_SCHEMA})


def _schemas(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    """(place, schema) of the outermost schemas."""
    if isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _schemas(inner, f"{place}/{index}")
    elif isinstance(value, dict):
        for key, inner in value.items():
            below = f"{place}/{key}" if place else str(key)
            if key == "schema":
                yield below, inner
            elif below == "components/schemas" and isinstance(inner, dict):
                yield from ((f"{below}/{name}", each) for name, each in inner.items())
            elif isinstance(inner, (dict, list)) and key not in _VALUES:
                yield from _schemas(inner, below)


def _problem(failure: jsonschema_rs.ValidationError, place: str = "") -> str:
    """What is wrong, and where. Of alternatives the one that came nearest is told of."""
    while failure.kind.name in ("oneOf", "anyOf"):
        branches = failure.kind.as_dict().get("context", ())
        inner = [each for branch in branches for each in branch]
        if not inner:
            break
        failure = max(inner, key=lambda each: len(each.instance_path))
    steps = [place] if place else []
    steps += [str(step) for step in failure.instance_path]
    if failure.kind.name == "required":
        steps.append(failure.kind.as_dict()["property"])
    return f"at {'/'.join(steps) or 'its top'}: {describe(failure)[1][:300]}"


def _references(value: Any, place: str, *, names: bool = False) -> Iterator[tuple[str, str]]:
    """(place, target) of every reference; a property may itself be named $ref."""
    if isinstance(value, dict):
        target = value.get("$ref")
        if isinstance(target, str) and not names:
            yield place or "its top", target
        for key, inner in value.items():
            # Most are texts and numbers: a call for each would take most of the time.
            if isinstance(inner, (dict, list)) and (names or key not in _VALUES):
                below = f"{place}/{key}" if place else str(key)
                yield from _references(inner, below, names=key in _PARENT_KEYS and not names)
    else:
        for index, inner in enumerate(value):
            if isinstance(inner, (dict, list)):
                yield from _references(inner, f"{place}/{index}")


def _target(document: Mapping[str, Any], target: str) -> Any:
    """What a reference leads to; None if there is no such thing."""
    node: Any = document
    for step in target[2:].split("/"):
        name = step.replace("~1", "/").replace("~0", "~")
        if not isinstance(node, dict) or name not in node:
            return None
        node = node[name]
    return node


def _goes_round(document: Mapping[str, Any], target: str) -> bool:
    """Whether a reference leads to nothing but references, the last of them to an earlier one: by
    itself, or as a part (`allOf`) of what it is a part of."""
    seen, waiting = set(), [target]
    while waiting:
        at = waiting.pop()
        if at in seen and at == target:
            return True
        if at in seen:
            continue
        seen.add(at)
        node = _target(document, at)
        if isinstance(node, dict):
            parts = (
                [node, *node.get("allOf", ())] if isinstance(node.get("allOf"), list) else [node]
            )
            waiting += [part["$ref"] for part in parts if _is_reference(part)]
    return False


def _is_reference(part: Any) -> bool:
    return isinstance(part, dict) and isinstance(part.get("$ref"), str)
