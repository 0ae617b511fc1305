"""A folder of files that mean no good: each is one sentence, and the rest can run without it."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from tests.commands.running import program
from tests.spec.things import contract
from tmfserver import spec
from tmfserver.errors import BrokenContract, StartFailure
from tmfserver.planning import make_plan
from tmfserver.settings import read
from tmfserver.spec import loader

TOP = "swagger: '2.0'\ninfo: {title: Things, version: '1'}\n"
BOMB = (
    TOP
    + "a0: &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9]\n"
    + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
)


def with_schema(name: str, schema: dict[str, Any]) -> str:
    document = contract()
    document["definitions"][name] = schema
    return json.dumps(document)


def with_part(target: str) -> str:
    document = contract()
    document["definitions"]["Thing"]["properties"]["part"] = {"$ref": target}
    return json.dumps(document)


HOSTILE: dict[str, tuple[bytes | str, str]] = {
    "empty": ("", "the file is empty"),
    "spaces": (" \n\t\n", "the file is empty"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "it is a PDF, expected JSON or YAML"),
    "zip": (b"PK\x03\x04\x14\x00\x00", "it is an archive"),
    "html": ("<!DOCTYPE html><html></html>", "it is XML or HTML"),
    "binary": (b"swagger\x00\x01\x02", "it is no text: byte 7 is 0x00"),
    "deep": ("[" * 100_000, "it is nested more than 200 levels deep"),
    "deep json": ('{"swagger":' + "[" * 100_000, "it is nested too deeply"),
    "bomb": (BOMB, "at line 9: its aliases stand for more than 2,000,000 nodes"),
    "endless alias": (TOP + "x: &x {y: [*x]}\n", "at line 3: '\\*x' stands for what it is in"),
    "unknown alias": (TOP + "x: *y\nz: &z 1\n", "undefined alias"),
    "python": (TOP + "x: !!python/object/apply:os.system ['true']\n", "could not determine a con"),
    "url": (with_part("http://127.0.0.1:9/a.json#/b"), "leads out of the file, which is never"),
    "file": (with_part("../secret.json#/b"), "at definitions/Thing/properties/part: the ref"),
    "itself": (with_schema("Loop", {"$ref": "#/definitions/Loop"}), "leads back to itself"),
    "part of itself": (
        with_schema("Loop", {"allOf": [{"$ref": "#/definitions/Loop"}]}), "leads back to itself",
    ),
    "number": ('{"swagger": "2.0", "x": ' + "9" * 5000 + "}", "it is not JSON"),
    "version": (
        json.dumps({"openapi": "4.0.0", "info": {"title": "x", "version": "1"}, "paths": {}}),
        "at openapi: version '4.0.0' is not read; Swagger 2.0 and OpenAPI 3.0, 3.1 and 3.2 are",
    ),
    "first version": (TOP.replace("2.0", "1.2"), "at swagger: version '1.2' is not read"),
    "no version": ('{"openapi": null}', "at openapi: version 'None' is not read"),
    "nothing": ('{"swagger": "2.0", "info": {"title": "x", "version": "1"}, "paths": {}}', "no op"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_one_sentence_with_file_and_place(tmp_path: Path, name: str) -> None:
    """Nothing is fetched, expanded or run; the sentence says what is wrong where."""
    content, expected = HOSTILE[name]
    file = tmp_path / f"{name}.json"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(BrokenContract, match=expected) as refused:
        spec.read(file)
    sentence = str(refused.value)
    assert sentence.startswith(str(file))
    assert len(sentence.splitlines()) == 1
    assert len(sentence) < 1000


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    """Fifty million bytes are not even looked at."""
    file = tmp_path / "large.json"
    with file.open("wb") as opened:
        opened.truncate(50_000_000)
    with pytest.raises(BrokenContract, match="it has 50,000,000 bytes, and a contract may have"):
        spec.read(file)


def test_aliases_that_stand_for_little_are_welcome(tmp_path: Path) -> None:
    """YAML may say a thing once."""
    file = tmp_path / "things.yaml"
    text = TOP + "basePath: /things/v1\nx: &ok {description: Done.}\npaths:\n  /thing:\n"
    text += "    get: {operationId: listThing, responses: {200: *ok}}\n"
    file.write_text(text, encoding="utf-8")
    assert loader.read(file)["paths"]["/thing"]["get"]["responses"] == {
        200: {"description": "Done."}
    }


def test_schemas_may_hold_themselves(tmp_path: Path) -> None:
    """A thing that has things is no loop."""
    node = {"type": "object", "properties": {"below": {"$ref": "#/definitions/Node"}}}
    file = tmp_path / "things.json"
    file.write_text(with_schema("Node", node), encoding="utf-8")
    (api,) = spec.read(file)
    api.schemas.shape("Node").check({"below": {"below": {}}})


def hostile_folder(folder: Path) -> Path:
    place = folder / "specs"
    place.mkdir()
    (place / "good.json").write_text(json.dumps(contract()), encoding="utf-8")
    (place / "twice.json").write_text(json.dumps(contract()), encoding="utf-8")
    for name in ("empty", "pdf", "bomb", "itself"):
        content, _ = HOSTILE[name]
        data = content if isinstance(content, bytes) else content.encode()
        (place / f"{name}.json").write_bytes(data)
    return place


def test_the_rest_runs_without_them(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """With skip_broken each is left out with a line in the log, the second claimant too."""
    place = hostile_folder(tmp_path)
    given = {"specs": [str(place)], "cache": "off"}
    with pytest.raises(BrokenContract):
        make_plan(read(given, {}))
    with caplog.at_level(logging.WARNING):
        plan = make_plan(read({**given, "skip_broken": True}, {}))
    assert [api.file.name for api in plan.apis] == ["good.json"]
    told = [record.getMessage() for record in caplog.records]
    assert all(line.startswith("Left out: ") for line in told)
    for name in ("empty", "pdf", "bomb", "itself", "twice"):
        assert sum(f"{name}.json" in line.split(": ")[1] for line in told) == 1
    assert any("is claimed by" in line and "good.json" in line for line in told)


def test_handlers_of_what_is_left_out_stay_unused(tmp_path: Path) -> None:
    """A handler for a contract that is broken today does not stop the others."""
    place, handlers = hostile_folder(tmp_path), tmp_path / "handlers"
    handlers.mkdir()
    (handlers / "lost_thing.py").write_text("", encoding="utf-8")
    given = {"specs": [str(place)], "cache": "off", "handlers": str(handlers)}
    assert make_plan(read({**given, "skip_broken": True}, {})).apis


def test_with_nothing_left_there_is_nothing_to_serve(tmp_path: Path) -> None:
    """A server of no contract does not start, skip_broken or not."""
    (tmp_path / "empty.json").write_text("", encoding="utf-8")
    given = {"specs": [str(tmp_path)], "cache": "off", "skip_broken": True}
    with pytest.raises(StartFailure, match="the file is empty"):
        make_plan(read(given, {}))


def test_check_tells_all_of_them_in_one_go(tmp_path: Path) -> None:
    """The good one is shown, each broken one is a line on standard error, the exit code is 1."""
    place = hostile_folder(tmp_path)
    done = program("check", place, folder=tmp_path)
    assert done.returncode == 1
    assert "good.json" in done.stdout
    lines = done.stderr.splitlines()
    assert len(lines) == 5
    assert all(line.startswith(f"tmfserver: {place}") for line in lines)
