"""`import`, `export` and `transition` of what stands in one instance."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.commands.upgrading import outcome
from tests.contracts.test_nested import BASE, contract
from tests.serving import select

BOXES = "shelf_management_v1_shelf_box"
SHARED = "shelfManagement/v2/shelf=shelfManagement/v1/shelf"


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    """Boxes and labels with a state, in two versions."""
    folder = tmp_path / "specs"
    folder.mkdir()
    for version in ("1", "2"):
        document = contract()
        document["info"]["version"] = f"{version}.0"
        states = {"type": "string", "enum": ["open", "shut"]}
        for name in ("Box", "Label"):
            document["definitions"][name]["properties"]["status"] = states
        (folder / f"{version}.json").write_text(json.dumps(document), encoding="utf-8")
    return folder


def run(specs: Path, database: str, *words: str, code: int = 0) -> str:
    flags = ["--specs", str(specs), "--shared-tables", SHARED, "--database", database]
    given, told = outcome([*words, *flags])
    assert given == code, told
    return told


def written(file: Path, *records: dict[str, Any]) -> str:
    file.write_text("".join(json.dumps(each) + "\n" for each in records), encoding="utf-8")
    return str(file)


def test_files_go_into_one_instance_and_out_again(
    specs: Path, new_database: str, tmp_path: Path
) -> None:
    """Of one of two shelves, whose table two contracts share; a dry run counts as the import does,
    and `transition` moves the boxes of one shelf alone."""
    shelf, file = "shelfManagement/v1/shelf", tmp_path / "in.ndjson"
    shelves = written(file, {"id": "s", "name": "x"}, {"id": "t", "name": "x"})
    run(specs, new_database, "import", shelf, shelves)
    boxes = written(file, *({"id": id, "name": id, "status": "open"} for id in "ab"))
    for place in ("shelfManagement/v1/shelf/s/box", f"{BASE}/shelf/t/box"):
        told = run(specs, new_database, "import", place, boxes)
        assert "2 read: 2 created, 0 there already, 0 refused" in told
        told = run(specs, new_database, "import", place, boxes, "--dry-run")
        assert "2 read: 0 would be created, 2 there already, 0 refused" in told
    newer = "shelfManagement/v2/shelf/s/box"
    assert "2 created" in run(specs, new_database, "import", newer, boxes)
    words = "transition", "shelfManagement/v1/shelf/s/box", "--query", "id=b", "--to", "shut"
    assert "1 found: 1 would be moved" in run(specs, new_database, *words, "--dry-run")
    assert "1 found: 1 moved" in run(specs, new_database, *words)
    out = tmp_path / "out.ndjson"
    for id, states in (("s", ["open", "shut"]), ("t", ["open", "open"])):
        place = f"shelfManagement/v1/shelf/{id}/box"
        run(specs, new_database, "export", place, "--query", "sort=id", "--output", str(out))
        found = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
        assert [each["href"] for each in found] == [f"/tmf-api/{place}/{id}" for id in "ab"]
        assert [each["status"] for each in found] == states
    rows = select(new_database, f"SELECT id FROM {BOXES} ORDER BY seq")
    assert rows == [("s/a",), ("s/b",), ("t/a",), ("t/b",)]


def test_those_that_name_a_holder_are_moved_alone(
    specs: Path, new_database: str, tmp_path: Path
) -> None:
    """Of all labels those of one writer, who is put into each that is imported there."""
    for writer in ("ada", "bob"):
        file = written(tmp_path / "in.ndjson", {"id": writer, "name": "x", "status": "open"})
        place = f"shelfManagement/v1/writer/{writer}/label"
        assert "1 created" in run(specs, new_database, "import", place, file)
    words = "transition", "shelfManagement/v1/writer/ada/label", "--query", "status=open"
    assert "1 found: 1 moved" in run(specs, new_database, *words, "--to", "shut")
    out = tmp_path / "out.ndjson"
    run(specs, new_database, "export", "shelfManagement/v1/label", "--output", str(out))
    found = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [(each["status"], each["writer"]["id"]) for each in found] == [
        ("shut", "ada"),
        ("open", "bob"),
    ]


@pytest.mark.parametrize(
    "words",
    [("import", "{}", "/dev/null"), ("export", "{}"), ("transition", "{}", "--to", "shut")],
)
def test_no_instance_is_a_sentence(specs: Path, new_database: str, words: tuple[str, ...]) -> None:
    """With exit code 1 where there is none of that id, also where two contracts share its table;
    2 where none is named."""
    for version in ("1", "2"):
        for place, code, sentence in (
            (f"shelfManagement/v{version}/shelf/none/box", 1, "There is no shelf with id 'none'."),
            (f"shelfManagement/v{version}/shelf/box", 2, "v1/shelf/{shelfId}/box"),
        ):
            asked = [word.format(place) for word in words]
            assert sentence in run(specs, new_database, *asked, code=code)
