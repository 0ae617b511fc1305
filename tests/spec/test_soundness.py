"""What would fail later is said at start, with file and place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.spec.test_conditions import contract as newer
from tests.spec.things import contract
from tmfserver.errors import BrokenContract
from tmfserver.spec.soundness import check

FILE = Path("things.json")


def refused(document: dict[str, Any]) -> str:
    with pytest.raises(BrokenContract) as failure:
        check(FILE, document)
    return str(failure.value)


def test_a_sound_contract_passes() -> None:
    """What is published is served."""
    check(FILE, contract())


def test_what_breaks_openapis_own_schema_is_refused() -> None:
    """The message names the file and the place in it."""
    document = contract()
    document["paths"]["/thing"]["get"]["responses"]["200"]["description"] = 5
    message = refused(document)
    assert message.startswith("things.json: at paths//thing/get/responses/200")


def test_of_alternatives_the_nearest_is_told_of() -> None:
    """Not that none holds: which attribute it is, however deep."""
    document = contract()
    del document["paths"]["/thing"]["get"]["responses"]["200"]["description"]
    place = "paths//thing/get/responses/200/description"
    assert refused(document).startswith(f"things.json: at {place}: it is mandatory, but missing")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"info": "x"}, "at info: got 'x', expected object"),
        ({"paths": {"/thing": 7}}, "at paths//thing: got 7, expected object"),
        (
            {"components": {"schemas": {"Thing": {"properties": {"a": {"type": "objekt"}}}}}},
            "at components/schemas/Thing/properties/a/type: got 'objekt', expected one of 'array'",
        ),
        (
            {"components": {"schemas": {"Thing": {"maxLength": -1}}}},
            "at components/schemas/Thing/maxLength: -1 is less than",
        ),
    ],
)
def test_the_same_for_openapi_3_1(change: dict[str, Any], said: str) -> None:
    """Whose schemas are JSON Schema's; exclusive bounds as 3.0 has them are read too."""
    bound = {"minimum": 1, "exclusiveMinimum": True}
    sound = newer({}, Thing=bound)
    check(FILE, sound)
    assert said in refused({**sound, **change})


def test_a_reference_to_nothing_is_refused() -> None:
    """Else the first request that needs it would fail."""
    document = contract()
    document["definitions"]["Thing"]["properties"]["part"]["$ref"] = "#/definitions/Lost"
    message = refused(document)
    assert "at definitions/Thing/properties/part: there is no '#/definitions/Lost'" in message


@pytest.mark.parametrize("target", ["http://127.0.0.1:9/x.json#/a", "other.json#/a", "file:///etc"])
def test_a_reference_out_of_the_file_is_never_followed(target: str) -> None:
    """A contract fetches nothing."""
    document = contract()
    document["definitions"]["Thing"]["properties"]["part"]["$ref"] = target
    assert "leads out of the file, which is never followed" in refused(document)


def test_a_property_may_be_named_as_a_reference_is() -> None:
    """`$ref` among properties is an attribute's name."""
    document = contract()
    document["definitions"]["Part"]["properties"]["$ref"] = {"type": "string"}
    check(FILE, document)


def test_references_may_go_round() -> None:
    """A thing whose parent is a thing is no fault."""
    document = contract()
    assert document["definitions"]["Thing"]["properties"]["parent"]
    check(FILE, document)
