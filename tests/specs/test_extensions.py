"""Our own contracts, which add operations to those of TM Forum."""

from __future__ import annotations

from pathlib import Path

import pytest
from openapi_spec_validator import validate
from tests.bundled import EXTENSIONS, extended, read

every_extension = pytest.mark.parametrize("file", EXTENSIONS, ids=lambda file: file.name)


@every_extension
def test_an_extension_is_a_valid_contract(file: Path) -> None:
    """By itself too: Swagger 2.0, with the definitions that it refers to."""
    validate(read(file))


@every_extension
def test_an_extension_adds_paths_alone(file: Path) -> None:
    """What TM Forum published stays as it is: no path and no definition is another's."""
    one, other = read(file), read(extended(file))
    assert not one["paths"].keys() & other["paths"].keys()
    for name in one["definitions"].keys() & other["definitions"].keys():
        assert one["definitions"][name] == other["definitions"][name]


@every_extension
def test_everything_is_described(file: Path) -> None:
    """Operations, parameters, definitions and properties say what they are for."""
    contract = read(file)
    for item in contract["paths"].values():
        for operation in item.values():
            assert operation["summary"]
            assert operation["description"]
            assert all(parameter["description"] for parameter in operation.get("parameters", ()))
    for definition in contract["definitions"].values():
        assert definition["description"]
        properties = definition.get("properties", {}).values()
        assert all(each.keys() & {"description", "$ref"} for each in properties)
