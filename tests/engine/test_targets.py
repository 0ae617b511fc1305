"""What people name of what is served, for imports and exports."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contracts.test_nested import contract
from tmfserver.changes import Collection
from tmfserver.engine.targets import Targets
from tmfserver.errors import Invalid
from tmfserver.spec import Api, build


def targets(*bases: str) -> Targets:
    apis = [build(Path("shelves.json"), {**contract(), "basePath": base}) for base in bases]
    return Targets(apis, {each.name: each for api in apis for each in _collections(api)})


def _collections(api: Api) -> list[Collection]:
    names = [*api.resources, *api.nested]
    return [Collection(api.collection_name(name), api.resource(name).name) for name in names]


@pytest.mark.parametrize("base", ["/shelves/v1", "/tmf-api/shelfManagement/v1"])
def test_a_collection_is_found_by_its_path(base: str) -> None:
    """With the base path or without, wherever that is."""
    found, whole = targets(base), base.rstrip("/")
    for text in ("shelf", "/shelf/", f"{whole}/shelf", whole.removeprefix("/tmf-api") + "/shelf"):
        target = found.find(text)
        assert (target.path, target.holders, target.head) == (f"{whole}/shelf", (), "")
        target = found.find(f"{text.rstrip('/')}/s/box/b:1/tape")
        assert (target.path, target.head) == (f"{whole}/shelf/s/box/b:1/tape", "s/b:1/")
        assert target.collection.resource == "tape"
        assert found.named({**target.task, "holders": list(target.holders)}) == target


def test_documents_that_name_a_holder_are_found_by_it() -> None:
    """Where they are is where all of the collection are."""
    found = targets("/shelves/v1")
    target = found.find("writer/ada/label")
    assert (target.attribute, target.path, target.head) == ("writer", "/shelves/v1/label", "")
    assert found.named(target.task) == target != found.find("label")


@pytest.mark.parametrize("text", ["shelf/s", "shelf/s/box/b", "box", "shelf/s t/box", "shelf//box"])
def test_what_is_no_collection_is_refused(text: str) -> None:
    """With the names of those that there are, the places of ids in them."""
    with pytest.raises(Invalid, match=r"expected one of .*/v1/shelf/\{shelfId\}/box,"):
        targets("/shelves/v1").find(text)


def test_one_of_several_is_found_at_home() -> None:
    """Two contracts that have the same are told apart by base paths, named or of who asks."""
    found = targets("/tmf-api/a/v1", "/tmf-api/b/v1")
    with pytest.raises(Invalid, match=r"a/v1/shelf/\{shelfId\}/box, b/v1/shelf/\{shelfId\}/box\.$"):
        found.find("shelf/s/box")
    assert found.find("shelf/s/box", "/tmf-api/b/v1").path == "/tmf-api/b/v1/shelf/s/box"
    assert found.find("a/v1/shelf/s/box", "/tmf-api/b/v1").path == "/tmf-api/a/v1/shelf/s/box"
    assert found.named({"target": "a/v1/gone"}) is None
    old = found.named({"target": "a/v1/shelf"})  # a task of before
    assert old is not None
    assert old.path == "/tmf-api/a/v1/shelf"
