"""Which schemas a resource's operations name, and which status each answers with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tmfserver.spec.openapi import JSON
from tmfserver.spec.partial import COMPONENT, SELECTION
from tmfserver.spec.verbs import HOLDER, OWN, Verb, classify

Definition = Mapping[str, Any]
Definitions = Mapping[Verb | None, Definition]

# The statuses that a verb can answer with when all is well, those first that TM Forum means.
_GOOD: Mapping[str, tuple[str, ...]] = {
    "list": ("200",),
    "retrieve": ("200",),
    "create": ("201", "200", "202", "204"),
    "patch": ("200", "201", "202", "204"),
    "replace": ("200", "201", "202", "204"),
    "delete": ("204", "200", "202"),
}
_GOOD_OF_PARTS: Mapping[str, tuple[str, ...]] = {
    "put_part": ("200", "204", "201", "202"),
    "patch_part": ("200", "204", "201", "202"),
}

# What each verb's default answers with.
USUAL: Mapping[str, int] = {
    verb: int(good[0]) for verb, good in {**_GOOD, **_GOOD_OF_PARTS}.items()
}


def status_of(verb: Verb | None, definition: Definition) -> int:
    """The status of the operation's answer when all is well, as its contract has it."""
    good = _GOOD.get(verb or "") or _GOOD_OF_PARTS.get(verb or "", ("200",))
    return int(next((status for status in good if status in definition["responses"]), good[0]))


def by_resource(operations: Iterable[tuple[str, str, Definition]]) -> Mapping[str, Definitions]:
    """The operations on each resource's own collection, by verb; not those that find it through
    another resource that holds it."""
    found: dict[str, dict[Verb | None, Definition]] = {}
    for method, path, definition in operations:
        verb, name = classify(method, path, definition)
        if verb in _GOOD and name and HOLDER not in definition.get(OWN, {}):
            found.setdefault(name, {}).setdefault(verb, definition)
    return found


def answered(mine: Definitions) -> str:
    """The schema that a resource's operations answer with; where none does, that of a new one."""
    for verb in ("retrieve", "create", "patch", "replace", "list"):
        for status in ("200", "201", "202"):
            if verb in mine:
                answer = mine[verb]["responses"].get(status, {})
                schema = schema_of(answer)
                if name := schema.get("items", schema).get("$ref", "").removeprefix(COMPONENT):
                    return str(name).removesuffix(SELECTION)
    return asked(mine, "create")


def asked(mine: Definitions, verb: Verb) -> str:
    """The schema that an operation's body has."""
    schema = schema_of(mine.get(verb, {}).get("requestBody", {}))
    return str(schema.get("$ref", "")).removeprefix(COMPONENT)


def schema_of(described: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of a body's or an answer's JSON."""
    content = described.get("content", {})
    found: Mapping[str, Any] = content.get(JSON, {}).get("schema", {})
    return found


def declare_answers(document: dict[str, Any], entries: list[tuple[str, str, Definition]]) -> int:
    """Declares the good answer where a contract leaves it open, and what is in it."""
    places = 0
    resources = by_resource(entries)
    for method, path, definition in entries:
        verb, name = classify(method, path, definition)
        if verb not in _GOOD or name is None:
            continue
        status = str(status_of(verb, definition))
        answer = definition["responses"].setdefault(status, {"description": "Done."})
        schema = answered(resources.get(name, {}))
        if verb == "delete" or status == "204" or "content" in answer or not schema:
            continue
        one = {"$ref": COMPONENT + schema}
        whole = {"type": "array", "items": one} if verb == "list" else one
        answer["content"] = {JSON: {"schema": whole}}
        places += 1
    return places
