"""What a contract says, without its prose: plain facts that can be kept, and compared later.

They are those of the effective contract, so that what is compared is what is served. Schemas stay
as they refer to each other, which is short; `spec/flat.py` puts them together where they are read.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from tmfserver.spec.later import Later
from tmfserver.spec.model import Api, Operation, Resource

_COMPONENT = "#/components/schemas/"
_VARIABLE = re.compile(r"\{[^}]*\}")


@dataclass(frozen=True)
class Facts:
    """What is compared of a contract.

    operations: by method and path, as "GET /thing/{}", for variables have other names elsewhere:
    operationId, resource, parameters by "place name", media types of the body, statuses.
    resources: by name: schema of the whole and of what creates one, which attributes a patch may
    not change, and events by kind.
    schemas: JSON Schemas by name, those that the resources need.
    """

    title: str
    version: str
    base_path: str
    operations: Mapping[str, Mapping[str, Any]] = field(repr=False)
    resources: Mapping[str, Mapping[str, Any]] = field(repr=False)
    schemas: Mapping[str, Mapping[str, Any]] = field(repr=False)


def facts_of(api: Api) -> Facts:
    """The facts of a contract that was read."""
    told = {event.name for each in api.resources.values() for event in each.events.values()}
    resources = {name: _resource(api, resource) for name, resource in api.resources.items()}
    return Facts(
        title=api.title,
        version=api.version,
        base_path=api.base_path,
        operations={
            f"{each.method.upper()} {_VARIABLE.sub('{}', each.path)}": _operation(each)
            for each in api.operations
            if each.verb != "listen" or not told & {_capital(each.event or "")}
        },
        resources=resources,
        schemas=api.schemas.plain(
            [[each["whole"], each["created"]] for each in resources.values()]
        ),
    )


def rename(facts: Facts, names: Mapping[str, Mapping[str, str]]) -> Facts:
    """The same where the attributes of some resources are called otherwise. names: by resource, old
    → new; those at the top of a document."""
    resources = dict(facts.resources)
    for name, pairs in names.items():
        known = resources[name]
        whole, created = (
            _renamed(known[part], facts.schemas, pairs) for part in ("whole", "created")
        )
        kept = [pairs.get(each, each) for each in known["kept"]]
        resources[name] = {**known, "whole": whole, "created": created, "kept": kept}
    return replace(facts, resources=resources)


def _renamed(
    schema: Mapping[str, Any],
    schemas: Mapping[str, Any],
    names: Mapping[str, str],
    above: tuple[str, ...] = (),
) -> dict[str, Any]:
    """A schema of its own: what it refers to is others' schema, too."""
    if "$ref" in schema:
        target = str(schema["$ref"]).removeprefix(_COMPONENT)
        if target in above:
            return {}
        return _renamed(schemas.get(target, {}), schemas, names, (*above, target))
    made = dict(schema)
    if "properties" in made:
        pairs = made["properties"].items()
        made["properties"] = {names.get(name, name): each for name, each in pairs}
    if "required" in made:
        made["required"] = [names.get(name, name) for name in made["required"]]
    for key in ("allOf", "oneOf", "anyOf"):
        if key in made:
            made[key] = [_renamed(part, schemas, names, above) for part in made[key]]
    return made


def let_go(api: Api) -> None:
    """Forgets what of a contract was parsed for its facts, which may be long before a request."""
    for part in (api.document, *[operation.definition for operation in api.operations]):
        if isinstance(part, Later):
            part.let_go()
    vars(api).pop("schemas", None)


def _operation(operation: Operation) -> dict[str, Any]:
    definition = operation.definition
    return {
        "id": operation.operation_id,
        "path": operation.path,
        "resource": operation.resource,
        "parameters": {
            f"{each['in']} {each['name']}": bool(each.get("required"))
            for each in definition.get("parameters", ())
            if each.get("in") in ("query", "header")
        },
        "takes": sorted(definition.get("requestBody", {}).get("content", {})),
        "statuses": sorted(str(status) for status in definition.get("responses", {})),
    }


def _resource(api: Api, resource: Resource) -> dict[str, Any]:
    bodies = [
        content["schema"]
        for operation in api.operations
        if operation.resource == resource.name and operation.verb == "create"
        for content in operation.definition.get("requestBody", {}).get("content", {}).values()
        if "schema" in content
    ]
    return {
        "whole": {"$ref": _COMPONENT + resource.schema} if resource.schema else {},
        "created": bodies[0] if bodies else {},
        "kept": sorted(resource.kept),
        "events": {
            event.kind: {"name": event.name, "attributes": sorted(event.attributes)}
            for event in resource.events.values()
        },
    }


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def pack(facts: Facts) -> bytes:
    """The facts as they are kept in a database; equal facts are equal bytes."""
    return zlib.compress(orjson.dumps(vars(facts), option=orjson.OPT_SORT_KEYS))


def unpack(packed: bytes) -> Facts:
    return Facts(**orjson.loads(zlib.decompress(packed)))


def content_hash(api: Api) -> str:
    """Of the files' bytes: while it is the same, nothing needs to be compared."""
    found = hashlib.sha256()
    for file in (api.file, *api.extensions):
        found.update(hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()
