"""Files that have one base path are one contract."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from tests.spec.things import contract
from tmfserver.errors import BrokenContract
from tmfserver.spec import build
from tmfserver.spec.joining import Joined, join

FIRST, SECOND = Path("things.json"), Path("extensions.json")


def extension(**more: Any) -> dict[str, Any]:
    """Adds one operation that TM Forum has no path for."""
    history = {
        "operationId": "listThingHistory",
        "x-operation": {"verb": "history", "resource": "thing"},
        "parameters": [{"name": "id", "in": "path", "required": True, "type": "string"}],
        "responses": {"200": {"description": ""}},
    }
    return {
        "swagger": "2.0",
        "info": {"title": "More of things", "version": "9", "x-extension": True},
        "basePath": "/tmf-api/thingManagement/v1",
        "paths": {"/thing/{id}/history": {"get": history}},
        **more,
    }


def joined(second: dict[str, Any]) -> Joined:
    (only,) = join({SECOND: second, FIRST: contract()})
    return only


def test_an_extension_adds_operations() -> None:
    """Title and version are those of what is extended, whichever file comes first."""
    one = joined(extension())
    assert (one.file, one.extensions) == (FIRST, (SECOND,))
    api = build(one.file, one.document, one.extensions)
    assert (api.title, api.version) == ("Things", "1.0.0")
    assert {"listThing", "listThingHistory"} <= {each.operation_id for each in api.operations}


def test_an_extensions_operation_says_what_it_does() -> None:
    """`x-operation` names verb and resource where the path tells neither."""
    one = joined(extension())
    (history,) = (
        operation
        for operation in build(one.file, one.document).operations
        if operation.operation_id == "listThingHistory"
    )
    assert (history.verb, history.resource) == ("history", "thing")


def test_the_files_documents_are_not_changed() -> None:
    """What was read stays as it was read."""
    first, second = contract(), extension()
    before = copy.deepcopy((first, second))
    join({FIRST: first, SECOND: second})
    assert (first, second) == before


def test_an_operation_is_claimed_once() -> None:
    """Which of two files would be served is nobody's guess: both are named, and the place."""
    with pytest.raises(BrokenContract) as failure:
        joined(extension(paths={"/thing": contract()["paths"]["/thing"]}))
    for part in (str(SECOND), str(FIRST), "GET /thing"):
        assert part in str(failure.value)


def test_a_definition_means_one_thing() -> None:
    """The same definition may stand in both files; another one of its name may not."""
    same = contract()["definitions"]
    assert joined(extension(definitions=same)).document["definitions"] == same
    with pytest.raises(BrokenContract, match="'Thing'"):
        joined(extension(definitions={"Thing": {"type": "string"}}))


def test_an_extension_is_written_as_what_it_extends() -> None:
    """Swagger 2.0 and OpenAPI 3 are not mixed in one contract."""
    second = extension()
    second["openapi"] = second.pop("swagger").replace("2.0", "3.0.3")
    second["servers"] = [{"url": second.pop("basePath")}]
    with pytest.raises(BrokenContract, match="`swagger:`"):
        joined(second)


def test_other_base_paths_are_other_contracts() -> None:
    """Two versions of one API stand side by side."""
    assert len(join({FIRST: contract(), SECOND: extension(basePath="/tmf-api/other/v2")})) == 2
