from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.storage.databases import THINGS, Database, insert, opened
from tmfserver import errors, sql
from tmfserver.sql.postgres import pool as postgres_pool
from tmfserver.sql.sqlite import connection as sqlite_connection


@pytest.mark.parametrize(
    "url",
    [
        "",
        "tmfserver.db",
        "mysql://root:geheim@localhost/x",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite://tmfserver.db",
        "postgresql://user:ge@heim@localhost/x",
        "user:geheim@host",
    ],
)
async def test_wrong_urls(url: str) -> None:
    """A URL that names no database of a kind we know is refused, its password not repeated."""
    with pytest.raises(errors.WrongSetting, match="database") as caught:
        await sql.open_store(url, [THINGS])
    assert "heim" not in str(caught.value).split("expected")[0]
    with pytest.raises(errors.WrongSetting):
        sql.migrate(url, [THINGS])


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def unusable(
    request: pytest.FixtureRequest, tmp_path: Path, silent_port: int, postgres_server: str
) -> str:
    (tmp_path / "text.db").write_text("This is no database. " * 500)
    (tmp_path / "folder.db").mkdir()
    urls = {
        "no folder": f"sqlite:///{tmp_path}/missing/test.db",
        "no database file": f"sqlite:///{tmp_path}/text.db",
        "a folder": f"sqlite:///{tmp_path}/folder.db",
        "refused": "postgresql://user:geheim@127.0.0.1:1/x",
        "no such host": "postgresql://user:geheim@no-such-host.invalid/x",
        "silent": f"postgresql://user:geheim@127.0.0.1:{silent_port}/x",
        "no such database": postgres_server.replace("/postgres?", "/missing?"),
        "unknown option": "postgresql://user:geheim@127.0.0.1/x?colour=red",
    }
    return urls[request.param]


@pytest.mark.parametrize(
    "unusable",
    [
        "no folder",
        "no database file",
        "a folder",
        "refused",
        "no such host",
        "silent",
        "no such database",
        "unknown option",
    ],
    indirect=True,
)
async def test_unusable_databases(unusable: str) -> None:
    """A database that cannot be used is told within ten seconds, and without its password."""
    begun = time.monotonic()
    with pytest.raises(errors.DatabaseUnreachable) as caught:
        await sql.open_store(unusable, [THINGS])
    assert time.monotonic() - begun < 10
    assert "geheim" not in str(caught.value)
    assert "--database" in str(caught.value)


async def test_an_outage(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a database is away changes are refused; when it is back the same store goes on."""
    monkeypatch.setattr(sqlite_connection, "BUSY_SECONDS", 0.1)
    monkeypatch.setattr(postgres_pool, "WAIT_SECONDS", 1.0)
    async with opened(database) as store:
        await store.commit([insert({"id": "before"})])
        await asyncio.gather(*[store.get(THINGS, "before") for _ in range(20)])
        with database.outage():
            for changes in ([insert({"id": "a"})], [insert({"id": "a"}), insert({"id": "b"})]):
                with pytest.raises(errors.Unavailable):
                    await store.commit(changes)
        deadline = time.monotonic() + 20
        while True:
            try:
                await store.commit([insert({"id": "after"})])
                break
            except (errors.Unavailable, errors.Taken) as failure:
                if isinstance(failure, errors.Taken):
                    break
                assert time.monotonic() < deadline
                await asyncio.sleep(0.1)
        for id in ("before", "after"):
            assert await store.get(THINGS, id) is not None
        assert await store.count(THINGS) == 2
        assert await store.ping() is None
