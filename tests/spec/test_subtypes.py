"""A document whose @type says more than its resource is checked by the schema of that type."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.spec.things import contract
from tmfserver import spec
from tmfserver.errors import BrokenSchema, Invalid
from tmfserver.spec.extending import ExtensionSchemas, read_schemas
from tmfserver.spec.subtypes import Extended, TypedShape

THING = {"id": "1", "href": "http://h/1", "name": "x", "part": {"isRef": True, "label": "y"}}
ROUND = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "$id": "https://schemas.example.com/RoundThing.schema.json",
    "type": "object",
    "required": ["radius"],
    "properties": {"radius": {"$ref": "Length.json#/$defs/Length"}},
}
LENGTH = {"$defs": {"Length": {"type": "number", "minimum": 0}}}


def with_types() -> dict[str, Any]:
    document = contract()
    thing = {"$ref": "#/definitions/Thing"}
    heavy = {"required": ["weight"], "properties": {"weight": {"type": "integer"}}}
    huge = {"required": ["crane"], "properties": {"crane": {"type": "string"}}}
    document["definitions"]["HeavyThing"] = {"allOf": [thing, heavy]}
    document["definitions"]["HugeThing"] = {"allOf": [{"$ref": "#/definitions/HeavyThing"}, huge]}
    return document


def folder_of(place: Path, **documents: Any) -> str:
    place.mkdir(exist_ok=True)
    for name, document in documents.items():
        (place / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
    return str(place)


def shape(policy: str = "accept", schemas: ExtensionSchemas | None = None) -> TypedShape:
    api = spec.build(Path("things.json"), with_types())
    return TypedShape("Thing", api.schemas, Extended(schemas or ExtensionSchemas({}), policy))


@pytest.fixture
def extensions(tmp_path: Path) -> ExtensionSchemas:
    documents = {"RoundThing.schema": ROUND, "Length": LENGTH}
    return read_schemas(folder_of(tmp_path / "schemas", **documents))


@pytest.mark.parametrize(
    ("more", "attribute"),
    [
        ({"@type": "HeavyThing"}, "weight"),
        ({"@type": "HeavyThing", "weight": "much"}, "weight"),
        ({"@type": "HugeThing", "weight": 5}, "crane"),
        ({"@type": "HugeThing", "crane": "big"}, "weight"),
    ],
)
def test_a_subtype_of_the_contract_is_checked(more: dict[str, Any], attribute: str) -> None:
    """What the type demands is missed under the attribute's name, at any depth of types."""
    with pytest.raises(Invalid) as refused:
        shape().typed({**THING, **more})
    assert refused.value.facts["attribute"] == attribute


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"@type": "Thing"},
        {"@type": "HeavyThing", "weight": 5},
        {"@type": "HeavyThing", "weight": 5, "@schemaLocation": "http://elsewhere/Heavy.json"},
        {"@type": "HugeThing", "weight": 5, "crane": "big"},
    ],
)
def test_known_types_pass_whatever_the_policy(more: dict[str, Any]) -> None:
    """Nothing is unknown about what the contract describes."""
    assert shape("strict").typed({**THING, **more}) == []


LOCATIONS = (
    "https://schemas.example.com/RoundThing.schema.json",
    "https://elsewhere.example.com/some/RoundThing.schema.json",
    "RoundThing.schema.json",
)


@pytest.mark.parametrize("location", LOCATIONS)
def test_a_schema_location_is_found_here(extensions: ExtensionSchemas, location: str) -> None:
    """By $id or by file name, with what it refers to in other files."""
    strict = shape("strict", extensions)
    document = {**THING, "@type": "RoundThing", "@schemaLocation": location}
    assert strict.typed({**document, "radius": 2}) == []
    for wrong in ({}, {"radius": -1}, {"radius": "2"}):
        with pytest.raises(Invalid) as refused:
            strict.typed({**document, **wrong})
        assert refused.value.facts["attribute"] == "radius"


def test_a_type_is_found_by_its_name(extensions: ExtensionSchemas) -> None:
    """Without @schemaLocation the file, or the definition in one, that is called so."""
    strict = shape("strict", extensions)
    with pytest.raises(Invalid):
        strict.typed({**THING, "@type": "RoundThing"})
    assert extensions.of_type("Length") is not None
    assert extensions.at("Length.json#Length") is not None
    assert extensions.at("Length.json#/$defs/Width") is None
    assert extensions.of_type(5) is None


@pytest.mark.parametrize(
    ("more", "attribute"),
    [
        ({"@type": "OddThing"}, "@type"),
        ({"@type": "OddThing", "@schemaLocation": "http://127.0.0.1:9/Odd.json"}, "@type"),
        ({"@schemaLocation": "http://127.0.0.1:9/Odd.json"}, "@schemaLocation"),
        ({"@type": 5}, "@type"),
        ({"@type": "Thing_Create"}, "@type"),
    ],
)
def test_the_unknown_is_accepted_warned_of_or_refused(more: dict[str, Any], attribute: str) -> None:
    """As the policy says; nothing is fetched."""
    document = {**THING, **more}
    assert shape("accept").typed(document) == []
    (warning,) = shape("warn").typed(document)
    assert warning.startswith(f"{attribute}: got '")
    with pytest.raises(Invalid) as refused:
        shape("strict").typed(document)
    assert refused.value.facts["attribute"] == attribute
    assert "HeavyThing, HugeThing, Thing" in refused.value.facts["problem"]


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"$ref": "http://127.0.0.1:9/x.json"}, "at its top: 'http://127.0.0.1:9/x.json' is not"),
        ({"properties": {"a": {"$ref": "Lost.json"}}}, "at /properties/a: 'Lost.json' is not in"),
        ({"$ref": "#/$defs/lost"}, "it is no JSON Schema that can be used"),
        ({"type": "thing"}, "it is no JSON Schema that can be used"),
        ([], "expected an object"),
    ],
)
def test_a_broken_schema_is_one_sentence(tmp_path: Path, document: Any, problem: str) -> None:
    """At start, with file and place; a reference out of the folder is never followed."""
    with pytest.raises(BrokenSchema, match="--schemas") as refused:
        read_schemas(folder_of(tmp_path, odd=document))
    assert "odd.json" in str(refused.value)
    assert problem in str(refused.value)


def test_files_that_are_no_json_and_folders_that_are_not_there(tmp_path: Path) -> None:
    """Said as for contracts."""
    (tmp_path / "odd.json").write_text("{", encoding="utf-8")
    with pytest.raises(BrokenSchema, match="it is not JSON"):
        read_schemas(str(tmp_path))
    with pytest.raises(BrokenSchema, match="there is no such folder"):
        read_schemas(str(tmp_path / "nowhere"))


@pytest.mark.parametrize("alternatives", [{}, {"oneOf": [{"$ref": "#/definitions/Part"}, {}]}])
def test_a_type_that_the_discriminator_maps_is_checked(alternatives: dict[str, Any]) -> None:
    """A schema need not be made of the resource's to be a type of it; alternatives or not."""
    document = contract()
    mapping = {"Thing": "Thing", "Piece": "Part"}
    document["definitions"]["Thing"] |= {
        "discriminator": {"propertyName": "@type", "mapping": mapping},
        **alternatives,
    }
    api = spec.build(Path("things.json"), document)
    typed = TypedShape("Thing", api.schemas, Extended(ExtensionSchemas({}), "accept")).typed
    typed({**THING, "@type": "Piece", "label": "a"})
    with pytest.raises(Invalid, match="label"):
        typed({**THING, "@type": "Piece"})
