"""Documents of types of their own (TMF630 Part 2): `@type` names what a document is, beyond the
resource it is found at, and such a document is checked by the schema of that type too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tmfserver import exact
from tmfserver.errors import Invalid
from tmfserver.spec.extending import ExtensionSchemas
from tmfserver.spec.flattening import TYPES
from tmfserver.spec.schemas import Schemas, Shape
from tmfserver.spec.wording import describe

_COMPONENT = "#/components/schemas/"
# How version 5 and version 4 name what is sent to create or change: not types of documents.
_NOT_TYPES = ("_FVO", "_MVO", "_Create", "_Update")


@dataclass(frozen=True)
class Extended:
    """What is known beside the contracts, and what becomes of a document of an unknown type:
    accept, warn or strict."""

    schemas: ExtensionSchemas
    policy: str


class TypedShape(Shape):
    """A resource's schema, which knows those that extend it."""

    def __init__(self, name: str, schemas: Schemas, extended: Extended) -> None:
        super().__init__({"$ref": _COMPONENT + name}, schemas)
        self._name, self._contract, self._extended = name, schemas, extended

    def typed(self, document: Mapping[str, Any]) -> list[str]:
        """Checks a whole document by its type's own schema; warnings about what has none.

        Raises Invalid, also for an unknown type where the policy is strict.
        """
        type_, location = document.get("@type"), document.get("@schemaLocation")
        if location is None and (type_ is None or type_ == self._name):
            return []
        return self._typed(document, type_, location)

    def _typed(self, document: Mapping[str, Any], type_: Any, location: Any) -> list[str]:
        subtype = self._subtypes.get(type_) if isinstance(type_, str) else None
        if subtype is not None:
            self._contract.shape(subtype).check(document)
        own = None
        if isinstance(location, str):
            own = self._extended.schemas.at(location)
        if own is None and subtype is None and type_ not in self._plain:
            own = self._extended.schemas.of_type(type_)
        if own is not None:
            whole = exact.plain(document)
            if not own.is_valid(whole):
                attribute, problem = describe(next(iter(own.iter_errors(whole))))
                raise Invalid(attribute=attribute or "the body", problem=problem)
            return []
        if subtype is not None or type_ in self._plain:
            return []
        return self._unknown(type_, location)

    def _unknown(self, type_: Any, location: Any) -> list[str]:
        if self._extended.policy == "accept":
            return []
        attribute = "@type" if location is None or type_ is not None else "@schemaLocation"
        came = type_ if attribute == "@type" else location
        known = ", ".join(sorted({self._name, *self._subtypes}))
        problem = f"got '{str(came)[:80]}', expected {known} or one of the extension schemas"
        if self._extended.policy == "strict":
            raise Invalid(attribute=attribute, problem=problem)
        return [f"{attribute}: {problem}"]

    @cached_property
    def _plain(self) -> frozenset[str]:
        """The types that any document here may say it has: the resource's and those above it."""
        found, waiting = set(), [self._name]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += _extends(self._contract.components.get(name, {}))
        return frozenset(found)

    @cached_property
    def _subtypes(self) -> Mapping[str, str]:
        """Schema by type, of what extends this resource's: by `allOf`, or by its discriminator."""
        components = self._contract.components
        found: dict[str, str] = {}
        below: dict[str, list[str]] = {}
        for name, schema in components.items():
            for above in _extends(schema):
                below.setdefault(above, []).append(name)
        waiting = [self._name]
        while waiting:
            for name in below.get(waiting.pop(), ()):
                if name not in found and not name.endswith(_NOT_TYPES):
                    found[name] = name
                    waiting.append(name)
        for type_, target in _mapped(components.get(self._name, {})).items():
            found.setdefault(type_, target.removeprefix(_COMPONENT))
        return {
            type_: name
            for type_, name in found.items()
            if name in components and type_ not in self._plain
        }


def _mapped(schema: Mapping[str, Any]) -> Mapping[str, str]:
    """What a schema's discriminator says, or said before it had to let other types be."""
    discriminator = schema.get("discriminator")
    told = discriminator.get("mapping") if isinstance(discriminator, Mapping) else schema.get(TYPES)
    return told if isinstance(told, Mapping) else {}


def _extends(schema: Mapping[str, Any]) -> list[str]:
    """The named schemas that a schema is made of."""
    parts = [part.get("$ref", "").removeprefix(_COMPONENT) for part in schema.get("allOf", ())]
    return [*filter(None, parts), *schema.get("x-extends", ())]
