"""What a contract says, as values: its operations, resources and events."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tmfserver.errors import BrokenContract
from tmfserver.query.ast import ValueType
from tmfserver.spec.described import Definitions, answered, asked, by_resource
from tmfserver.spec.dialect import Applied, adapt
from tmfserver.spec.events import EventType, declared
from tmfserver.spec.openapi import operations
from tmfserver.spec.schemas import Schemas
from tmfserver.spec.types import attribute_types
from tmfserver.spec.verbs import ATTRIBUTE, HOLDER, OWN, PLACE, VIEW, Verb, classify

_STAMPS = ("lastUpdate", "lastModified")


@dataclass(frozen=True)
class Operation:
    """One operation of a contract, and the default verb that carries it out (None: none does).

    place: the path of the collection, where that stands in instances of another.
    holder: the attribute by which documents of the resource name what the path begins with.
    attribute, view: what of an instance the operation is about, where it is about a part of it: an
    attribute's value, or several attributes.
    """

    operation_id: str
    method: str
    path: str
    verb: Verb | None
    resource: str | None
    event: str | None
    definition: Mapping[str, Any] = field(repr=False)
    place: str = ""
    holder: str = ""
    attribute: str = ""
    view: tuple[str, ...] = ()

    @property
    def function_name(self) -> str:
        """The name of the handler's function that replaces this operation."""
        return snake_case(self.operation_id)


@dataclass(frozen=True)
class Resource:
    """What a contract says of one resource.

    kept: attributes that the contract's update schema leaves out, so that a patch may not change
    them; given: those that its create schema leaves out, but the id, which a client may bring.
    stamped: attributes that hold the time of the last change.
    types, arrays: see changes.Collection.
    """

    name: str
    schema: str
    given: frozenset[str]
    kept: frozenset[str]
    stamped: tuple[str, ...]
    state: str | None
    types: Mapping[str, ValueType] = field(repr=False)
    arrays: frozenset[str] = field(repr=False)
    events: Mapping[str, EventType] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Nested:
    """A resource whose documents stand in those of another, such as /thing/{thingId}/part.

    place: the path of its collection, with its variables. parent: what they stand in, by its name
    among the API's resources or nested ones; "" where the contract has none such.
    """

    resource: Resource
    place: str
    parent: str


@dataclass(frozen=True)
class Api:
    """One contract: where it came from, what is served under its base path.

    extensions: other files with operations under the same base path, which are served with it.
    """

    file: Path
    title: str
    version: str
    base_path: str
    document: Mapping[str, Any] = field(repr=False)
    adaptations: tuple[Applied, ...] = field(repr=False)
    operations: tuple[Operation, ...] = field(repr=False)
    resources: Mapping[str, Resource] = field(repr=False)
    extensions: tuple[Path, ...] = ()
    nested: Mapping[str, Nested] = field(default_factory=dict, repr=False)

    @cached_property
    def schemas(self) -> Schemas:
        return Schemas(self.document)

    @property
    def every_resource(self) -> list[Resource]:
        """The nested ones, too."""
        return [*self.resources.values(), *(each.resource for each in self.nested.values())]

    def resource(self, name: str) -> Resource:
        return self.nested[name].resource if name in self.nested else self.resources[name]

    def collection_name(self, resource: str) -> str:
        """Names a resource's documents among all APIs', e.g. "accountManagement/v4/account"."""
        return f"{self.base_path.removeprefix('/tmf-api').strip('/')}/{resource}"


def build(path: Path, raw: Mapping[str, Any], extensions: tuple[Path, ...] = ()) -> Api:
    document, adaptations = adapt(raw)
    found = tuple(_operation(*entry) for entry in operations(document))
    if not found:
        raise BrokenContract(file=path, problem="it has no operations")
    info = document.get("info", {})
    resources = _resources(document, found)
    nested = {operation.resource or "": operation.place for operation in found if operation.place}
    return Api(
        file=path,
        title=str(info.get("title", path.stem)),
        version=str(info.get("version", "")),
        base_path=document["servers"][0]["url"],
        document=document,
        adaptations=adaptations,
        operations=found,
        resources={name: each for name, each in resources.items() if name not in nested},
        extensions=extensions,
        nested={
            name: Nested(resources[name], place, _parent(name, resources))
            for name, place in nested.items()
        },
    )


def _parent(name: str, resources: Mapping[str, Resource]) -> str:
    above = name.rpartition("/")[0]
    return above if above in resources else ""


def snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _operation(method: str, path: str, definition: Mapping[str, Any]) -> Operation:
    verb, name = classify(method, path, definition)
    listens = verb == "listen"
    said = definition.get(OWN, {})
    return Operation(
        definition["operationId"],
        method,
        path,
        verb,
        None if listens else name or None,
        name if listens else None,
        definition,
        said.get(PLACE, ""),
        said.get(HOLDER, ""),
        said.get(ATTRIBUTE, ""),
        tuple(filter(None, said.get(VIEW, "").split(","))),
    )


def _resources(document: Mapping[str, Any], found: tuple[Operation, ...]) -> dict[str, Resource]:
    mine = by_resource((each.method, each.path, each.definition) for each in found)
    listened = [
        (operation.event, asked({operation.verb: operation.definition}, "listen"))
        for operation in found
        if operation.event
    ]
    events = declared(Schemas(document), listened, [_last(name) for name in mine])
    return {name: _resource(document, name, mine[name], events) for name in mine}


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def _resource(
    document: Mapping[str, Any],
    name: str,
    mine: Definitions,
    events: Mapping[str, EventType],
) -> Resource:
    schema = answered(mine)
    schemas = Schemas(document)
    properties = schemas.properties(schema)
    create = schemas.properties(asked(mine, "create")) or properties
    update = schemas.properties(asked(mine, "patch")) or properties
    types, arrays = attribute_types(schemas, schema)
    return Resource(
        name=_last(name),
        schema=schema,
        given=frozenset(properties) - frozenset(create) - {"id"},
        kept=(frozenset(properties) - frozenset(update)) | {"id"},
        stamped=tuple(stamp for stamp in _STAMPS if stamp in properties),
        state=next(
            (key for key in ("status", "state", "lifecycleStatus") if key in properties), None
        ),
        types=types,
        arrays=arrays,
        events={event.kind: event for event in events.values() if event.resource == _last(name)},
    )
