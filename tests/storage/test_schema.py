from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from tests.serving import plain_environment
from tests.storage.databases import OTHERS, THINGS, Database, document, ids, insert, opened
from tests.storage.recording import statements
from tmfserver import errors, sql
from tmfserver.changes import Collection
from tmfserver.query.ast import Comparison, Query
from tmfserver.sql import migrations, schema
from tmfserver.sql.tables import table_name

ROOT = Path(__file__).parents[2]
OPEN_ONLY = """
import asyncio, sys
from tests.storage.databases import OTHERS, THINGS
from tmfserver.sql import open_store

async def main():
    store = await open_store(sys.argv[1], [THINGS, OTHERS])
    await store.close()

asyncio.run(main())
print("alembic" in sys.modules)
"""


def test_the_newest_version_is_alembics_head() -> None:
    """The version that a start compares with is the one that the migrations lead to."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_heads() == [migrations.NEWEST]


async def test_migrating_says_what_it_did(database: Database) -> None:
    """Migrating an empty database makes all, in sentences; migrating again does nothing."""
    done = await asyncio.to_thread(sql.migrate, database.url, [THINGS, OTHERS])
    assert f"Brought the server's own tables to version {migrations.NEWEST}." in done
    assert "Made table thing_management_v4_other for thingManagement/v4/other." in done
    assert len(done) == 3 + len(THINGS.indexed)
    assert all(sentence.endswith(".") for sentence in done)
    assert await asyncio.to_thread(sql.migrate, database.url, [THINGS, OTHERS]) == []


async def test_what_is_written_down_is_what_migrations_do(database: Database) -> None:
    """The statements for an empty database are those of all migrations, as Alembic runs them."""
    ran = await asyncio.to_thread(statements, database.url)
    assert migrations.recorded(database.json.name) == ran, "run `python -m tests.storage.recording`"


async def test_alembic_stays_out_of_a_plain_start(database: Database) -> None:
    """A start on an empty or an up-to-date database does not even import Alembic."""
    path = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    for _ in range(2):
        printed = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", OPEN_ONLY, database.url],
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
            env=plain_environment({"PYTHONPATH": path}),
        )
        assert printed.stdout == "False\n"


async def test_a_newer_contract(database: Database) -> None:
    """A collection and an index that are new appear at the next start; documents stay."""
    async with opened(database, OTHERS) as store:
        await store.commit([insert({"id": "a", "colour": "red"}, OTHERS)])
    newer = replace(OTHERS, indexed=("colour",), types={"colour": "string"})
    done = await asyncio.to_thread(sql.migrate, database.url, [newer, THINGS])
    assert any("colour" in sentence for sentence in done)
    async with opened(database, newer, THINGS) as store:
        assert await document(store, "a", newer) == {"id": "a", "colour": "red"}
        red = Query(Comparison(("colour",), "eq", "red", "string"))
        assert await ids(store, red, newer) == ["a"]
        assert await store.count(THINGS) == 0
    async with opened(database, OTHERS) as store:
        assert await store.count(OTHERS) == 1


async def test_starts_at_once(database: Database) -> None:
    """Many stores that open at once on an empty database all find their tables."""
    opening = [
        sql.open_store(database.url, [THINGS, OTHERS], limits=sql.Limits(pool_size=2))
        for _ in range(6)
    ]
    stores = await asyncio.gather(*opening)
    for n, store in enumerate(stores):
        await store.commit([insert({"id": str(n)})])
    assert await stores[0].count(THINGS) == 6
    for store in stores:
        await store.close()


async def test_without_migration(database: Database) -> None:
    """A start that may not migrate refuses a database that lacks a table, and changes nothing."""
    with pytest.raises(errors.DatabaseUnreachable, match="tmfserver migrate"):
        await sql.open_store(database.url, [THINGS], migrate=False)
    await asyncio.to_thread(sql.migrate, database.url, [THINGS])
    with pytest.raises(errors.DatabaseUnreachable, match="tmfserver migrate"):
        await sql.open_store(database.url, [THINGS, OTHERS], migrate=False)
    store = await sql.open_store(database.url, [THINGS], migrate=False)
    assert await store.count(THINGS) == 0
    await store.close()


async def test_a_database_from_the_future(database: Database) -> None:
    """A database that a newer server has migrated is refused, with both versions."""
    async with opened(database):
        pass
    database.rows("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(errors.DatabaseUnreachable, match=rf"9999.*{migrations.NEWEST}"):
        await sql.open_store(database.url, [THINGS])
    assert database.rows("SELECT version_num FROM alembic_version") == [("9999",)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("thingManagement/v4/someThing", "thing_management_v4_some_thing"),
        ("API/v4/HTTPThing", "api_v4_http_thing"),
        ("event", "event_"),
        ("4u/v1/x", "t_4u_v1_x_"),
        ("x" * 80, "x" * 46 + "_"),
    ],
)
def test_table_names(name: str, expected: str) -> None:
    """A table is called after its collection; what would be too long or clash gets a mark."""
    found = table_name(name)
    assert found.startswith(expected[:46])
    assert len(found) <= 55


async def test_long_names(database: Database) -> None:
    """Collections whose long names begin alike have tables and indexes of their own."""
    long = "veryLong" * 12
    both = [
        Collection(f"{long}/v{n}/thing", "thing", (f"{long}A", f"{long}B"), {f"{long}A": "string"})
        for n in (4, 5)
    ]
    async with opened(database, *both) as store:
        for n, each in enumerate(both):
            await store.commit([insert({"id": "a", f"{long}A": str(n)}, each)])
        for n, each in enumerate(both):
            asked = Query(Comparison((f"{long}A",), "eq", str(n), "string"))
            assert await ids(store, asked, each) == ["a"]


async def test_clashing_collections(database: Database) -> None:
    """Collections that would share a table are refused."""
    with pytest.raises(ValueError, match="share a table"):
        await sql.open_store(database.url, [Collection("a/bC", "x"), Collection("a/b_c", "x")])


async def test_a_start_while_a_table_is_read_for_long(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start makes no index on a table that somebody is reading: it goes on without."""
    if database.json.name == "sqlite":
        pytest.skip("on SQLite reading holds up nobody")
    monkeypatch.setattr(schema, "BUSY_SECONDS", 0.1)
    newer = replace(OTHERS, indexed=("colour",), types={"colour": "string"})
    async with opened(database, OTHERS) as store:
        await store.commit([insert({"id": "a", "colour": "red"}, OTHERS)])
    with psycopg.connect(database.url) as reading:
        reading.execute(f"SELECT id FROM {table_name(OTHERS.name)}")
        assert (await asyncio.to_thread(sql.prepare, database.url, [newer])).done == []
        async with opened(database, newer) as store:
            red = Query(Comparison(("colour",), "eq", "red", "string"))
            assert await ids(store, red, newer) == ["a"]
    assert len((await asyncio.to_thread(sql.prepare, database.url, [newer])).done) == 1
