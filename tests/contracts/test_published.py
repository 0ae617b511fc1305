"""Every published contract that is there runs by being dropped in, with no handler."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.contracts.lives import live_all, told
from tests.serving import MakeDatabase
from tmfserver.spec import read

VARIABLE = "TMFSERVER_OFFICIAL_SPECS"
FOLDER = Path(os.environ.get(VARIABLE, "none"))
FILES = sorted(path for path in FOLDER.glob("*") if path.suffix in (".json", ".yaml", ".yml"))

pytestmark = pytest.mark.skipif(not FILES, reason=f"{VARIABLE} names no folder of contracts")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_lives_alone(path: Path, make_database: MakeDatabase) -> None:
    """Each resource with a create is made, found, changed, told of and deleted, on SQLite."""
    database = make_database("sqlite")
    life = live_all([path], database)[path.name]
    assert life.lived
    told(life.api, database)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_all_live_together(kind: str, make_database: MakeDatabase) -> None:
    """One server, one database, every contract: the newest file of each base path."""
    newest = {api.base_path: path for path in FILES for api in read(path)}
    database = make_database(kind)
    lives = live_all(sorted(newest.values()), database)
    assert len(lives) == len(newest) > 1
    assert all(life.lived for life in lives.values())
    assert sum(told(life.api, database) for life in lives.values()) > 100
