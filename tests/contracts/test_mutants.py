"""A contract that TM Forum has not written yet runs by being dropped in."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.contracts.lives import live_all, told
from tests.contracts.mutants import mutate, written
from tests.contracts.test_published import FILES
from tests.serving import MakeDatabase
from tmfserver.planning import bundled_specs
from tmfserver.spec import files, loader

OWN = [path for path in files([bundled_specs()]) if "Management-v" in path.name]
SEEDS = range(int(os.environ.get("TMFSERVER_TEST_MUTANTS", "8")))  # or, for a longer run, more


pytestmark = pytest.mark.slow


def drop(folder: Path, seed: int, known: list[Path]) -> Path:
    """A file with one of the known contracts, spelled in another way."""
    source = known[seed % len(known)]
    name, content = written(mutate(loader.read(source), seed), seed)
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("seed", SEEDS)
def test_our_own_in_other_words_live(
    seed: int, tmp_path: Path, make_database: MakeDatabase
) -> None:
    """The bundled contracts, spelled in other ways, on SQLite."""
    path = drop(tmp_path, seed, OWN)
    database = make_database("sqlite")
    life = live_all([path], database)[path.name]
    assert life.lived
    told(life.api, database)


def test_our_own_in_other_words_live_together(tmp_path: Path, make_database: MakeDatabase) -> None:
    """Many of them on one server, on PostgreSQL."""
    paths = [drop(tmp_path, seed, OWN) for seed in range(100, 104)]
    lives = live_all(paths, make_database("postgresql"))
    assert len(lives) == len(paths)


@pytest.mark.skipif(not FILES, reason="no folder of published contracts")
@pytest.mark.parametrize("seed", range(200, 200 + len(FILES)))
def test_published_ones_in_other_words_live(
    seed: int, tmp_path: Path, make_database: MakeDatabase
) -> None:
    """Each published contract, spelled in other ways, on SQLite."""
    path = drop(tmp_path, seed, FILES)
    assert live_all([path], make_database("sqlite"))[path.name].lived
