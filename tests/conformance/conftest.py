"""The servers that conformance is asked of: both databases, and TM Forum's own contract files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.conformance.facts import PUBLISHED, RESOURCES, ResourceFacts
from tests.serving import (
    DATABASES,
    SQLITE,
    MakeDatabase,
    Server,
    launch,
    new_sqlite_database,
    plain_environment,
    stop_cleanly,
)

VARIABLE = "TMFSERVER_OFFICIAL_SPECS"
PUBLISHED_FILES = "published"
SKIPPED = f"{VARIABLE} does not name a folder with the published contracts"


@pytest.fixture(scope="session")
def published_folder() -> Path:
    """Where TM Forum's published contracts and samples are, if they are at hand."""
    named = os.environ.get(VARIABLE)
    if not named:
        pytest.skip(SKIPPED)
    return Path(named)


@pytest.fixture(scope="session")
def published_server(
    published_folder: Path, tmp_path_factory: pytest.TempPathFactory, make_database: MakeDatabase
) -> Iterator[Server]:
    """A server of nothing but the two published files."""
    folder = tmp_path_factory.mktemp("published")
    specs = folder / "specs"
    specs.mkdir()
    for name in PUBLISHED:
        shutil.copy(published_folder / name, specs / name)
    server = launch(folder, make_database(SQLITE), specs=[specs])
    yield server
    stop_cleanly(server)


@pytest.fixture(scope="session", params=[*DATABASES, PUBLISHED_FILES])
def kit(request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    """Talks to a server that is to be conformant."""
    server: Server = request.getfixturevalue(f"{request.param}_server")
    with server.client() as client:
        yield client


@pytest.fixture(params=RESOURCES.values(), ids=RESOURCES.keys())
def resource(request: pytest.FixtureRequest) -> ResourceFacts:
    """Each of the nine resources."""
    facts: ResourceFacts = request.param
    return facts


@pytest.fixture(scope="session")
def faulty_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server whose paths begin with a fault's name."""
    folder = tmp_path_factory.mktemp("faulty")
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.conformance.faulty_server", new_sqlite_database(folder)],
        cwd=Path(__file__).parents[2], env=plain_environment(), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    assert url.startswith("http"), "the faulty server does not start"
    yield url
    process.terminate()
    process.wait(30)
    process.stdout.close()
