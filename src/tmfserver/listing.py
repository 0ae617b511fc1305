"""What the command line prints: operations, contracts and settings, for people or as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from typing import Any

from marshmallow import Schema
from marshmallow.fields import Integer, List, Nested, Raw, String

from tmfserver import handling
from tmfserver import settings as settings_
from tmfserver.changes import Collection
from tmfserver.errors import BrokenContract
from tmfserver.planning import Plan, make_plan
from tmfserver.settings import Settings
from tmfserver.spec import Api, Operation, snake_case
from tmfserver.sql.address import without_secrets


class OperationShape(Schema):
    """One row of `tmfserver operations`."""

    operationId = String()  # noqa: N815 the contract's own word
    method = String()
    path = String(metadata={"help": "with the base path"})
    verb = String(allow_none=True)
    resource = String(allow_none=True)
    contract = String()
    handler = String(metadata={"help": "what carries the operation out"})


class AdaptationShape(Schema):
    """A difference between a contract and what is served, settled at load."""

    name = String()
    reason = String()
    places = Integer()


class ContractShape(Schema):
    """One contract of `tmfserver check`."""

    file = String()
    extended_by = List(String(metadata={"help": "files with more operations of this contract"}))
    title = String()
    version = String()
    base_path = String()
    resources = List(String())
    events = List(String())
    operations = Integer()
    not_served = List(String())
    problems = List(String())
    slow_to_filter = List(String(metadata={"help": "what clients may filter by without an index"}))
    adaptations = List(Nested(AdaptationShape))


class SettingShape(Schema):
    """One row of `tmfserver settings`."""

    name = String()
    environment = String()
    default = Raw()
    value = Raw()
    help = String()


def operations(settings: Settings, *, as_json: bool) -> str:
    """Every operation of every contract, with what carries it out."""
    plan = make_plan(settings)
    rows = OperationShape(many=True).dump(
        [_operation(plan, api, operation) for api in plan.apis for operation in api.operations]
    )
    if as_json:
        return json.dumps(rows, indent=2)
    columns = ("method", "path", "operationId", "handler")
    return table([columns, *([row[column] for column in columns] for row in rows)])


def _operation(plan: Plan, api: Api, operation: Operation) -> dict[str, Any]:
    return {
        "operationId": operation.operation_id,
        "method": operation.method.upper(),
        "path": api.base_path + operation.path,
        "verb": operation.verb,
        "resource": operation.resource,
        "contract": api.file.name,
        "handler": _carried_out_by(plan, operation),
    }


def _carried_out_by(plan: Plan, operation: Operation) -> str:
    handler, function = handling.replacing(plan.handlers, operation)
    if handler is not None and function is not None:
        return f"{handler.module}.{operation.function_name}"
    if operation.verb is None:
        return "none: answers 501"
    rules = f"with the rules of {handler.module}" if handler is not None else "no rules"
    return f"default {operation.verb}" + (f", {rules}" if operation.resource else "")


def check(settings: Settings, *, as_json: bool) -> tuple[str, list[BrokenContract]]:
    """What each contract needs and gives, "" for none, and what is wrong with those that cannot
    run, all in one go."""
    broken: list[BrokenContract] = []
    plan = make_plan(settings, broken.append)
    contracts = ContractShape(many=True).dump([_contract(plan, api) for api in plan.apis])
    if as_json and contracts:
        return json.dumps(contracts, indent=2), broken
    return "\n\n".join(_told(contract) for contract in contracts), broken


def _contract(plan: Plan, api: Api) -> dict[str, Any]:
    return {
        "file": str(api.file),
        "extended_by": [str(file) for file in api.extensions],
        "title": api.title,
        "version": api.version,
        "base_path": api.base_path,
        "resources": [*api.resources, *api.nested],
        "events": [
            *dict.fromkeys(
                event.name for resource in api.every_resource for event in resource.events.values()
            )
        ],
        "operations": len(api.operations),
        "not_served": [
            f"{operation.method.upper()} {operation.path} ({operation.operation_id})"
            for operation in api.operations
            if operation.verb is None
        ],
        "problems": list(_problems(api)),
        "slow_to_filter": list(_slow_to_filter(plan, api)),
        "adaptations": api.adaptations,
    }


def _problems(api: Api) -> Iterable[str]:
    """What openapi-spec-validator says of the effective contract."""
    from openapi_spec_validator import OpenAPIV30SpecValidator

    for failure in OpenAPIV30SpecValidator(dict(api.document)).iter_errors():
        place = "/".join(str(step) for step in failure.absolute_path)
        yield f"{place or 'top'}: {failure.message[:200]}"


def _slow_to_filter(plan: Plan, api: Api) -> Iterable[str]:
    """A sentence for each resource with attributes that clients like to filter by, not indexed:
    states, moments, and the ids of other resources."""
    for resource in api.resources:
        collection = plan.collection(api, resource)
        slow = [
            path
            for path in collection.types
            if path not in collection.indexed and is_filtered_by(path, collection)
        ]
        if slow:
            handler = plan.handlers.get(resource)
            place = handler.module if handler else f"{snake_case(resource)} (in --handlers)"
            yield f"{resource} by {', '.join(slow)}: add to `indexed` in the handler {place}"


def is_filtered_by(path: str, collection: Collection) -> bool:
    """Whether clients like to filter by an attribute: a state, a moment, the id of a reference."""
    above, _, last = path.rpartition(".")
    if not above:
        return last.lower().endswith(("status", "state")) or collection.types[path] == "date-time"
    is_reference = {f"{above}.href", f"{above}.@referredType"} <= collection.types.keys()
    return last == "id" and "." not in above and is_reference


def _told(contract: dict[str, Any]) -> str:
    lines = [
        f"{contract['title']} {contract['version']} ({contract['file']})",
        *(f"  extended by {file}" for file in contract["extended_by"]),
        f"  served at {contract['base_path']}, {contract['operations']} operations",
        f"  resources: {', '.join(contract['resources']) or 'none'}",
        f"  events: {', '.join(contract['events']) or 'none'}",
    ]
    lines += [f"  not served, answers 501: {operation}" for operation in contract["not_served"]]
    lines += [f"  problem: {problem}" for problem in contract["problems"]]
    lines += [f"  slow to filter: {sentence}" for sentence in contract["slow_to_filter"]]
    lines.append("  adapted:")
    for adaptation in contract["adaptations"]:
        places = f"{adaptation['places']} place{'s' if adaptation['places'] > 1 else ''}"
        lines.append(f"    {adaptation['name']} ({places}): {adaptation['reason']}")
    return "\n".join(lines)


def settings(now: Settings, *, as_json: bool) -> str:
    """Every setting, with its value as the environment has it."""
    rows = SettingShape(many=True).dump(
        [{**row, "value": _value(now, row["name"])} for row in settings_.describe()]
    )
    if as_json:
        return json.dumps(rows, indent=2)
    shown = [(row["environment"], _told_value(row["value"]), row["help"]) for row in rows]
    return table([("variable", "value", "meaning"), *shown])


def _value(now: Settings, name: str) -> Any:
    value = getattr(now, name)
    if name == "database":
        return without_secrets(value)
    return list(value) if isinstance(value, tuple) else value


def _told_value(value: Any) -> str:
    return os.pathsep.join(value) or "-" if isinstance(value, list) else str(value) or "-"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows in columns as wide as they need."""
    widths = [max(len(str(cell)) for cell in column) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(str(cell).ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
