"""Our contracts state the published facts, in our own prose, with examples that are valid."""

from __future__ import annotations

import copy
import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from openapi_spec_validator import validate

SPECS = Path(__file__).parents[2] / "specs"
VARIABLE = "TMFSERVER_OFFICIAL_SPECS"
OFFICIAL = os.environ.get(VARIABLE)
#: Our file and the name of the published file with the same facts.
PUBLISHED = {
    "TMF635-Usage-Management-v4.0.0.swagger.json": "TMF635-v4.0.0.swagger.json",
    "TMF666-Account-Management-v4.0.0.swagger.json": "TMF666-v4.0.0.swagger.json",
}
#: Keys whose values are free, wherever the key is the contract's and not somebody's name.
PROSE = {"description", "summary", "example", "externalDocs", "license", "contact"}
#: Keys below which the next keys are names, so that a property may be called "description".
NAMED = {"definitions", "properties", "paths", "responses", "headers", "patternProperties"}
#: Keys whose values are data and stand as they are.
DATA = {"default", "enum"}
SHORTEST = 10
LONGEST_SHARED = 25
SHOWN = 20

official = pytest.mark.skipif(
    not OFFICIAL, reason=f"{VARIABLE} does not name a folder with the published contracts"
)
every_contract = pytest.mark.parametrize("name", sorted(PUBLISHED))


def ours(name: str) -> dict[str, Any]:
    """Read one of our contracts."""
    return _read(SPECS / name)


def published(name: str) -> dict[str, Any]:
    """Read the published contract that one of ours has to agree with."""
    return _read(Path(OFFICIAL or "") / PUBLISHED[name])


def _read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def facts(node: Any, named: bool = False) -> Any:
    """Return the tree without its prose."""
    if isinstance(node, list):
        return [facts(item) for item in node]
    if not isinstance(node, dict):
        return node
    if named:
        return {key: facts(value) for key, value in node.items()}
    return {
        key: value if key in DATA else facts(value, named=key in NAMED)
        for key, value in node.items()
        if key not in PROSE
    }


def diff(expected: Any, actual: Any, at: str = "", key: str = "") -> list[str]:
    """Name each place where two trees differ, as a JSON pointer with what stands there."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        found: list[str] = []
        for name in [*expected, *(name for name in actual if name not in expected)]:
            below = f"{at}/{name.replace('~', '~0').replace('/', '~1')}"
            if name not in actual:
                found.append(f"{below}: missing")
            elif name not in expected:
                found.append(f"{below}: not published")
            else:
                found += diff(expected[name], actual[name], below, name)
        return found
    if isinstance(expected, list) and isinstance(actual, list):
        if key == "required":
            expected, actual = sorted(expected), sorted(actual)
        if len(expected) == len(actual):
            pairs = enumerate(zip(expected, actual, strict=True))
            return [line for i, (a, b) in pairs for line in diff(a, b, f"{at}/{i}")]
    if expected == actual and type(expected) is type(actual):
        return []
    return [f"{at}: published {expected!r}, ours {actual!r}"]


def report(lines: list[str]) -> str:
    """Return the first differences, one a line, and how many there are in all."""
    return "\n".join([f"{len(lines)} differences", *lines[:SHOWN]])


def prose(node: Any, named: bool = False, at: str = "") -> Iterator[tuple[str, str]]:
    """Yield every prose text of a contract with the place where it stands."""
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from prose(item, at=f"{at}/{index}")
    elif isinstance(node, dict):
        for key, value in node.items():
            if not named and key in ("description", "summary") and isinstance(value, str):
                yield f"{at}/{key}", value
            elif named or key != "example":
                yield from prose(value, named=not named and key in NAMED, at=f"{at}/{key}")


def plain(text: str) -> str:
    """Return the words of a text alone, so that case and punctuation hide no copy."""
    return " ".join(re.findall(r"\w+", text.lower()))


def copied(original: dict[str, Any], contract: dict[str, Any]) -> list[str]:
    """Name the texts that repeat a text of the original, or one sentence of it."""
    texts = [text for _, text in prose(original)]
    texts += [part for text in texts for part in re.split(r"(?<=[.;:!?])\s+|\n", text)]
    taken = {plain(text) for text in texts if len(text) > LONGEST_SHARED}
    return [
        f"{at}: {text}"
        for at, text in prose(contract)
        if any(sentence in plain(text) for sentence in taken)
    ]


def operations(contract: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every operation with its pointer."""
    for path, methods in contract["paths"].items():
        for method, operation in methods.items():
            yield f"/paths/{path}/{method}", operation


def described(contract: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield everything that owes its reader a description."""
    yield "/info", contract["info"]
    for tag in contract["tags"]:
        yield f"/tags/{tag['name']}", tag
    for at, operation in operations(contract):
        yield at, operation
        for parameter in operation["parameters"]:
            yield f"{at}/parameters/{parameter['name']}", parameter
        for status, response in operation["responses"].items():
            yield f"{at}/responses/{status}", response
            for header, value in response.get("headers", {}).items():
                yield f"{at}/responses/{status}/headers/{header}", value
    for name, schema in contract["definitions"].items():
        yield f"/definitions/{name}", schema
        for attribute, value in schema.get("properties", {}).items():
            if set(value) != {"$ref"}:
                yield f"/definitions/{name}/properties/{attribute}", value


def exchanged(contract: dict[str, Any]) -> set[str]:
    """Name the definitions that a request or an answer consists of."""
    schemas = [
        part["schema"]
        for _, operation in operations(contract)
        for part in [*operation["parameters"], *operation["responses"].values()]
        if "schema" in part
    ]
    refs = [schema.get("items", schema)["$ref"] for schema in schemas]
    return {ref.removeprefix("#/definitions/") for ref in refs}


@official
@every_contract
def test_the_facts_are_the_published_ones(name: str) -> None:
    """Proves that a client built for the published contract meets the same contract here."""
    found = diff(facts(published(name)), facts(ours(name)))
    assert not found, report(found)


@official
@every_contract
def test_no_published_sentence_stands_in_ours(name: str) -> None:
    """Proves that the prose is our own: no published text or sentence of it is repeated."""
    copies = copied(published(name), ours(name))
    assert not copies, report(copies)


@every_contract
def test_the_contract_is_valid_swagger(name: str) -> None:
    """Proves that any Swagger 2.0 tool can read our file."""
    validate(ours(name))


@every_contract
def test_the_file_is_plain_to_edit(name: str) -> None:
    """Proves that the file is UTF-8 with two-space indents, so that edits by hand diff well."""
    text = (SPECS / name).read_text(encoding="utf-8")
    assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"


@every_contract
def test_everything_is_described(name: str) -> None:
    """Proves that no operation, parameter, answer, header, schema or attribute lacks a text."""
    bare = [at for at, node in described(ours(name)) if len(node.get("description", "")) < SHORTEST]
    assert not bare, report(bare)


@every_contract
def test_what_is_exchanged_has_an_example(name: str) -> None:
    """Proves that each body a client sends or receives comes with a worked example."""
    contract = ours(name)
    bare = [one for one in exchanged(contract) if "example" not in contract["definitions"][one]]
    assert not bare, report(sorted(bare))


@every_contract
def test_the_examples_are_valid(name: str) -> None:
    """Proves that each example fits its schema and names no attribute the schema lacks."""
    contract = ours(name)
    strict = copy.deepcopy(contract["definitions"])
    for schema in strict.values():
        if "properties" in schema:
            schema["additionalProperties"] = False
    wrong = []
    for one, schema in contract["definitions"].items():
        if "example" in schema:
            root = {"$ref": f"#/definitions/{one}", "definitions": strict}
            validator = jsonschema_rs.Draft4Validator(root, validate_formats=True)
            wrong += [f"{one}: {e.message}" for e in validator.iter_errors(schema["example"])]
    assert not wrong, report(wrong)


def _set(pointer: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """Return a mutation that puts a value at a pointer, or removes what is there for None."""
    *path, last = [part.replace("~1", "/") for part in pointer.split("/")[1:]]

    def mutate(contract: dict[str, Any]) -> None:
        node: Any = contract
        for part in path:
            node = node[int(part)] if isinstance(node, list) else node[part]
        if value is None:
            del node[last]
        else:
            node[last] = value

    return mutate


ACCOUNT = "/definitions/BillingAccount"
LIST = "/paths/~1billingAccount/get"


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        (f"{ACCOUNT}/required", ["name"]),
        (f"{ACCOUNT}/properties/description", None),
        (f"{ACCOUNT}/properties/lastModified/format", "date"),
        (f"{ACCOUNT}/properties/relatedParty/minItems", 2),
        (f"{ACCOUNT}/properties/nickname", {"type": "string"}),
        ("/definitions/BillFormatRefOrValue/properties/isRef/default", 1),
        (f"{LIST}/operationId", "findBillingAccount"),
        (f"{LIST}/parameters/0/type", "array"),
        (f"{LIST}/responses/409", None),
        (f"{LIST}/responses/200/headers/X-Total-Count", None),
        ("/basePath", "/accountManagement/v4"),
    ],
)
def test_a_changed_fact_is_reported(pointer: str, value: Any) -> None:
    """Proves that the comparison can fail, and that it names the place of the change."""
    contract = ours("TMF666-Account-Management-v4.0.0.swagger.json")
    changed = copy.deepcopy(contract)
    _set(pointer, value)(changed)
    found = diff(facts(contract), facts(changed))
    assert len(found) == 1, report(found)
    assert found[0].startswith(pointer)


def test_a_changed_enumeration_is_reported() -> None:
    """Proves that a status that is left out is seen."""
    contract = ours("TMF635-Usage-Management-v4.0.0.swagger.json")
    changed = copy.deepcopy(contract)
    changed["definitions"]["UsageStatusType"]["enum"].remove("recycled")
    found = diff(facts(contract), facts(changed))
    assert len(found) == 1, report(found)
    assert found[0].startswith("/definitions/UsageStatusType/enum")


def test_changed_prose_and_order_are_not_reported() -> None:
    """Proves that descriptions, examples and the order of keys and required names are free."""
    contract = ours("TMF666-Account-Management-v4.0.0.swagger.json")
    changed = copy.deepcopy(contract)
    schema = changed["definitions"]["BillingAccount"]
    schema["required"].reverse()
    schema["properties"] = dict(reversed(schema["properties"].items()))
    for pointer in (f"{ACCOUNT}/example", f"{ACCOUNT}/properties/name/description"):
        _set(pointer, "Other words.")(changed)
    _set(f"{LIST}/summary", None)(changed)
    assert diff(facts(contract), facts(changed)) == []


def test_a_copied_sentence_is_reported() -> None:
    """Proves that a sentence taken over is seen, in other case and amid other words as well."""
    text = "Settles the fee of the day. Runs at noon."
    original = {"definitions": {"Fee": {"description": text}}}
    sentence = "Daily: settles the fee of the day"
    contract = {"definitions": {"description": {"description": sentence}}}
    found = copied(original, contract)
    assert found == [f"/definitions/description/description: {sentence}"]
