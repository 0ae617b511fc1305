"""The conformance facts of `specs/profiles`, as values for the tests; `facts.json` says which."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_HERE = Path(__file__)
_PROFILES = _HERE.parents[2] / "specs" / "profiles"
FACTS: dict[str, Any] = json.loads(_HERE.with_name("facts.json").read_text(encoding="utf-8"))
PROFILES: dict[str, dict[str, Any]] = {
    name: json.loads((_PROFILES / facts["profile"]).read_text(encoding="utf-8"))
    for name, facts in FACTS["apis"].items()
}
_PYTHON: dict[str, type] = {"string": str, "array": list}


@dataclass(frozen=True)
class ResourceFacts:
    """What the kits ask of one resource."""

    api: str
    name: str
    path: str
    create: Mapping[str, Any]
    always: tuple[str, ...]
    types: Mapping[str, str]
    filters: tuple[str, ...]
    selection: tuple[str, ...]
    mandatory: tuple[str, ...]
    changes: Mapping[str, Any]
    dated: str | None

    def document(self, **more: Any) -> dict[str, Any]:
        """The least that a create holds, and more."""
        return {**copy.deepcopy(dict(self.create)), **more}

    def check_row(self, row: Mapping[str, Any]) -> None:
        """Every answer has the attributes that are always there, of their type."""
        assert set(self.always) <= row.keys()
        for attribute, kind in self.types.items():
            assert isinstance(row[attribute], _PYTHON[kind]), attribute
            assert row[attribute], f"{attribute} is empty"


@dataclass(frozen=True)
class NestedFacts:
    """An attribute that, if it is present, has mandatory attributes of its own."""

    resource: ResourceFacts
    attribute: str
    is_array: bool
    inner: str | None
    mandatory: tuple[str, ...]
    value: Mapping[str, Any]

    def document(self, leave_out: str | None = None) -> dict[str, Any]:
        """A document that has the attribute, whole or with one of its parts left out."""
        value = copy.deepcopy(dict(self.value))
        part = value if self.inner is None else value[self.inner]
        part = part[0] if isinstance(part, list) else part
        if leave_out is not None:
            del part[leave_out]
        return self.resource.document(**{self.attribute: [value] if self.is_array else value})


def _types(resource: Mapping[str, Any]) -> dict[str, str]:
    """Of what is always there, but for objects: texts, unless a create says otherwise."""
    sample = {name: resource["create"].get(name, "") for name in resource["always"]}
    kinds = {str: "string", list: "array"}
    return {name: kinds[type(v)] for name, v in sample.items() if type(v) in kinds}


RESOURCES: dict[str, ResourceFacts] = {
    name: ResourceFacts(
        api=api,
        name=name,
        path=profile["basePath"] + name,
        create=resource["create"],
        always=tuple(resource["always"]),
        types=_types(resource),
        filters=tuple(resource["filters"]),
        selection=tuple(resource["selection"]),
        mandatory=tuple(resource["mandatory"]),
        changes=resource["changes"],
        dated=resource["dated"],
    )
    for api, profile in PROFILES.items()
    for name, resource in profile["resources"].items()
}

NESTED: tuple[NestedFacts, ...] = tuple(
    NestedFacts(
        resource=RESOURCES[resource],
        attribute=nested["attribute"],
        is_array=nested["in"] == "array",
        inner=nested.get("inner"),
        mandatory=tuple(nested["mandatory"]),
        value=nested["value"],
    )
    for resource, nested in zip(FACTS["nested_in"], PROFILES["TMF666"]["nested"], strict=True)
)

BASE_PATHS: dict[str, str] = {name: profile["basePath"] for name, profile in PROFILES.items()}
PUBLISHED: tuple[str, ...] = tuple(facts["published"] for facts in FACTS["apis"].values())
CONTRACTS: tuple[str, ...] = tuple(facts["contract"] for facts in FACTS["apis"].values())
SAMPLES: dict[str, ResourceFacts] = {
    file: RESOURCES[name] for file, name in FACTS["samples"].items()
}
