"""Tables of collections that a database does not have yet."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.serving import plain_environment
from tests.storage.databases import OTHERS, Database, insert, opened
from tests.storage.test_backfill import made
from tests.storage.test_indexes import INSIDE, check_indexes
from tmfserver import sql
from tmfserver.changes import UniqueKey
from tmfserver.sql import creating
from tmfserver.sql.indexed import indexes

ROOT = Path(__file__).parents[2]
KEYED = replace(INSIDE, keys=(UniqueKey("status + spec.id", ("status", "spec.id")),))
MANY = [replace(INSIDE, name=f"many{n}/v1/thing") for n in range(7)]
KILLED = """
import os, signal, sys
from tests.storage.test_creating import MANY
from tmfserver import sql
from tmfserver.sql import creating, schema

turn, create = 0, creating.create

def killed(*given):
    global turn
    turn += 1
    for sentence in create(*given):
        if turn == 3 and "Made index" in sentence:
            os.kill(os.getpid(), signal.SIGKILL)
        yield sentence

creating.MOST = 2
creating.create = killed
sql.prepare(sys.argv[1], MANY)
"""
LISTS = {
    "sqlite": [
        "SELECT name, '' FROM sqlite_master WHERE type = 'table'",
        "SELECT name, sql FROM sqlite_master WHERE type <> 'table'",
        """SELECT m.name, c.name || ' ' || c.type || c."notnull" || c.hidden || c.pk
           FROM sqlite_master m, pragma_table_xinfo(m.name) c WHERE m.type = 'table'""",
    ],
    "postgresql": [
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
        """SELECT tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger
           WHERE NOT tgisinternal""",
        """SELECT attrelid::regclass::text, concat_ws(' ', attname,
             format_type(atttypid, atttypmod), attcollation, attnotnull, attidentity)
           FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped
             AND attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace
                              AND relkind = 'r')""",
        "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    ],
}


def everything(database: Database) -> list[list[tuple[Any, ...]]]:
    """All that the database has, each as it is declared; the order of columns says nothing."""
    return [sorted(database.rows(each)) for each in LISTS[database.json.name]]


def drop(database: Database) -> None:
    sides = [each.name for each in indexes(KEYED, database.json) if each.kind == "members"]
    for table in ("thing_management_v4_some_thing", *sides):
        database.rows(f'DROP TABLE "{table}"')
    for row in database.rows("SELECT name FROM attribute_index") * (
        database.json.name == "postgresql"
    ):
        database.rows(f'DROP FUNCTION IF EXISTS "{row[0]}"')
    if database.json.name == "postgresql":
        database.rows('DROP FUNCTION "thing_management_v4_some_thing__fill"')


async def test_a_new_table_is_what_it_would_have_become(database: Database) -> None:
    """A table that is made whole has what one has whose columns and indexes came later; what was
    said of a table that somebody dropped is forgotten."""
    await asyncio.to_thread(sql.prepare, database.url, [KEYED])
    whole = everything(database)
    registry = "SELECT * FROM attribute_index ORDER BY name"
    rows = database.rows(registry)
    drop(database)
    await asyncio.to_thread(sql.prepare, database.url, [replace(KEYED, indexed=(), keys=())])
    assert database.rows(registry) == []
    await asyncio.to_thread(sql.prepare, database.url, [KEYED])
    assert everything(database) == whole
    assert database.rows(registry) == rows


async def test_a_new_table_keeps_its_indexes(database: Database) -> None:
    """The indexes of a table that was made whole hold what is written, from the first document."""
    documents = {str(n): made(n) for n in range(5)}
    async with opened(database, INSIDE) as store:
        for each in documents.values():
            await store.commit([insert(each, INSIDE)])
    check_indexes(database, documents)


async def test_a_start_that_is_killed(database: Database) -> None:
    """A start that is killed while it makes tables leaves whole ones; the next makes the rest."""
    path = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    command = [sys.executable, "-c", KILLED, database.url]
    died = await asyncio.to_thread(
        subprocess.run, command, check=False, cwd=ROOT, env=plain_environment({"PYTHONPATH": path})
    )
    assert died.returncode == -signal.SIGKILL
    made_before = database.rows("SELECT DISTINCT collection FROM attribute_index")
    assert {name for (name,) in made_before} == {each.name for each in MANY[:4]}
    brought = await asyncio.to_thread(sql.prepare, database.url, MANY)
    assert sum("Made table" in sentence for sentence in brought.done) == 3
    assert brought.usable["many5/v1/thing"].indexed == INSIDE.indexed
    assert (await asyncio.to_thread(sql.prepare, database.url, MANY)).done == []


async def test_starts_at_once_with_many_tables(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Servers that start at once on an empty database share the work, and make each table once."""
    monkeypatch.setattr(creating, "MOST", 2)
    starts = [asyncio.to_thread(sql.prepare, database.url, [*MANY, OTHERS]) for _ in range(4)]
    brought = await asyncio.gather(*starts)
    done = [sentence for each in brought for sentence in each.done]
    assert len(done) == len(set(done)) == 1 + len(MANY) * (1 + len(INSIDE.indexed)) + 1
    assert all(len(each.usable) == len(MANY) + 1 for each in brought)
