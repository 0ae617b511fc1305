"""`tmfserver check NEW --against OLD`: what an upgrade brings, in words, as JSON, by exit code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.commands.running import program, run
from tests.commands.upgrading import (
    SOUND,
    Change,
    fewer_states,
    more_attributes,
    outcome,
    store,
    version_two,
    write,
)


def no_event(document: dict[str, Any]) -> None:
    del document["paths"]["/listener/thingCreateEvent"]


@pytest.mark.parametrize(
    ("change", "code", "verdict"),
    [
        (more_attributes, 0, "Compatible"),
        (no_event, 3, "Breaking for clients"),
        (fewer_states, 4, "Breaking for stored documents"),
    ],
)
def test_the_exit_code_says_who_can_go_on(
    tmp_path: Path, change: Change, code: int, verdict: str
) -> None:
    """0: all; 3: stored documents, but not clients; 4: not even these."""
    old, new = write(tmp_path / "old.json"), write(tmp_path / "new.json", change)
    given, told = outcome(["check", str(new), "--against", str(old)])
    assert given == code, told
    assert verdict in told


def test_breaking_is_told_first(tmp_path: Path) -> None:
    """In words and in JSON: what breaks stands before what is new."""

    def change(document: dict[str, Any]) -> None:
        more_attributes(document)
        fewer_states(document)

    old, new = write(tmp_path / "old.json"), write(tmp_path / "new.json", change)
    arguments = ["check", str(new), "--against", str(old)]
    _, told = outcome(arguments)
    assert told.index("thing.status: loses 'closed'") < told.index("thing.colour: is new")
    code, text = outcome([*arguments, "--json"])
    (upgrade,) = json.loads(text)
    assert (code, upgrade["exit_code"]) == (4, 4)
    assert (upgrade["old"]["version"], upgrade["new"]["version"]) == ("1.0.0", "1.1.0")
    first, *_, last = upgrade["differences"]
    assert (first["place"], first["for_documents"]) == ("thing.status", "breaking")
    assert (last["place"], last["for_clients"]) == ("thing.colour", "compatible")


def test_stored_documents_are_counted(tmp_path: Path, new_database: str) -> None:
    """All stored documents are looked at, and those that would not hold are named with why."""
    old, new = write(tmp_path / "old.json"), write(tmp_path / "new.json", fewer_states)
    states = ["closed" if number % 500 == 7 else "open" for number in range(2500)]
    documents = [{"id": f"t{n}", "status": state, **SOUND} for n, state in enumerate(states)]
    store(new_database, *documents)
    arguments = ["check", str(new), "--against", str(old), "--database", new_database]
    code, text = outcome([*arguments, "--json"])
    assert code == 4, text
    ((thing,),) = [upgrade["stored"] for upgrade in json.loads(text)]
    assert (thing["resource"], thing["looked_at"], thing["failing"]) == ("thing", 2500, 5)
    (reason,) = thing["reasons"]
    assert (reason["attribute"], reason["count"]) == ("status", 5)
    assert reason["examples"][0] == ["t7", "got 'closed'"]
    _, told = outcome(arguments)
    assert "thing: 2500 looked at, 5 would not hold" in told
    assert "thing 't7' (got 'closed'), 't507' (got 'closed')" in told


def test_what_is_stored_decides(tmp_path: Path, new_database: str) -> None:
    """With a database in which all documents hold, what might break others breaks clients alone."""
    old, new = write(tmp_path / "old.json"), write(tmp_path / "new.json", fewer_states)
    store(new_database, {"id": "a", "status": "open", **SOUND})
    arguments = ["check", str(new), "--against", str(old), "--database", new_database]
    assert outcome(arguments)[0] == 3
    run("check", old, environment={"TMFSERVER_DATABASE": new_database})


def test_another_base_path_tells_of_both(tmp_path: Path, new_database: str) -> None:
    """v1 and v2 can be served at once; documents of v1 are looked at by what v2 says."""
    old, new = write(tmp_path / "old.json"), write(tmp_path / "new.json", version_two)
    store(new_database, {"id": "a", "name": "n", "part": SOUND["part"]}, {"id": "b", **SOUND})
    arguments = ["check", str(new), "--against", str(old), "--database", new_database]
    code, told = outcome(arguments)
    assert code == 4
    assert "at /tmf-api/thingManagement/v1 and /tmf-api/thingManagement/v2" in told
    assert "thing: 2 looked at, 1 would not hold" in told
    assert "thing 'a': size: it is mandatory, but missing" in told


def test_rules_that_lose_what_they_are_about(tmp_path: Path) -> None:
    """A handler's indexed attribute, reference, life cycle and function are named when the newer
    contract has them no more."""

    def change(document: dict[str, Any]) -> None:
        fewer_states(document)
        for name in ("Thing", "Thing_Create", "Thing_Update"):
            del document["definitions"][name]["properties"]["size"]
            document["definitions"][name]["properties"].pop("parent")
        document["paths"]["/thing"]["post"]["operationId"] = "makeThing"

    old, new = write(tmp_path / "old.json"), write(tmp_path / "new.json", change)
    folder = tmp_path / "handlers"
    folder.mkdir()
    (folder / "thing.py").write_text(
        "from tmfserver.rules import Lifecycle, Rules\n"
        "rules = Rules(\n"
        '    lifecycle=Lifecycle("status", {"open": {"closed"}, "closed": set()}),\n'
        '    indexed=("size", "name"),\n'
        '    references={"parent": "thing"},\n'
        ")\n"
        "async def create_thing(call): ...\n",
        encoding="utf-8",
    )
    # A program of its own, for modules that were imported once stay.
    done = program("check", new, "--against", old, "--handlers", folder, "--json", folder=tmp_path)
    (upgrade,) = json.loads(done.stdout)
    assert upgrade["handlers"] == [
        "thing: no operationId of thing is `create_thing` any more",
        "thing: `indexed` names 'size', which is gone",
        "thing: `references` names 'parent', which is gone",
        "thing: the life cycle's 'closed' is no status now",
    ]


def test_what_cannot_be_compared(tmp_path: Path) -> None:
    """Contracts of different APIs are one sentence on standard error, exit code 1."""

    def change(document: dict[str, Any]) -> None:
        document["info"]["title"] = "Others"
        document["basePath"] = "/others/"
        document["paths"] = {
            path.replace("thing", "other").replace("Thing", "Other"): item
            for path, item in document["paths"].items()
        }

    old, new = write(tmp_path / "old.json"), write(tmp_path / "new.json", change)
    done = program("check", new, "--against", old, folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert str(old) in done.stderr
    place = f"sqlite:///{tmp_path / 'nowhere.db'}"
    done = program("check", old, "--database", place, folder=tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "--against" in done.stderr
    done = program("check", old, "--against", old, "--database", place, folder=tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert not (tmp_path / "nowhere.db").exists()
