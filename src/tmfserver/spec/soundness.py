"""Whether a contract is one at all: what would fail later, said at start with file and place."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from tmfserver.errors import BrokenContract

_PARENT_KEYS = ("properties", "patternProperties")


def check(file: Path, document: Mapping[str, Any]) -> None:
    """Raises BrokenContract for what breaks OpenAPI's own schema, or refers to nothing."""
    form = "v2.0" if "swagger" in document else f"v{str(document['openapi'])[:3]}"
    validator = _validator(form)
    if validator is not None and not validator.is_valid(document):
        failure = next(iter(validator.iter_errors(document)))
        place = "/".join(str(step) for step in failure.instance_path) or "its top"
        raise BrokenContract(file=file, problem=f"at {place}: {failure.message[:200]}")
    for place, target in _references(document, ""):
        if not target.startswith("#/"):
            problem = f"at {place}: the reference to '{target[:100]}' leads out of the file"
            raise BrokenContract(file=file, problem=f"{problem}, which is never followed")
        if not _leads_somewhere(document, target):
            raise BrokenContract(file=file, problem=f"at {place}: there is no '{target[:100]}'")


@cache
def _validator(form: str) -> jsonschema_rs.Draft4Validator | None:
    """OpenAPI's own schema of a form, as openapi-spec-validator carries it; None if it has none."""
    found = importlib.util.find_spec("openapi_spec_validator")
    if found is None or found.origin is None or form not in ("v2.0", "v3.0"):
        return None
    path = Path(found.origin).parent / "resources" / "schemas" / form / "schema.json"
    return jsonschema_rs.Draft4Validator(json.loads(path.read_text(encoding="utf-8")))


def _references(value: Any, place: str, *, names: bool = False) -> Iterator[tuple[str, str]]:
    """(place, target) of every reference; a property may itself be named $ref."""
    if isinstance(value, Mapping):
        target = value.get("$ref")
        if isinstance(target, str) and not names:
            yield place or "its top", target
        for key, inner in value.items():
            if key not in ("example", "examples", "default", "enum"):
                yield from _references(
                    inner, f"{place}/{key}".lstrip("/"), names=key in _PARENT_KEYS and not names
                )
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _references(inner, f"{place}/{index}")


def _leads_somewhere(document: Mapping[str, Any], target: str) -> bool:
    node: Any = document
    for step in target[2:].split("/"):
        name = step.replace("~1", "/").replace("~0", "~")
        if not isinstance(node, Mapping) or name not in node:
            return False
        node = node[name]
    return True
