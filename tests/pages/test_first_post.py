"""The first document that the start page offers to send."""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import Any

import pytest

from tmfserver import spec
from tmfserver.spec.samples import first_post

VARIABLE = "TMFSERVER_OFFICIAL_SPECS"
OFFICIAL = sorted(Path(os.environ.get(VARIABLE, "none")).glob("*.swagger.json"))

PART = {"type": "object", "required": ["amount"], "properties": {"amount": {"type": "number"}}}
THING = {
    "type": "object",
    "required": ["name", "when", "kind", "parts", "whole", "sure"],
    "properties": {
        "name": {"type": "string"},
        "when": {"type": "string", "format": "date-time"},
        "kind": {"type": "string", "enum": ["small", "large"]},
        "parts": {"type": "array", "minItems": 1, "items": PART},
        "whole": {"allOf": [PART]},
        "sure": {"type": "boolean"},
        "more": {"type": "string"},
    },
}


def contract(schema: dict[str, Any]) -> spec.Api:
    """A contract with one resource whose create takes this schema."""
    body = {"name": "thing", "in": "body", "schema": {"$ref": "#/definitions/Thing_Create"}}
    answer = {"description": "Stored.", "schema": {"$ref": "#/definitions/Thing_Create"}}
    create = {"operationId": "createThing", "parameters": [body], "responses": {"201": answer}}
    document = {
        "swagger": "2.0",
        "info": {"title": "Things", "version": "1"},
        "basePath": "/tmf-api/things/v1",
        "consumes": ["application/json"],
        "paths": {"/thing": {"post": create}},
        "definitions": {"Thing_Create": copy.deepcopy(schema)},
    }
    return spec.build(Path("things.json"), document)


def body(schema: dict[str, Any]) -> Any:
    sample = first_post(contract(schema))
    assert sample is not None
    assert sample.resource == "thing"
    return sample.body


def test_what_a_contract_requires_is_made_up() -> None:
    """Without an example, a sample has each mandatory attribute, of its type, and no other."""
    assert body(THING) == {
        "name": "example",
        "when": "2026-01-31T12:00:00Z",
        "kind": "small",
        "parts": [{"amount": 1}],
        "whole": {"amount": 1},
        "sure": True,
    }


def test_a_contract_that_requires_nothing_gets_an_empty_document() -> None:
    """Nothing mandatory and no example: the shortest document is `{}`."""
    assert body({"type": "object", "properties": {"name": {"type": "string"}}}) == {}


def test_the_example_of_a_contract_is_taken_and_shortened() -> None:
    """Mandatory attributes of an example stay, with a little of the rest where they are few."""
    schema = {
        "type": "object",
        "required": ["name"],
        "properties": {name: {"type": "string"} for name in ("name", "long", "note", "other")},
        "example": {"long": "x" * 100, "name": "First", "note": "short", "other": "short"},
    }
    assert body(schema) == {"name": "First", "note": "short"}


def test_an_example_that_breaks_its_contract_is_not_offered() -> None:
    """A wrong example gives way to what the contract requires."""
    schema = {
        "type": "object",
        "required": ["size"],
        "properties": {"size": {"type": "integer"}},
        "example": {"size": "large"},
    }
    assert body(schema) == {"size": 1}


def test_a_contract_that_contains_itself_comes_to_an_end() -> None:
    """A mandatory attribute of the schema's own kind makes no endless document, and no sample."""
    itself = {"$ref": "#/definitions/Thing_Create"}
    schema = {"type": "object", "required": ["inner"], "properties": {"inner": itself}}
    assert first_post(contract(schema)) is None


def test_no_sample_is_offered_where_nothing_can_be_created() -> None:
    """A contract without a create operation has no first POST."""
    api = contract(THING)
    without = {**api.document, "paths": {"/thing": {"get": {**api.operations[0].definition}}}}
    assert first_post(spec.build(Path("things.json"), without)) is None


@pytest.mark.skipif(not OFFICIAL, reason=f"{VARIABLE} names no folder of published contracts")
@pytest.mark.parametrize("path", OFFICIAL, ids=lambda path: path.name)
def test_published_contracts_have_a_first_post(path: Path) -> None:
    """For each published Swagger contract a document is found that its create operation takes."""
    (api,) = spec.read(path)
    assert first_post(api) is not None
