"""`tmfserver check`: what a contract needs to run, and why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.bundled import CONTRACTS, EXTENSIONS
from tests.commands.running import program, run, run_json

from tmfserver.spec import ADAPTATIONS

USAGE_EVENTS = {
    "UsageCreateEvent",
    "UsageAttributeValueChangeEvent",
    "UsageDeleteEvent",
    "UsageStateChangeEvent",
    "UsageSpecificationCreateEvent",
    "UsageSpecificationAttributeValueChangeEvent",
    "UsageSpecificationDeleteEvent",
    "ImportJobCreateEvent",
    "ImportJobStateChangeEvent",
    "ExportJobCreateEvent",
    "ExportJobStateChangeEvent",
}
REFERENCE = ("id", "href", "name", "@referredType")


def test_the_bundled_contracts_run() -> None:
    """Both bundled contracts are listed with resources and events, and nothing is wrong."""
    contracts = run_json("check")
    assert [Path(contract["file"]).name for contract in contracts] == [
        file.name for file in CONTRACTS
    ]
    extensions = {Path(name) for contract in contracts for name in contract["extended_by"]}
    assert extensions == {*EXTENSIONS}
    usage, account = contracts
    assert usage["resources"] == ["usage", "usageSpecification", "importJob", "exportJob"]
    assert set(usage["events"]) == USAGE_EVENTS
    assert len(account["resources"]) == 7
    for contract in contracts:
        assert contract["problems"] == []
        assert contract["slow_to_filter"] == []
        assert contract["not_served"] == []


@pytest.mark.parametrize("file", CONTRACTS, ids=lambda file: file.name)
def test_adaptations_have_their_reasons(file: Path) -> None:
    """Each adaptation is listed with where it was needed, how often, and why."""
    (contract,) = run_json("check", file)
    names = [adaptation["name"] for adaptation in contract["adaptations"]]
    assert len(set(names)) == len(names)
    assert {adaptation.name for adaptation in ADAPTATIONS} & set(names)
    told = run("check", file)
    for adaptation in contract["adaptations"]:
        assert adaptation["places"] > 0
        assert adaptation["reason"].strip()
        assert adaptation["name"] in told
        assert adaptation["reason"] in told


def test_what_the_published_form_needs() -> None:
    """Updates in part, media types of patches, defaults and errors are adapted in TMF666."""
    (contract,) = run_json("check", CONTRACTS[1])
    names = {adaptation["name"] for adaptation in contract["adaptations"]}
    assert {"partial updates", "media types of patches", "defaults filled in"} <= names


def test_a_contract_that_runs_in_part(tmp_path: Path) -> None:
    """Operations that no verb carries out are named; they answer 501."""
    answer = {"responses": {"200": {"description": "Done."}}}
    contract = {
        "swagger": "2.0",
        "info": {"title": "Things", "version": "1.0.0"},
        "basePath": "/things/v1/",
        "paths": {
            "/thing": {"get": {"operationId": "listThing", **answer}},
            "/thing/{id}/part": {"get": {"operationId": "listPart", **answer}},
        },
    }
    file = tmp_path / "things.json"
    file.write_text(json.dumps(contract), encoding="utf-8")
    (checked,) = run_json("check", file)
    (left_out,) = checked["not_served"]
    assert "listPart" in left_out
    assert left_out in run("check", file)


def test_what_is_slow_to_filter(tmp_path: Path) -> None:
    """States, moments and references that no handler indexes are named, with where to add them."""
    part = {"type": "object", "properties": {name: {"type": "string"} for name in REFERENCE}}
    thing = {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "name": {"type": "string"},
            "status": {"type": "string"},
            "made": {"type": "string", "format": "date-time"},
            "relatedParty": {"type": "array", "items": part},
            "note": {"type": "array", "items": {"type": "object", "properties": {}}},
        },
    }
    answer = {"200": {"description": "Done.", "schema": {"$ref": "#/definitions/Thing"}}}
    contract = {
        "swagger": "2.0",
        "info": {"title": "Things", "version": "1.0.0"},
        "basePath": "/things/v1/",
        "paths": {"/thing/{id}": {"get": {"operationId": "retrieveThing", "responses": answer}}},
        "definitions": {"Thing": thing},
    }
    file = tmp_path / "things.json"
    file.write_text(json.dumps(contract), encoding="utf-8")
    (checked,) = run_json("check", file)
    (slow,) = checked["slow_to_filter"]
    assert slow.startswith("thing by status, made, relatedParty.id: add to `indexed`")
    assert slow in run("check", file)
    handlers = tmp_path / "handlers"
    handlers.mkdir()
    rules = 'rules = Rules(indexed=("status", "made", "relatedParty.id"))'
    text = f"from tmfserver.rules import Rules\n{rules}\n"
    (handlers / "thing.py").write_text(text, encoding="utf-8")
    # A program of its own, for modules that were imported once stay.
    done = program("check", file, "--handlers", handlers, "--json", folder=tmp_path)
    assert json.loads(done.stdout)[0]["slow_to_filter"] == []


def test_a_broken_contract_fails(tmp_path: Path) -> None:
    """A contract that cannot run is one sentence on standard error, exit code 1."""
    file = tmp_path / "broken.json"
    file.write_text("{", encoding="utf-8")
    done = program("check", file, folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert str(file) in done.stderr
