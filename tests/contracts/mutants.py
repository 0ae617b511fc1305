"""Contracts that TM Forum has not written: known ones, spelled in other ways.

Each function is given a contract of its own to change, and a source of chance; `mutate` applies
some of them. What the contract describes stays the same, so that the same documents live in it.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import yaml

from tests.contracts.drawing import operations
from tmfserver.spec.openapi import from_swagger

Contract = dict[str, Any]
Chance = random.Random
SEEDED = ("hub", "listener")


def _collections(contract: Contract) -> list[str]:
    """The resources that have a path of their own."""
    steps = [path.strip("/").split("/") for path in contract["paths"]]
    return [each[0] for each in steps if len(each) == 1 and each[0] not in SEEDED]


def _move(contract: Contract, moved: Callable[[list[str]], list[str]]) -> None:
    contract["paths"] = {
        "/" + "/".join(moved(path.strip("/").split("/"))): item
        for path, item in contract["paths"].items()
    }


def _schemas(contract: Contract) -> dict[str, Any]:
    found: dict[str, Any] = contract.get("definitions") or contract["components"]["schemas"]
    return found


def _every(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        for inner in list(value.values()):
            yield from _every(inner)
        yield value
    elif isinstance(value, list):
        for inner in value:
            yield from _every(inner)


def other_resources(contract: Contract, chance: Chance) -> None:
    """Resources by other names, in their paths and in those of their events."""
    names = {name: f"gizmo{name[0].upper()}{name[1:]}" for name in _collections(contract)}

    def moved(steps: list[str]) -> list[str]:
        if steps[0] == "listener":
            steps[1:] = ["gizmo" + step[0].upper() + step[1:] for step in steps[1:]]
        return [names.get(step, step) for step in steps]

    _move(contract, moved)


def other_variables(contract: Contract, chance: Chance) -> None:
    """Path parameters by any name."""
    for path in list(contract["paths"]):
        steps = path.strip("/").split("/")
        if len(steps) == 2 and steps[1] == "{id}":
            item = contract["paths"].pop(path)
            contract["paths"][f"/{steps[0]}/{{the{steps[0]}Key}}"] = item
            for each in _every(item):
                if each.get("in") == "path" and each.get("name") == "id":
                    each["name"] = f"the{steps[0]}Key"


def deeper(contract: Contract, chance: Chance) -> None:
    """A resource that stands in another, or in one that the contract does not have."""
    names = _collections(contract)
    moved_name = chance.choice(names)
    creatable = [
        name for name in names if name != moved_name and "post" in contract["paths"][f"/{name}"]
    ]
    holder = chance.choice([*creatable, "somewhere"])

    def moved(steps: list[str]) -> list[str]:
        return [holder, f"{{{holder}Id}}", *steps] if steps[0] == moved_name else steps

    _move(contract, moved)
    variable = {"name": f"{holder}Id", "in": "path", "required": True}
    kind = {"type": "string"}
    described = {**variable, **kind} if "swagger" in contract else {**variable, "schema": kind}
    for path, item in contract["paths"].items():
        if path.startswith(f"/{holder}/{{{holder}Id}}/"):
            item["parameters"] = [*item.get("parameters", ()), described]


def common_beginning(contract: Contract, chance: Chance) -> None:
    """All paths begin with what belongs to the base path."""
    if not any(path.startswith("/{") for path in contract["paths"]):
        _move(contract, lambda steps: ["api", "v9", *steps])


def last_slashes(contract: Contract, chance: Chance) -> None:
    contract["paths"] = {
        path + "/" if chance.random() < 0.5 else path: item
        for path, item in contract["paths"].items()
    }


def untyped(contract: Contract, chance: Chance) -> None:
    for schema in _schemas(contract).values():
        if "properties" in schema:
            schema.pop("type", None)


def other_operation_ids(contract: Contract, chance: Chance) -> None:
    """Missing, doubled, or with spaces."""
    for _, _, operation in operations(contract):
        before = operation.get("operationId", "")
        way = chance.choice(["missing", "doubled", "spaced", "kept"])
        if way == "missing":
            operation.pop("operationId", None)
        elif way == "doubled":
            operation["operationId"] = "theSame"
        elif way == "spaced":
            operation["operationId"] = f"{before} of all"


def parameters_by_reference(contract: Contract, chance: Chance) -> None:
    shared: dict[str, Any] = {}
    for number, (_, _, operation) in enumerate(operations(contract)):
        for at, parameter in enumerate(operation.get("parameters", ())):
            if "$ref" not in parameter:
                shared[f"P{number}_{at}"] = parameter
                place = "#/parameters/" if "swagger" in contract else "#/components/parameters/"
                operation["parameters"][at] = {"$ref": f"{place}P{number}_{at}"}
    if "swagger" in contract:
        contract.setdefault("parameters", {}).update(shared)
    else:
        contract["components"].setdefault("parameters", {}).update(shared)


def answers_by_reference(contract: Contract, chance: Chance) -> None:
    swagger = "swagger" in contract
    shared = contract if swagger else contract["components"]
    place = "#/responses/" if swagger else "#/components/responses/"
    for number, (_, _, operation) in enumerate(operations(contract)):
        for status, answer in operation["responses"].items():
            if "$ref" not in answer:
                shared.setdefault("responses", {})[f"R{number}_{status}"] = answer
                operation["responses"][status] = {"$ref": f"{place}R{number}_{status}"}
        if "requestBody" in operation and "$ref" not in operation["requestBody"]:
            body = operation["requestBody"]
            shared.setdefault("requestBodies", {})[f"B{number}"] = body
            operation["requestBody"] = {"$ref": f"#/components/requestBodies/B{number}"}


def other_statuses(contract: Contract, chance: Chance) -> None:
    """Good answers with the other statuses that are for them."""
    others = {
        "post": ("201", ("200", "202")),
        "patch": ("200", ("202", "204", "201")),
        "delete": ("204", ("200", "202")),
    }
    for method, path, operation in operations(contract):
        usual, some = others.get(method, ("", ()))
        if usual in operation["responses"] and path.strip("/").split("/")[0] not in SEEDED:
            answer = operation["responses"].pop(usual)
            status = chance.choice(some)
            if status == "204":
                answer = {"description": "Done."}
            operation["responses"][status] = answer


def in_parts(contract: Contract, chance: Chance) -> None:
    """Schemas as chains of `allOf`."""
    schemas = _schemas(contract)
    place = "#/definitions/" if "swagger" in contract else "#/components/schemas/"
    for name in list(schemas):
        schema = schemas[name]
        if "properties" not in schema or "allOf" in schema or len(schema["properties"]) < 2:
            continue
        properties = list(schema["properties"].items())
        half = len(properties) // 2
        base = {"type": "object", "properties": dict(properties[:half])}
        schemas[f"{name}Base"] = {"allOf": [{"$ref": f"{place}{name}Root"}, base]}
        schemas[f"{name}Root"] = {"type": "object", "description": "The root of it."}
        own = {**schema, "properties": dict(properties[half:])}
        required = own.pop("required", None)
        schemas[name] = {"allOf": [{"$ref": f"{place}{name}Base"}, own]}
        if required:
            schemas[name]["required"] = required


def with_siblings(contract: Contract, chance: Chance) -> None:
    """Prose beside references."""
    for schema in _schemas(contract).values():
        for inner in _every(schema.get("properties", {})):
            if isinstance(inner.get("$ref"), str):
                inner["description"] = "What it refers to, said again."


def in_place(contract: Contract, chance: Chance) -> None:
    """Bodies and answers described where they are, not by name."""
    schemas = _schemas(contract)
    for _, _, operation in operations(contract):
        holders = [each for each in _every(operation) if isinstance(each.get("schema"), dict)]
        for holder in holders:
            name = str(holder["schema"].get("$ref", "")).rpartition("/")[2]
            if name in schemas and chance.random() < 0.5:
                holder["schema"] = deepcopy(schemas[name])


SPELLINGS = (
    other_resources, other_variables, deeper, last_slashes, untyped, other_operation_ids,
    parameters_by_reference, answers_by_reference, other_statuses, in_parts, with_siblings,
    in_place,
)  # fmt: skip


def as_three_zero(contract: Contract, chance: Chance) -> Contract:
    """The same as OpenAPI 3.0, with several media types."""
    written, seed = from_swagger(contract), chance.randint(0, 10**9)
    for _, _, operation in operations(written):
        for each in (operation.get("requestBody", {}), *operation["responses"].values()):
            content = each.get("content")
            if content and chance.random() < 0.5:
                plain = content.pop("application/json")
                each["content"] = {
                    "text/xml": {"schema": {"type": "string"}},
                    "application/json; charset=utf-8": plain,
                }
    url = chance.choice(["https://serverRoot", "{apiRoot}", f"https://{{h}}:{{p}}/x{seed}/v7/", ""])
    written["servers"] = [{"url": url}] if url else []
    if not url:
        del written["servers"]
    return written


def as_three_one(contract: Contract, chance: Chance) -> Contract:
    """The same as OpenAPI 3.1: null as a type, constants, examples, prose by references."""
    written = as_three_zero(contract, chance)
    written["openapi"] = "3.1.0"
    written["jsonSchemaDialect"] = "https://json-schema.org/draft/2020-12/schema"
    for schema in written["components"]["schemas"].values():
        for name, inner in schema.get("properties", {}).items():
            optional = name not in schema.get("required", ())
            if isinstance(inner.get("type"), str) and optional and "enum" not in inner:
                inner["type"] = [inner["type"], "null"]
                inner["examples"] = [None]
            elif "$ref" in inner and optional and chance.random() < 0.3:
                reference = inner.pop("$ref")
                inner["anyOf"] = [{"$ref": reference}, {"type": "null"}]
            elif inner.get("enum") and len(inner["enum"]) == 1:
                inner["const"] = inner.pop("enum")[0]
    return written


def mutate(contract: Contract, seed: int) -> Contract:
    """The contract spelled in another way, the same for the same seed."""
    chance = random.Random(seed)
    made = json.loads(json.dumps(contract, default=str))
    if "swagger" in made:
        form = chance.choice([None, as_three_zero, as_three_one])
        if form is not None:
            made = form(made, chance)
        elif chance.random() < 0.5:
            made.pop("basePath", None)
    made["info"]["title"] = f"Gizmo Number {seed}"
    if "basePath" in made:
        made["basePath"] = f"/tmf-api/gizmoNumber{seed}/v1"
    for change in chance.sample(SPELLINGS, chance.randint(3, 6)):
        change(made, chance)
    if chance.random() < 0.2:
        common_beginning(made, chance)
    return made


def written(contract: Contract, seed: int) -> tuple[str, bytes]:
    """(file name, content) of a contract in one of the ways that files are written in."""
    chance = random.Random(seed)
    plain = json.dumps(contract, ensure_ascii=False)
    ways: dict[str, bytes] = {
        "json": plain.encode(),
        "bom.json": plain.encode("utf-8-sig"),
        "cp1252.json": plain.encode("cp1252", "replace"),
        "tabs.json": json.dumps(contract, indent="\t").encode(),
        "yaml": yaml.safe_dump(contract, sort_keys=False).encode(),
        "yaml.json": yaml.safe_dump(contract, sort_keys=False).encode(),
    }
    way = chance.choice(sorted(ways))
    return f"gizmo{seed}.{way}", ways[way]
