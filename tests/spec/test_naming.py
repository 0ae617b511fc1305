"""Operations and files by names that programs can use."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.spec.things import contract
from tmfserver.errors import WrongSetting
from tmfserver.planning import make_plan
from tmfserver.settings import Settings
from tmfserver.spec import build


def test_an_operation_without_a_name_of_its_own_gets_one() -> None:
    """Missing, doubled and spaced operationIds; those that are well stay."""
    changed = contract()
    del changed["paths"]["/thing"]["get"]["operationId"]
    changed["paths"]["/thing"]["post"]["operationId"] = "patchThing"
    changed["paths"]["/thing/{id}"]["get"]["operationId"] = "retrieve one thing"
    api = build(Path("things.json"), changed)
    names = {(each.method, each.path): each.operation_id for each in api.operations}
    assert names["get", "/thing"] == "getThing"
    assert names["get", "/thing/{id}"] == "retrieveOneThing"
    assert {names["post", "/thing"], names["patch", "/thing/{id}"]} == {
        "patchThing",
        "patchThingById",
    }
    places = {applied.name: applied.places for applied in api.adaptations}
    assert places["one operationId for each operation"] == 3


def test_a_setting_says_where_a_file_is_served(tmp_path: Path) -> None:
    """By the file's name; a name that no file has is refused."""
    file = tmp_path / "things.json"
    file.write_text(json.dumps(contract()))
    plan = make_plan(Settings(specs=(str(file),), base_paths="things.json=/other/v1"))
    assert [api.base_path for api in plan.apis] == ["/other/v1"]
    with pytest.raises(WrongSetting, match=r"none\.json"):
        make_plan(Settings(specs=(str(file),), base_paths="none.json=/x"))
