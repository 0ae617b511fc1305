"""The effective contract: what is served, said exactly."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from tests.spec.things import api, contract
from tmfserver.errors import Invalid
from tmfserver.planning import bundled_specs
from tmfserver.spec import ADAPTATIONS, Api, build, files, read
from tmfserver.spec.dialect import adapt


def schema(name: str) -> Any:
    return api().document["components"]["schemas"][name]


def test_the_effective_contract_is_valid_openapi() -> None:
    """Clients and tools read it like any other."""
    validate(dict(api().document))


@pytest.mark.parametrize("bundled", read(*files([bundled_specs()])), ids=lambda api: api.title)
def test_the_bundled_contracts_stay_valid(bundled: Api) -> None:
    """Whatever is adapted, what is served is valid OpenAPI 3.0."""
    validate(dict(bundled.document))


def test_the_contract_itself_is_not_changed() -> None:
    """The file on disk is never changed, nor is what was read from it."""
    before = contract()
    given = copy.deepcopy(before)
    adapt(given)
    assert given == before


def test_every_adaptation_has_a_name_and_a_reason() -> None:
    """`tmfserver check` lists them."""
    names = [adaptation.name for adaptation in ADAPTATIONS]
    assert len(names) == len(set(names))
    assert all(len(adaptation.reason) > 20 for adaptation in ADAPTATIONS)


def test_a_patch_requires_nothing_and_null_takes_away() -> None:
    """RFC 7386; but a mandatory attribute may not be taken away."""
    patch = api().schemas.shape("Thing_MergePatch")
    patch.check({"size": None})
    patch.check({"part": {"note": None}})
    patch.check({"status": "open", "name": "x"})
    for wrong in ({"name": None}, {"size": "big"}, {"status": "lost"}, {"name": " "}, []):
        with pytest.raises(Invalid):
            patch.check(wrong)


def test_a_patch_is_described_for_each_media_type() -> None:
    """TMF630 5: application/json is a merge patch, json-patch a list of operations."""
    content = api().document["paths"]["/thing/{id}"]["patch"]["requestBody"]["content"]
    assert list(content) == [
        "application/json",
        "application/merge-patch+json",
        "application/json-patch+json",
        "application/json-patch-query+json",
    ]
    operations = api().schemas.shape_of(content["application/json-patch+json"]["schema"])
    operations.check([{"op": "add", "path": "/name", "value": 1}, {"op": "remove", "path": ""}])
    for wrong in ({}, [{"op": "add", "path": "/a"}], [{"op": "remove", "path": "a"}], [{}]):
        with pytest.raises(Invalid):
            operations.check(wrong)


def test_defaults_stand_in_for_mandatory_attributes() -> None:
    """A mandatory attribute with a default may be left out (isRef)."""
    shape = api().schemas.shape("Thing_Create")
    document: dict[str, Any] = {"name": "x", "part": {"label": "a"}, "parts": [{"label": "b"}]}
    shape.fill(document)
    shape.check(document)
    assert document["part"]["isRef"] is True
    assert document["parts"][0]["isRef"] is True


def test_a_default_does_not_make_an_optional_attribute() -> None:
    """Only what is mandatory is filled in: nothing else is invented."""
    changed = contract()
    changed["definitions"]["Part"]["required"].remove("isRef")
    effective, _ = adapt(changed)
    assert "x-filled" not in effective["components"]["schemas"]["Part"]


@pytest.mark.parametrize(
    ("document", "attribute", "problem"),
    [
        ({}, "name", "it is mandatory, but missing"),
        ({"name": None, "part": {}}, "name", "got null, expected string"),
        ({"name": " \t", "part": {}}, "name", "expected a text that is not blank"),
        ({"name": "x", "part": {"label": 5}}, "part.label", "got 5, expected string"),
        ({"name": "x", "part": {"label": "y"}, "size": "1"}, "size", "got '1', expected integer"),
        (
            {"name": "x", "part": {"label": "y"}, "status": "lost"},
            "status",
            "got 'lost', expected one of 'open', 'closed'",
        ),
        (
            {"name": "x", "part": {"label": "y"}, "lastUpdate": "yesterday"},
            "lastUpdate",
            "expected a date and time with its offset",
        ),
        ([], "the body", "got an empty array, expected object"),
    ],
)
def test_a_refusal_names_the_attribute_what_came_and_what_was_expected(
    document: Any, attribute: str, problem: str
) -> None:
    """Errors are for people."""
    with pytest.raises(Invalid) as refused:
        api().schemas.shape("Thing_Create").check(document)
    assert refused.value.facts["attribute"] == attribute
    assert problem in refused.value.facts["problem"]


def test_every_operation_declares_the_errors_that_it_gives() -> None:
    """415 for bodies, 412 for conditional changes, 501 for what is not carried out."""
    paths = api().document["paths"]
    assert {"400", "404", "405", "409", "412", "413", "415", "500", "503"} <= set(
        paths["/thing/{id}"]["patch"]["responses"]
    )
    assert "501" in paths["/thing/{id}/cut"]["post"]["responses"]
    assert "412" not in paths["/thing"]["get"]["responses"]


def test_numbers_of_paging_are_bounded() -> None:
    """A negative limit is no valid request, so that it can be refused with a 400."""
    parameters = api().document["paths"]["/thing"]["get"]["parameters"]
    offset = next(parameter for parameter in parameters if parameter["name"] == "offset")
    assert offset["schema"]["minimum"] == 0
    assert {parameter["name"] for parameter in parameters} == {"offset", "limit", "fields", "sort"}


def test_the_type_of_a_reference_is_its_referred_type() -> None:
    """TM Forum's samples give some references @type alone; one of the two is mandatory."""
    changed = contract()
    part = changed["definitions"]["Part"]
    part["required"].append("@referredType")
    part["properties"] |= {"@referredType": {"type": "string"}, "@type": {"type": "string"}}
    shape = build(Path("things.json"), changed).schemas.shape("Part")
    reference: dict[str, Any] = {"label": "a", "@type": "Organization"}
    shape.fill(reference)
    shape.check(reference)
    assert reference["@referredType"] == "Organization"
    with pytest.raises(Invalid, match="@referredType: it is mandatory, but missing"):
        shape.check({"label": "a"})


def test_a_reference_may_repeat_what_it_refers_to_in_part() -> None:
    """A copy of an attribute is for information: what it lacks is known where it is kept."""
    changed = contract()
    changed["definitions"]["ThingRef"] = {
        "type": "object",
        "required": ["id"],
        "properties": {
            "id": {"type": "string"},
            "@referredType": {"type": "string"},
            "part": {"$ref": "#/definitions/Part"},
        },
    }
    shape = build(Path("things.json"), changed).schemas.shape("ThingRef")
    shape.check({"id": "1", "part": {"note": "no label"}})
    with pytest.raises(Invalid, match=r"part\.note: got 5"):
        shape.check({"id": "1", "part": {"note": 5}})


def test_true_may_come_as_a_text() -> None:
    """TM Forum's samples write "true"; any other text is refused."""
    shape = api().schemas.shape("Part")
    shape.check({"label": "a", "isRef": "true"})
    shape.check({"label": "a", "isRef": False})
    with pytest.raises(Invalid, match="isRef: got 'yes', expected boolean"):
        shape.check({"label": "a", "isRef": "yes"})


def test_numbers_are_those_that_come_back_as_they_went_in() -> None:
    """A whole number has 64 bits at most."""
    shape = api().schemas.shape("Thing_MergePatch")
    shape.check({"size": 2**63 - 1})
    with pytest.raises(Invalid, match="size"):
        shape.check({"size": 2**63})


def test_an_alternative_may_be_of_a_type_of_its_own() -> None:
    """A discriminator would refuse types that extend the contract's; what it says is kept apart."""
    changed = contract()
    mapping = {"Part": "#/definitions/Part", "Thing": "#/definitions/Thing"}
    changed["definitions"]["PartOrThing"] = {
        "oneOf": [{"$ref": target} for target in mapping.values()],
        "discriminator": {"propertyName": "@type", "mapping": mapping},
    }
    found = build(Path("things.json"), changed)
    choice = found.document["components"]["schemas"]["PartOrThing"]
    assert "discriminator" not in choice
    assert list(choice["x-types"]) == ["Part", "Thing"]
    found.schemas.shape("PartOrThing").check({"@type": "RoundPart", "label": "a"})
