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
from tmfserver.spec.dialect import Applied, adapt
from tmfserver.spec.events import EventType, declared
from tmfserver.spec.openapi import operations
from tmfserver.spec.partial import SELECTION
from tmfserver.spec.schemas import Schemas
from tmfserver.spec.types import attribute_types
from tmfserver.spec.verbs import Verb, classify

_COMPONENT = "#/components/schemas/"
_STAMPS = ("lastUpdate", "lastModified")


@dataclass(frozen=True)
class Operation:
    """One operation of a contract, and the default verb that carries it out (None: none does)."""

    operation_id: str
    method: str
    path: str
    verb: Verb | None
    resource: str | None
    event: str | None
    definition: Mapping[str, Any] = field(repr=False)

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
    types, arrays: see repository.Collection.
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

    @cached_property
    def schemas(self) -> Schemas:
        return Schemas(self.document)

    def collection_name(self, resource: str) -> str:
        """Names a resource's documents among all APIs', e.g. "accountManagement/v4/account"."""
        return f"{self.base_path.removeprefix('/tmf-api').strip('/')}/{resource}"


def build(path: Path, raw: Mapping[str, Any], extensions: tuple[Path, ...] = ()) -> Api:
    document, adaptations = adapt(raw)
    found = tuple(_operation(path, *entry) for entry in operations(document))
    if not found:
        raise BrokenContract(file=path, problem="it has no operations")
    _refuse_doubles(path, found)
    info = document.get("info", {})
    return Api(
        file=path,
        title=str(info.get("title", path.stem)),
        version=str(info.get("version", "")),
        base_path=document["servers"][0]["url"],
        document=document,
        adaptations=adaptations,
        operations=found,
        resources=_resources(document, found),
        extensions=extensions,
    )


def _refuse_doubles(file: Path, found: tuple[Operation, ...]) -> None:
    seen: dict[str, Operation] = {}
    for operation in found:
        other = seen.setdefault(operation.operation_id, operation)
        if other is not operation:
            raise BrokenContract(
                file=file,
                problem=f"{operation.method.upper()} {operation.path} and {other.method.upper()} "
                f"{other.path} have the same operationId '{operation.operation_id}'",
            )


def snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _operation(file: Path, method: str, path: str, definition: Mapping[str, Any]) -> Operation:
    verb, name = classify(method, path, definition)
    operation_id = definition.get("operationId")
    if not operation_id:
        raise BrokenContract(file=file, problem=f"{method.upper()} {path} has no operationId")
    listens = verb == "listen"
    return Operation(
        operation_id, method, path, verb, None if listens else name, name if listens else None,
        definition,
    )  # fmt: skip


def _resources(document: Mapping[str, Any], found: tuple[Operation, ...]) -> Mapping[str, Resource]:
    names = dict.fromkeys(
        operation.resource for operation in found if operation.verb and operation.resource
    )
    listened = [
        (operation.event, _asked({operation.verb: operation}, "listen"))
        for operation in found
        if operation.event
    ]
    events = declared(Schemas(document), listened, [name for name in names if name])
    return {name: _resource(document, name, found, events) for name in names if name}


def _resource(
    document: Mapping[str, Any],
    name: str,
    found: tuple[Operation, ...],
    events: Mapping[str, EventType],
) -> Resource:
    mine = {operation.verb: operation for operation in found if operation.resource == name}
    schema = _answered(mine)
    schemas = Schemas(document)
    properties = schemas.properties(schema)
    create = schemas.properties(_asked(mine, "create")) or properties
    update = schemas.properties(_asked(mine, "patch")) or properties
    types, arrays = attribute_types(schemas, schema)
    return Resource(
        name=name,
        schema=schema,
        given=frozenset(properties) - frozenset(create) - {"id"},
        kept=(frozenset(properties) - frozenset(update)) | {"id"},
        stamped=tuple(stamp for stamp in _STAMPS if stamp in properties),
        state=next(
            (key for key in ("status", "state", "lifecycleStatus") if key in properties), None
        ),
        types=types,
        arrays=arrays,
        events={event.kind: event for event in events.values() if event.resource == name},
    )


def _answered(mine: Mapping[Verb | None, Operation]) -> str:
    """The schema that a resource's operations answer with."""
    for verb in ("retrieve", "create", "patch", "replace", "list"):
        for status in ("200", "201"):
            if verb in mine:
                answer = mine[verb].definition["responses"].get(status, {})
                schema = _first_schema(answer)
                if name := schema.get("items", schema).get("$ref", "").removeprefix(_COMPONENT):
                    return str(name).removesuffix(SELECTION)
    return ""


def _asked(mine: Mapping[Verb | None, Operation], verb: Verb) -> str:
    """The schema that an operation's body has."""
    if verb not in mine:
        return ""
    schema = _first_schema(mine[verb].definition.get("requestBody", {}))
    return str(schema.get("$ref", "")).removeprefix(_COMPONENT)


def _first_schema(described: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of a body's or an answer's first media type."""
    for content in described.get("content", {}).values():
        found: Mapping[str, Any] = content.get("schema", {})
        return found
    return {}
