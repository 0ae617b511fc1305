"""A contract's schemas, compiled: checks documents, fills in defaults, says what is wrong.

jsonschema-rs checks a document of 1.5 KB in 2 µs; a schema is compiled (0.3 to 4 ms) when it is
first needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import jsonschema_rs

from tmfserver import exact
from tmfserver.errors import Invalid
from tmfserver.spec.conditions import DRAFT, NEWER
from tmfserver.spec.json_schema import to_json_schema
from tmfserver.spec.wording import describe, foremost


class Schemas:
    """The schemas of one contract in OpenAPI 3.0 form."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._shapes: dict[str, Shape] = {}
        self._plain: dict[str, tuple[Any, tuple[str, ...]]] = {}

    def shape(self, name: str) -> Shape:
        """The named schema of the contract's components."""
        return self.shape_of({"$ref": f"#/components/schemas/{name}"})

    def shape_of(self, schema: Mapping[str, Any]) -> Shape:
        """A schema that stands anywhere in the contract; what is equal is compiled once."""
        key = repr(schema)
        if key not in self._shapes:
            self._shapes[key] = Shape(schema, self)
        return self._shapes[key]

    def resolve(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """The schema itself, or what its reference points to."""
        seen = set()
        while (target := schema.get("$ref")) and target not in seen:
            seen.add(target)
            schema = self.components.get(target.rsplit("/", 1)[-1], {})
        return schema

    @property
    def components(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._document.get("components", {}).get("schemas", {})
        return found

    def properties(self, name: str) -> Mapping[str, Any]:
        """The attributes of a named schema, those of its `allOf` parts included."""
        return self.all_properties(self.components.get(name, {}))

    def all_properties(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        found: dict[str, Any] = {}
        for part in schema.get("allOf", ()):
            found.update(self.all_properties(self.resolve(part)))
        found.update(schema.get("properties", {}))
        return found

    @property
    def is_newer(self) -> bool:
        """Whether the schemas are to be read as JSON Schema 2020-12, else as Draft 4."""
        return self._document.get(DRAFT) == NEWER

    def plain(self, schema: Any) -> dict[str, Any]:
        """The components that a schema needs as JSON Schema, prose left out."""
        found: dict[str, Any] = {}
        waiting = list(_referred(schema))
        while waiting:
            name = waiting.pop()
            if name not in found and name in self.components:
                if name not in self._plain:
                    plain = to_json_schema(self.components[name], newer=self.is_newer)
                    self._plain[name] = plain, tuple(_referred(plain))
                found[name], more = self._plain[name]
                waiting += more
        return found


class Shape:
    """One compiled schema."""

    def __init__(self, schema: Mapping[str, Any], schemas: Schemas) -> None:
        self._schema, self._schemas = schema, schemas

    @cached_property
    def _validator(self) -> jsonschema_rs.Draft4Validator | jsonschema_rs.Draft202012Validator:
        newer = self._schemas.is_newer
        root = to_json_schema(self._schema, newer=newer)
        root["components"] = {"schemas": self._schemas.plain(root)}
        if "$ref" in root:
            root = {"allOf": [{"$ref": root.pop("$ref")}], **root}
        draft = jsonschema_rs.Draft202012Validator if newer else jsonschema_rs.Draft4Validator
        return draft(root, validate_formats=True)

    @cached_property
    def _defaults(self) -> dict[str, Any]:
        return _default_plan(self._schema, self._schemas, ())

    def fill(self, value: Any) -> None:
        """Puts the contract's defaults where attributes are missing, in place."""
        if self._defaults:
            _fill(value, self._defaults)

    def typed(self, document: Mapping[str, Any]) -> list[str]:
        """Warnings about a document's own type; see subtypes.TypedShape."""
        return []

    def check(self, value: Any) -> None:
        """Raises Invalid, naming the attribute, what came and what was expected."""
        if self._holds(value):
            return
        # The validator knows no exact numbers, and so finds that none is valid.
        failure = foremost(iter(self._validator.iter_errors(exact.plain(value))))
        if failure is not None:
            attribute, problem = describe(failure)
            raise Invalid(attribute=attribute or "the body", problem=problem)

    def _holds(self, value: Any) -> bool:
        try:
            return self._validator.is_valid(value)
        except ValueError:
            return False


def _referred(schema: Any) -> Iterator[str]:
    """The names of the components that a schema refers to."""
    if isinstance(schema, list):
        for inner in schema:
            yield from _referred(inner)
    elif isinstance(schema, Mapping):
        target = schema.get("$ref")
        if isinstance(target, str):
            yield target.rsplit("/", 1)[-1]
        for inner in schema.values():
            yield from _referred(inner)


def _default_plan(schema: Any, schemas: Schemas, above: tuple[str, ...]) -> dict[str, Any]:
    """{attribute: ("default", value), ("copy", attribute) or ("inside", plan)}, where there are."""
    target = schema.get("$ref", "")
    if target in above:
        return {}
    above = (*above, target) if target else above
    schema = schemas.resolve(schema)
    if schema.get("type") == "array":
        return _default_plan(schema.get("items", {}), schemas, above)
    plan: dict[str, Any] = {}
    for part in schema.get("allOf", ()):
        plan.update(_default_plan(part, schemas, above))
    for name, source in schema.get("x-copied", {}).items():
        plan[name] = ("copy", source)
    for name, inner in schema.get("properties", {}).items():
        resolved = schemas.resolve(inner)
        if "default" in resolved and name in schema.get("x-filled", ()):
            plan[name] = ("default", resolved["default"])
        else:
            items = inner.get("items", inner) if resolved.get("type") == "array" else inner
            if inside := _default_plan(items, schemas, above):
                plan[name] = ("inside", inside)
    return plan


def _fill(value: Any, plan: Mapping[str, Any]) -> None:
    if isinstance(value, list):
        for element in value:
            _fill(element, plan)
    elif isinstance(value, dict):
        for name, (kind, what) in plan.items():
            if kind == "inside":
                if name in value:
                    _fill(value[name], what)
            elif kind == "default":
                value.setdefault(name, what)
            elif name not in value and what in value:
                value[name] = value[what]
