"""What stops a start: one sentence on standard error that says what to do, and no traceback."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.programs import COMMAND
from tests.serving import Server, beside, flags, free_port, plain_environment

LONGEST_START = 30


def refusal(folder: Path, environment: Mapping[str, str] | None = None, **settings: Any) -> str:
    """The sentence with which a server refuses to start."""
    given = {"port": free_port(), "database": f"sqlite:///{folder / 'x.db'}", **settings}
    done = subprocess.run(
        [str(COMMAND), "serve", *flags(given)],
        cwd=folder,
        env=plain_environment(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LONGEST_START,
        check=False,
    )
    assert done.returncode > 0, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_a_broken_contract(tmp_path: Path) -> None:
    """A contract that cannot be read is named, with what to do about it."""
    contract = tmp_path / "broken.json"
    contract.write_text("{", encoding="utf-8")
    sentence = refusal(tmp_path, specs=[contract])
    assert str(contract) in sentence
    assert "--specs" in sentence


def test_a_handler_that_nothing_is_named_as(tmp_path: Path) -> None:
    """A module or function that nothing is named as stops the start, with the nearest match."""
    folder = tmp_path / "handlers"
    folder.mkdir()
    (folder / "usages.py").write_text("", encoding="utf-8")
    assert "'usage'" in refusal(tmp_path, handlers=folder)
    (folder / "usages.py").unlink()
    text = "async def delete_usages(call): ..."
    (folder / "usage.py").write_text(text, encoding="utf-8")
    assert "'delete_usage'" in refusal(tmp_path, handlers=folder)


@pytest.mark.parametrize(
    ("name", "value"), [("port", "abc"), ("host", "300.300.300.300"), ("database", "mysql://a/b")]
)
def test_a_wrong_setting(tmp_path: Path, name: str, value: str) -> None:
    """A setting of a wrong kind is named, with what came."""
    sentence = refusal(tmp_path, **{name: value})
    assert name in sentence
    assert value in sentence


@pytest.mark.parametrize("workers", [1, 2])
def test_a_taken_port(tmp_path: Path, sqlite_server: Server, workers: int) -> None:
    """A port that another program has is named, and --port with it."""
    sentence = refusal(tmp_path, port=sqlite_server.port, workers=workers)
    assert str(sqlite_server.port) in sentence
    assert "--port" in sentence


def test_a_database_that_cannot_be_used(tmp_path: Path) -> None:
    """A database in a folder that is not there is named, and --database with it."""
    place = tmp_path / "nowhere" / "x.db"
    sentence = refusal(tmp_path, database=f"sqlite:///{place}")
    assert str(place) in sentence
    assert "--database" in sentence


def test_a_postgresql_that_is_not_there(tmp_path: Path) -> None:
    """A PostgreSQL that refuses the connection is named, its password is not."""
    database = f"postgresql://user:secret@127.0.0.1:{free_port()}/nowhere"
    sentence = refusal(tmp_path, database=database)
    assert "127.0.0.1" in sentence
    assert "--database" in sentence
    assert "secret" not in sentence


def test_a_postgresql_database_that_is_not_there(tmp_path: Path, postgres_server: str) -> None:
    """A database that the PostgreSQL server does not have is named."""
    sentence = refusal(tmp_path, database=beside(postgres_server, "no_such_database"))
    assert "no_such_database" in sentence
    assert "--database" in sentence
