"""What was read of a contract comes from what was kept of it, and is the same."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from tests.spec.things import contract
from tmfserver import spec
from tmfserver.spec import Api, Kept, kept, loader
from tmfserver.spec.later import Later

BUNDLED = sorted((Path(__file__).parents[2] / "specs").glob("TMF*.json"))


def written(folder: Path, document: dict[str, Any] | None = None) -> Path:
    file = folder / "things.json"
    file.write_text(json.dumps(document or contract()), encoding="utf-8")
    return file


def the_same(one: Api, other: Api) -> bool:
    plain = [entry.name for entry in fields(Api) if entry.name not in ("document", "operations")]
    return (
        all(getattr(one, name) == getattr(other, name) for name in plain)
        and dict(one.document) == dict(other.document)
        and [repr(operation) for operation in one.operations]
        == [repr(operation) for operation in other.operations]
        and all(
            dict(a.definition) == dict(b.definition)
            for a, b in zip(one.operations, other.operations, strict=True)
        )
    )


def nothing_is_parsed(path: Path, content: bytes) -> dict[str, Any]:
    raise AssertionError(path)


@pytest.mark.parametrize("file", BUNDLED, ids=lambda file: file.name)
def test_what_is_kept_is_what_was_read(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second reading parses nothing, and gives resources, events and contract all the same."""
    raw = loader.read(file)
    built = spec.build(file, raw)
    (first,) = spec.read(file, kept=Kept(tmp_path))
    monkeypatch.setattr(loader, "parse", nothing_is_parsed)
    (second,) = spec.read(file, kept=Kept(tmp_path))
    assert the_same(first, built)
    assert the_same(second, built)
    for name, resource in built.resources.items():
        assert isinstance(second.resources[name].given, frozenset)
        assert second.resources[name] == resource


def test_a_file_that_changed_is_read_anew(tmp_path: Path) -> None:
    """An entry belongs to what the file held, not to its name."""
    kept_in = Kept(tmp_path / "kept")
    spec.read(written(tmp_path), kept=kept_in)
    changed = contract()
    changed["info"]["title"] = "Other Things"
    (api,) = spec.read(written(tmp_path, changed), kept=kept_in)
    assert api.title == "Other Things"


def test_another_server_reads_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another version of the server kept is not used."""
    file, kept_in = written(tmp_path), Kept(tmp_path / "kept")
    spec.read(file, kept=kept_in)
    monkeypatch.setattr(kept, "_source", lambda: b"another version")
    monkeypatch.setattr(loader, "parse", nothing_is_parsed)
    with pytest.raises(AssertionError):
        spec.read(file, kept=kept_in)


@pytest.mark.parametrize("damage", ["cut off", "emptied", "another's"])
def test_an_entry_that_is_not_whole_is_not_used(tmp_path: Path, damage: str) -> None:
    """A disk that was full once does not stop a start."""
    file, folder = written(tmp_path), tmp_path / "kept"
    (first,) = spec.read(file, kept=Kept(folder))
    (entry,) = folder.glob("*.contract")
    whole = entry.read_bytes()
    entry.write_bytes({"cut off": whole[:-7], "emptied": b"", "another's": b"%PDF"}[damage])
    (second,) = spec.read(file, kept=Kept(folder))
    assert the_same(first, second)
    assert entry.read_bytes() == whole


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(tmp_path: Path) -> None:
    """The server starts where nothing can be kept."""
    file = written(tmp_path)
    (api,) = spec.read(file, kept=Kept(file / "no folder"))
    assert api.resources


def test_old_entries_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder does not grow for ever."""
    monkeypatch.setattr(kept, "_MOST", 3)
    for number in range(6):
        Kept(tmp_path).put(f"{number}.file", b"{}")
    assert len(list(tmp_path.iterdir())) == 3


def test_a_contract_is_parsed_when_it_is_looked_at() -> None:
    """Changes before that are made when it is, once; what was let go is parsed and changed anew."""
    loaded: list[dict[str, Any]] = []

    def load() -> dict[str, Any]:
        loaded.append({"paths": {}})
        return loaded[-1]

    document = Later(load)
    spec.changed(document, lambda whole: whole.update(info={}))
    assert loaded == []
    assert dict(document) == {"paths": {}, "info": {}}
    spec.changed(document, lambda whole: whole.update(tags=[]))
    assert len(document) == 3
    assert len(loaded) == 1
    document.let_go()
    assert dict(document) == {"paths": {}, "info": {}, "tags": []}
    assert len(loaded) == 2


@pytest.mark.parametrize(
    ("environment", "expected"),
    [({"XDG_CACHE_HOME": "/x"}, Path("/x/tmfserver")), ({}, Path.home() / ".cache/tmfserver")],
)
def test_where_it_is_kept(environment: dict[str, str], expected: Path) -> None:
    """In the user's own folder for such things."""
    assert spec.usual_folder(environment) == expected
