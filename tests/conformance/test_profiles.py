"""What is asked of a resource: by a profile, else by what the contract alone says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.conformance.test_certifying import run_of

from tmfserver import spec
from tmfserver.conformance.profiles import Profile, profiles
from tmfserver.planning import bundled_specs
from tmfserver.spec import Api

PROFILES = bundled_specs() / "profiles"
ACCOUNTS = bundled_specs() / "TMF666-Account-Management-v4.0.0.swagger.json"
OTHERS = ("TMF620-v4.1.0.swagger.json", "TMF632-v4.0.0.swagger.json")

PART = {"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string"}}}
THING = {
    "type": "object",
    "required": ["name", "parts"],
    "properties": {
        "id": {"type": "string"},
        "href": {"type": "string"},
        "name": {"type": "string"},
        "colour": {"type": "string", "enum": ["red", "blue"]},
        "note": {"type": "string"},
        "status": {"type": "string", "enum": ["new", "old", "gone"]},
        "made": {"type": "string", "format": "date-time"},
        "parts": {"type": "array", "minItems": 1, "items": PART},
        "size": {"type": "object", "properties": {"width": {"type": "number"}}},
    },
}


@pytest.fixture(scope="module")
def thing() -> Api:
    """A contract that no profile is for."""
    schema = {"$ref": "#/definitions/Thing"}
    taken = {"name": "thing", "in": "body", "schema": {"$ref": "#/definitions/Thing_Create"}}
    answer = {"description": "It.", "schema": schema}
    post = {"operationId": "createThing", "parameters": [taken], "responses": {"201": answer}}
    patch = {"operationId": "patchThing", "parameters": [taken], "responses": {"200": answer}}
    document: dict[str, Any] = {
        "swagger": "2.0",
        "info": {"title": "Things", "version": "1"},
        "basePath": "/tmf-api/things/v1",
        "consumes": ["application/json"],
        "paths": {"/thing": {"post": post}, "/thing/{id}": {"patch": patch}},
        "definitions": {"Thing": THING, "Thing_Create": THING},
    }
    return spec.build(Path("things.json"), json.loads(json.dumps(document)))


def test_a_profile_is_derived_from_a_contract(thing: Api) -> None:
    """Samples, what is mandatory, what may be patched, dates, states and objects are found."""
    made = profiles(thing, [PROFILES])["thing"]
    assert made.create == {"name": "example", "parts": [{"kind": "example"}]}
    assert (made.always, made.mandatory) == (("id", "href"), ("name", "parts"))
    assert made.texts == ("name", "note")
    assert made.changes == {"name": "changed by a patch"}
    assert (made.dated, made.states, made.objects) == ("made", ("new", "old"), ("size",))
    (part,) = made.nested
    assert (part.attribute, part.is_array, part.mandatory) == ("parts", True, ("kind",))
    assert part.whole() == [{"kind": "example"}]
    assert part.whole(leave_out="kind") == [{}]


def test_a_profile_of_ones_own_is_found(thing: Api, tmp_path: Path) -> None:
    """A file for the base path says what it says; the rest is derived."""
    mine = {"basePath": "/tmf-api/things/v1/", "resources": {"thing": {"mandatory": ["name"]}}}
    (tmp_path / "things.json").write_text(json.dumps(mine), encoding="utf-8")
    made = profiles(thing, [PROFILES, tmp_path])["thing"]
    assert made.mandatory == ("name",)
    assert made.texts == ("name", "note")


def test_the_bundled_profiles_fit_their_contracts() -> None:
    """Each resource has a sample and changes, and names only attributes that it has."""
    for file in sorted(PROFILES.glob("*.json")):
        stated = json.loads(file.read_text(encoding="utf-8"))
        (api,) = [
            each for each in spec.read(*spec.files([bundled_specs()]))
            if f"{each.base_path}/" == stated["basePath"]
        ]  # fmt: skip
        found = profiles(api, [PROFILES])
        assert set(stated["resources"]) <= set(found)
        for name, facts in stated["resources"].items():
            _fits(api, found[name], facts)


def _fits(api: Api, made: Profile, facts: dict[str, Any]) -> None:
    known = api.schemas.properties(api.resources[made.resource].schema)
    for words in ("always", "filters", "selection", "mandatory"):
        assert list(getattr(made, words)) == facts[words]
    assert made.create
    assert {*made.create, *made.changes} <= set(known)


def test_a_version_that_lacks_an_attribute_is_not_asked_for_it(tmp_path: Path) -> None:
    """Of a profile, only what this version of the contract has is asked."""
    old = json.loads(ACCOUNTS.read_text(encoding="utf-8"))
    for name in ("FinancialAccount", "FinancialAccount_Create"):
        del old["definitions"][name]["properties"]["contact"]
    file = tmp_path / "old.json"
    file.write_text(json.dumps(old), encoding="utf-8")
    (api,) = spec.read(file)
    asked = {each.attribute for each in profiles(api, [PROFILES])["financialAccount"].nested}
    assert "contact" not in asked
    assert "taxExemption" in asked


@pytest.mark.parametrize("name", OTHERS)
def test_other_contracts_are_asked_by_what_they_say(published_folder: Path, name: str) -> None:
    """Our server passes with contracts that no profile is for."""
    done = run_of("", contracts=(str(published_folder / name),))
    failed = [(each.resource, each.id, each.reason) for each in done.checks]
    assert [each for each, check in zip(failed, done.checks, strict=True)
            if check.outcome == "failed"] == []  # fmt: skip
    passed = {each.id for each in done.checks if each.outcome == "passed"}
    assert {"create.status", "filter.and", "patch.json", "hub.register"} <= passed
