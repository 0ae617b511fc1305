"""A profile made of nothing but a contract: samples, what is mandatory, what can be changed."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tmfserver.errors import Invalid
from tmfserver.spec import JOBS, Api, Operation, Resource
from tmfserver.spec.samples import body_for, value_for
from tmfserver.spec.schemas import Schemas

_FIRST = ("name", "description")


@dataclass(frozen=True)
class Derived:
    """See profiles.Profile. attributes: all that the resource has."""

    attributes: frozenset[str]
    create: Mapping[str, Any] | None
    always: tuple[str, ...]
    filters: tuple[str, ...]
    mandatory: tuple[str, ...]
    lasting: frozenset[str]
    patched: Mapping[str, Any]
    changes: Mapping[str, Any]
    dated: str | None
    states: tuple[str, ...]
    texts: tuple[str, ...]
    objects: tuple[str, ...]


def derived(api: Api, name: str) -> Derived:
    """What the contract alone says of a resource."""
    resource = api.resources[name]
    properties = api.schemas.properties(resource.schema)
    asked = _asked(api, name, "create") or properties
    changed = _asked(api, name, "patch") or properties
    texts = _texts(api.schemas, resource, asked, changed)
    return Derived(
        attributes=frozenset(properties) | {"id", "href"},
        create=_sample(api, name),
        always=tuple(each for each in ("id", "href") if each in properties),
        filters=tuple(each for each in ("id", "name") if each == "id" or each in texts),
        mandatory=tuple(_mandatory(api, name, resource)),
        lasting=frozenset(_required(api.schemas, api.schemas.components.get(resource.schema, {}))),
        patched=_patched(api, name),
        changes={texts[0]: "changed by a patch"} if texts else {},
        dated=next(
            (each for each in asked if _kind(api.schemas, asked[each]) == "date-time"), None
        ),
        states=_states(api.schemas, resource, asked),
        texts=texts,
        objects=tuple(
            each for each in asked
            if each in changed and _is_open_object(api.schemas, asked[each])
        ),
    )  # fmt: skip


def nested(api: Api, name: str) -> Iterator[dict[str, Any]]:
    """What is mandatory inside attributes of objects, in the words of a profile's file."""
    schemas = api.schemas
    for attribute, schema in _asked(api, name, "create").items():
        resolved = schemas.resolve(schema)
        is_array = resolved.get("type") == "array"
        inner = resolved.get("items", {}) if is_array else schema
        required = _required(schemas, inner)
        value = value_for(schemas, inner)
        whole = {**(_sample(api, name) or {}), attribute: [value] if is_array else value}
        if not required or not isinstance(value, dict) or not is_taken(api, name, whole):
            continue  # no sample can be told from the contract
        if lacking := [each for each in required if _is_missed(schemas, inner, value, each)]:
            place = "array" if is_array else "object"
            yield {"attribute": attribute, "in": place, "mandatory": lacking, "value": value}


def operation(api: Api, resource: str | None, verb: str) -> Operation | None:
    """The operation of a resource (None: of the API) with this verb, if the contract has one."""
    found = (each for each in api.operations if (each.resource, each.verb) == (resource, verb))
    return next(found, None)


def is_taken(api: Api, name: str, document: Mapping[str, Any]) -> bool:
    """Whether the contract takes this document for a create."""
    found = operation(api, name, "create")
    return found is not None and _is_valid(api.schemas, _body(found), document)


def asked_always(api: Api, found: Operation | None) -> dict[str, Any]:
    """What the body of an operation cannot do without in some media type, each with a value."""
    contents = found.definition.get("requestBody", {}).get("content", {}) if found else {}
    made: dict[str, Any] = {}
    for content in contents.values():
        schema = content.get("schema", {})
        properties = api.schemas.all_properties(api.schemas.resolve(schema))
        for name in _required(api.schemas, schema):
            made[name] = value_for(api.schemas, properties.get(name, {}))
    return made


def _asked(api: Api, name: str, verb: str) -> Mapping[str, Any]:
    """The attributes of what an operation takes."""
    found = operation(api, name, verb)
    return api.schemas.all_properties(api.schemas.resolve(_body(found))) if found else {}


def _body(found: Operation) -> Mapping[str, Any]:
    contents = found.definition.get("requestBody", {}).get("content", {})
    schema: Mapping[str, Any] = contents.get("application/json", {}).get("schema", {})
    return schema


def _sample(api: Api, name: str) -> Mapping[str, Any] | None:
    """The least that creates one; None where no contract tells, and for jobs, which would run."""
    found = None if name in JOBS else operation(api, name, "create")
    made = body_for(api, found) if found else None
    if made is None:
        return None
    left_out = (
        {"href"} if found and "id" in _required(api.schemas, _body(found)) else {"href", "id"}
    )
    return {key: value for key, value in made.items() if key not in left_out}


def _patched(api: Api, name: str) -> dict[str, Any]:
    """What each merge patch must hold; of what a create holds, with the same value."""
    asked = asked_always(api, operation(api, name, "patch"))
    sample = _sample(api, name) or {}
    return {key: sample.get(key, value) for key, value in asked.items() if key != "id"}


def _mandatory(api: Api, name: str, resource: Resource) -> Iterator[str]:
    """What a create requires, but for what is filled in where it is missing."""
    found, sample = operation(api, name, "create"), _sample(api, name)
    if not found or sample is None:
        return
    schema = _body(found)
    for each in _required(api.schemas, schema):
        asked = each in sample and each not in resource.given
        if asked and _is_missed(api.schemas, schema, sample, each):
            yield each


def _is_missed(
    schemas: Schemas, schema: Mapping[str, Any], value: Mapping[str, Any], name: str
) -> bool:
    """Whether the contract refuses the value without this attribute, defaults filled in."""
    lacking = {key: inner for key, inner in value.items() if key != name}
    return not _is_valid(schemas, schema, lacking)


def _is_valid(schemas: Schemas, schema: Mapping[str, Any], value: Mapping[str, Any]) -> bool:
    shape, filled = schemas.shape_of(schema), copy.deepcopy(dict(value))
    shape.fill(filled)
    try:
        shape.check(filled)
    except Invalid:
        return False
    return True


def _required(schemas: Schemas, schema: Mapping[str, Any]) -> list[str]:
    resolved = schemas.resolve(schema)
    found = [*resolved.get("required", ())]
    for part in resolved.get("allOf", ()):
        found += _required(schemas, part)
    return list(dict.fromkeys(found))


def _texts(
    schemas: Schemas, resource: Resource, asked: Mapping[str, Any], changed: Mapping[str, Any]
) -> tuple[str, ...]:
    """Attributes that take any text, at creation and by a patch: name and description first."""
    found = [
        each
        for each, schema in asked.items()
        if each in changed
        and each not in ("id", "href", resource.state)
        and not each.startswith("@")
        and _is_free(schemas.resolve(schema))
    ]
    return tuple(sorted(found, key=lambda each: _FIRST.index(each) if each in _FIRST else 9))


def _is_free(schema: Mapping[str, Any]) -> bool:
    told = {"enum", "format", "maxLength"} & schema.keys()
    return schema.get("type") == "string" and not told and schema.get("pattern") in (None, r"\S")


def _kind(schemas: Schemas, schema: Mapping[str, Any]) -> str:
    return str(schemas.resolve(schema).get("format", ""))


def _states(schemas: Schemas, resource: Resource, asked: Mapping[str, Any]) -> tuple[str, ...]:
    """Two values of the state, of which nobody knows whether the second may follow the first."""
    if resource.state is None or resource.state not in asked:
        return ()
    schema = schemas.resolve(asked[resource.state])
    named = [each for each in schema.get("enum", ()) if isinstance(each, str)]
    if named:
        return tuple(named[:2])
    return ("active", "suspended") if _is_free(schema) else ()


def _is_open_object(schemas: Schemas, schema: Mapping[str, Any]) -> bool:
    resolved = schemas.resolve(schema)
    if resolved.get("type") != "object" or resolved.get("minProperties"):
        return False
    return not _required(schemas, resolved) and bool(schemas.all_properties(resolved))
