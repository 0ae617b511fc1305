"""What is asked of an API's resources beyond its contract: read from a profile, else derived."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tmfserver.conformance.deriving import Derived, derived, nested
from tmfserver.spec import Api

ALL_METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")


@dataclass(frozen=True)
class Nested:
    """What is mandatory inside an attribute, or inside its part `inner`, where it is present.

    value: a whole one; where `is_array`, of an element.
    """

    attribute: str
    is_array: bool
    inner: str | None
    mandatory: tuple[str, ...]
    value: Mapping[str, Any]

    def whole(self, leave_out: str | None = None) -> Any:
        """A value of the attribute, without one of its mandatory parts if that is named."""
        value = copy.deepcopy(dict(self.value))
        part = value if self.inner is None else value[self.inner]
        part = part[0] if isinstance(part, list) else part
        if leave_out is not None:
            del part[leave_out]
        return [value] if self.is_array else value


@dataclass(frozen=True)
class Profile:
    """What is asked of one resource; `specs/profiles` says the same words in JSON.

    create: the least that a create holds, None where none can be made. always: what every answer
    has. mandatory: what a create may leave neither missing, null nor blank; lasting: what the
    resource's own schema requires, so that a patch may not either. changes: new values for a patch.
    texts: attributes for free texts, in the order in which they are used. objects: attributes for
    objects that may be empty. operations: methods without which there is no certificate.
    """

    resource: str
    create: Mapping[str, Any] | None
    always: tuple[str, ...]
    filters: tuple[str, ...]
    selection: tuple[str, ...]
    mandatory: tuple[str, ...]
    lasting: frozenset[str]
    changes: Mapping[str, Any]
    dated: str | None
    states: tuple[str, ...]
    texts: tuple[str, ...]
    objects: tuple[str, ...]
    nested: tuple[Nested, ...]
    operations: tuple[str, ...] = ALL_METHODS
    created_by_kit: bool = True
    anonymous: bool = False

    def document(self, **more: Any) -> dict[str, Any]:
        """The least that a create holds, and more."""
        return {**copy.deepcopy(dict(self.create or {})), **more}


def profiles(api: Api, folders: Iterable[Path]) -> dict[str, Profile]:
    """The profile of each of an API's resources, from those folders' files where one is for it."""
    stated = _stated(api, folders)
    return {name: _profile(api, name, stated) for name in api.resources}


def _stated(api: Api, folders: Iterable[Path]) -> Mapping[str, Any]:
    for folder in folders:
        for file in sorted(folder.glob("*.json")):
            found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            if found.get("basePath", "").rstrip("/") == api.base_path.rstrip("/"):
                return found
    return {}


def _profile(api: Api, name: str, stated: Mapping[str, Any]) -> Profile:
    facts = derived(api, name)
    mine: Mapping[str, Any] = stated.get("resources", {}).get(name, {})
    inside = [
        Nested(one["attribute"], one["in"] == "array", one.get("inner"),
               tuple(one["mandatory"]), one["value"])
        for one in (stated["nested"] if "nested" in stated else nested(api, name))
        if one["attribute"] in facts.attributes
    ]  # fmt: skip
    always = _known(facts, mine.get("always", facts.always))
    return Profile(
        resource=name,
        create=mine.get("create", facts.create),
        always=always,
        filters=_known(facts, mine.get("filters", facts.filters)),
        selection=_known(facts, mine.get("selection", facts.filters)),
        mandatory=_known(facts, mine.get("mandatory", facts.mandatory)),
        lasting=facts.lasting,
        changes=mine.get("changes", facts.changes),
        dated=mine.get("dated", facts.dated),
        states=tuple(mine.get("states", facts.states)),
        texts=facts.texts,
        objects=facts.objects,
        nested=tuple(inside),
        operations=tuple(mine.get("operations", ALL_METHODS)),
        created_by_kit=mine.get("created_by_kit", True),
        anonymous=stated.get("anonymous") == name,
    )


def _known(facts: Derived, names: Iterable[str]) -> tuple[str, ...]:
    """Those that this version of the contract has."""
    return tuple(name for name in names if name in facts.attributes)
