from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import PostgresServer, running
from tests.storage.databases import Database, Postgres, Sqlite


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Runs tests that are coroutines, each in an event loop of its own."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database; every test of this suite runs whole on each kind."""
    if request.param == "sqlite":
        yield Sqlite(tmp_path / "test.db")
    else:
        server = request.getfixturevalue("own_postgres")
        url = server.lend_database()
        yield Postgres(url, server)
        server.take_back(url)


@pytest.fixture(scope="session")
def own_postgres() -> Iterator[PostgresServer]:
    """A server beside the shared one, for this suite stops it and starts it again."""
    with running() as server:
        yield server
