"""Contracts are read as they are published, whatever their file looks like."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tmfserver.errors import BrokenContract
from tmfserver.spec import files
from tmfserver.spec.loader import read

SMALL = {"swagger": "2.0", "info": {"title": "Thïngs", "version": "1"}, "paths": {}}


def written(folder: Path, content: bytes, name: str = "things.swagger.json") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(SMALL).encode(),
        json.dumps(SMALL, ensure_ascii=False).encode("utf-8-sig"),
        json.dumps(SMALL, ensure_ascii=False).encode("cp1252"),
        json.dumps(SMALL, indent="\t").encode(),
        b"swagger: '2.0'\ninfo:\n\ttitle: \"Th\\u00efngs\"\n\tversion: '1'\npaths: {}\n",
    ],
    ids=["json", "byte order mark", "cp1252", "tabs", "yaml in a .json file"],
)
def test_the_content_decides_not_the_suffix(tmp_path: Path, content: bytes) -> None:
    """JSON or YAML, with tabs, a byte order mark or Windows characters: one contract."""
    assert read(written(tmp_path, content)) == SMALL


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"swagger: 2.0\ninfo: {version: 4.0}\n", {"swagger": "2.0", "info": {"version": "4.0"}}),
        (b"openapi: 3.0\ninfo: {version: 2}\n", {"openapi": "3.0.0", "info": {"version": "2"}}),
        (
            b"openapi: 3.1\ninfo: {version: 2026-01-02}\n",
            {"openapi": "3.1.0", "info": {"version": "2026-01-02"}},
        ),
    ],
)
def test_versions_without_quotes(tmp_path: Path, content: bytes, said: dict[str, Any]) -> None:
    """What YAML takes for a number or a day is the version that was meant."""
    assert read(written(tmp_path, content)) == said


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "it is empty"),
        (b"{", "it is not JSON"),
        (b"[1, 2]", "it is no contract"),
        (b"a: [", "it is neither JSON nor YAML"),
        (b'{"info": {}}', "'swagger' or 'openapi' is missing"),
    ],
)
def test_what_is_no_contract_is_named_with_its_file(
    tmp_path: Path, content: bytes, problem: str
) -> None:
    """A broken file is one sentence that names it and says what is wrong."""
    path = written(tmp_path, content)
    with pytest.raises(BrokenContract) as refused:
        read(path)
    assert str(path) in str(refused.value)
    assert problem.removeprefix("it is ") in str(refused.value)


def test_a_folder_gives_its_contracts_by_name(tmp_path: Path) -> None:
    """Only .json and .yaml files are contracts; notes beside them are not."""
    for name in ("b.yaml", "a.json", "README.md", "__init__.py"):
        written(tmp_path, b"", name)
    assert [path.name for path in files([tmp_path])] == ["a.json", "b.yaml"]


def test_a_folder_without_contracts_is_refused(tmp_path: Path) -> None:
    """A server without a contract would serve nothing."""
    with pytest.raises(BrokenContract, match=r"holds no \.json or \.yaml file"):
        files([tmp_path])


def test_a_place_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    """A wrong --specs is told at once."""
    with pytest.raises(BrokenContract, match="there is no such file or folder"):
        files([tmp_path / "nowhere"])
