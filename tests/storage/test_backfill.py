"""Indexes that come later than their documents."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.storage.databases import THINGS, Database, ids, insert, opened
from tests.storage.databases import replace as replaced
from tests.storage.test_indexes import INSIDE, check_indexes
from tmfserver import sql
from tmfserver.changes import Insert, Remove, Replace
from tmfserver.query.ast import Comparison, Query
from tmfserver.sql import indexing
from tmfserver.sql.indexed import Index, indexes

BARE = replace(INSIDE, indexed=())
ROWS = 120
BATCH = 7


@pytest.fixture(autouse=True)
def nothing_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables of twenty rows are large ones here, and batches small."""
    monkeypatch.setattr(indexing, "SMALL", 20)
    monkeypatch.setattr(indexing, "BATCH", BATCH)


@pytest.fixture
def before_each(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], None]]:
    """What is called before each transaction of a migration."""
    called: list[Callable[[], None]] = []
    patiently = indexing.patiently

    def spied(*arguments: Any) -> Any:
        for each in called:
            each()
        return patiently(*arguments)

    monkeypatch.setattr(indexing, "patiently", spied)
    return called


def made(n: int, turn: int = 0) -> dict[str, Any]:
    """A document that is another at each turn."""
    moment = f"2026-01-{1 + (n + turn) % 28:02}T00:00:00Z"
    return {
        "id": str(n),
        "status": f"s{(n + turn) % 5}",
        "when": moment,
        "amount": n + turn / 2,
        "done": turn % 2 == 0,
        "party": [{"id": f"p{(n + turn) % 9}", "since": moment}, {"id": f"q{n}"}],
        "part": [{"piece": [{"size": turn, "spare": True}]}, {"piece": []}],
    }


async def fill(database: Database) -> dict[str, dict[str, Any]]:
    documents = {str(n): made(n) for n in range(ROWS)}
    async with opened(database, BARE) as store:
        await asyncio.gather(*[store.commit([insert(each, BARE)]) for each in documents.values()])
    return documents


def state(database: Database) -> set[tuple[str, bool]]:
    rows = database.rows("SELECT path, complete FROM attribute_index")
    return {(path, bool(complete)) for path, complete in rows}


async def test_a_large_table_waits_for_migrate(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """A start builds no index on a large table: it says so once, and answers rightly without."""
    await fill(database)
    asked = Query(Comparison(("party", "id"), "eq", "q17", "string"))
    with caplog.at_level(logging.WARNING):
        async with opened(database, INSIDE) as store:
            assert await ids(store, asked, INSIDE) == ["17"]
            new = made(ROWS) | {"party": [{"id": "q17"}]}
            await store.commit([insert(new, INSIDE)])
            assert await ids(store, asked, INSIDE) == ["17", str(ROWS)]
    (said,) = [record.getMessage() for record in caplog.records if "tmfserver" in record.name]
    assert "'party.id'" in said
    assert "`tmfserver migrate`" in said
    assert state(database) == set()
    told: list[str] = []
    await asyncio.to_thread(sql.migrate, database.url, [INSIDE], told.append)
    assert sum(sentence.startswith("Made index") for sentence in told) == len(INSIDE.indexed)
    assert state(database) == {(path, True) for path in INSIDE.indexed}
    caplog.clear()
    async with opened(database, INSIDE) as store:
        assert await ids(store, asked, INSIDE) == ["17", str(ROWS)]
    assert not caplog.records


class Writing:
    """Inserts, replaces and removes documents in a thread of its own, until it is closed."""

    def __init__(self, database: Database, documents: dict[str, dict[str, Any]]) -> None:
        self._database, self._documents = database, documents
        self._revisions = dict.fromkeys(documents, 1)
        self._steps = threading.Semaphore(0)
        self._ends = False
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def wait(self) -> None:
        """Until it has done more."""
        assert self._steps.acquire(timeout=20), self._failure

    def close(self) -> None:
        self._ends = True
        self._thread.join()
        assert self._failure is None

    def _run(self) -> None:
        try:
            asyncio.run(self._write())
        except BaseException as failure:
            self._failure = failure
            raise

    async def _write(self) -> None:
        async with opened(self._database, BARE) as store:
            turn = 0
            while not self._ends:
                turn += 1
                await asyncio.gather(
                    store.commit([self._insert(turn)]),
                    *[store.commit([self._replace(turn + n * 13, turn)]) for n in range(5)],
                )
                await store.commit([self._remove(turn)])
                self._steps.release()

    def _insert(self, turn: int) -> Insert:
        new = made(ROWS + turn, turn)
        self._documents[new["id"]] = new
        self._revisions[new["id"]] = 1
        return insert(new, BARE)

    def _replace(self, place: int, turn: int) -> Replace:
        id = list(self._documents)[place % (len(self._documents) - 1)]
        new = self._documents[id] = made(int(id), turn)
        self._revisions[id] += 1
        return replaced(new, self._revisions[id] - 1, self._revisions[id], BARE)

    def _remove(self, turn: int) -> Remove:
        id = list(self._documents)[turn * 7 % len(self._documents)]
        del self._documents[id]
        return Remove(BARE, id, self._revisions.pop(id))


async def test_writing_goes_on_while_indexes_are_filled(
    database: Database, before_each: list[Callable[[], None]]
) -> None:
    """What is inserted, changed and removed during a migration is in the indexes as it is now."""
    documents = await fill(database)
    writing = Writing(database, documents)
    try:
        before_each.append(writing.wait)
        await asyncio.to_thread(sql.migrate, database.url, [INSIDE])
    finally:
        await asyncio.to_thread(writing.close)
    assert state(database) == {(path, True) for path in INSIDE.indexed}
    await asyncio.to_thread(check_indexes, database, documents)


async def test_a_migration_that_is_broken_off(
    database: Database, before_each: list[Callable[[], None]]
) -> None:
    """A migration goes on where the last one was broken off; until then the index is not used."""
    documents = await fill(database)
    left = [4]

    def interrupt() -> None:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt

    before_each.append(interrupt)
    with pytest.raises(KeyboardInterrupt):
        sql.migrate(database.url, [INSIDE])
    filled = dict(database.rows("SELECT path, filled FROM attribute_index"))
    assert filled["party.id"] == 3 * BATCH
    assert state(database) == {(path, False) for path in INSIDE.indexed}
    asked = Query(Comparison(("party", "id"), "eq", f"q{ROWS - 1}", "string"))
    async with opened(database, INSIDE) as store:
        assert await ids(store, asked, INSIDE) == [str(ROWS - 1)]
    count = [0]

    def counting() -> None:
        count[0] += 1

    before_each[:] = [counting]
    await asyncio.to_thread(sql.migrate, database.url, [INSIDE])
    assert count[0] < ROWS / BATCH
    assert state(database) == {(path, True) for path in INSIDE.indexed}
    check_indexes(database, documents)


async def test_two_migrations_at_once(database: Database) -> None:
    """Two migrations at the same time make each index once, and whole."""
    documents = await fill(database)
    both = [asyncio.to_thread(sql.migrate, database.url, [INSIDE]) for _ in range(2)]
    await asyncio.gather(*both)
    assert state(database) == {(path, True) for path in INSIDE.indexed}
    check_indexes(database, documents)
    assert await asyncio.to_thread(sql.migrate, database.url, [INSIDE]) == []


async def test_indexes_of_an_earlier_version(database: Database) -> None:
    """A database with indexes on expressions, as version 0001 made them, gets columns instead."""
    documents = await fill(database)
    database.rows("DELETE FROM attribute_index")
    old = [index for index in indexes(INSIDE, database.json) if index.kind == "column"]
    for index in old:
        database.rows(
            f'CREATE INDEX "{index.outdated}" ON "{index.table}" (({index.expression}), seq)'
        )
    assert await asyncio.to_thread(sql.migrate, database.url, [INSIDE])
    check_indexes(database, documents)
    names = present(database)
    assert not names & {index.outdated for index in old}
    assert names >= {index.database_index for index in old}


def present(database: Database) -> set[str]:
    if database.json.name == "sqlite":
        rows = database.rows("SELECT name FROM sqlite_master")
    else:
        rows = database.rows("SELECT relname FROM pg_class")
    return {name for (name,) in rows}


async def test_unused_indexes_are_dropped_when_asked(database: Database) -> None:
    """What is not indexed any more stays until it is said to be dropped; the rest stays whole."""
    documents = await fill(database)
    await asyncio.to_thread(sql.migrate, database.url, [INSIDE])
    fewer = replace(INSIDE, indexed=("status", "party.since"))
    assert await asyncio.to_thread(sql.migrate, database.url, [fewer]) == []
    dropped = await asyncio.to_thread(sql.migrate, database.url, [fewer], drops=True)
    assert len(dropped) == len(INSIDE.indexed) - 2
    assert state(database) == {("status", True), ("party.since", True)}
    gone: list[Index] = [
        index for index in indexes(INSIDE, database.json) if index.dotted not in fewer.indexed
    ]
    assert not present(database) & {index.name for index in gone}
    async with opened(database, fewer) as store:
        documents["new"] = made(7) | {"id": "new"}
        await store.commit([insert(documents["new"], fewer)])
    await asyncio.to_thread(sql.migrate, database.url, [INSIDE])
    check_indexes(database, documents)


async def test_an_unfinished_index_is_made_anew(database: Database) -> None:
    """What CREATE INDEX CONCURRENTLY left unfinished is not taken for an index."""
    if database.json.name == "sqlite":
        pytest.skip("SQLite makes an index in one transaction")
    documents = await fill(database)
    await asyncio.to_thread(sql.migrate, database.url, [THINGS])
    (index, *_) = indexes(THINGS, database.json)
    database.rows("UPDATE attribute_index SET complete = false")
    invalid = f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{index.database_index}'"
    database.rows(f"{invalid}::regclass")
    await asyncio.to_thread(sql.migrate, database.url, [THINGS])
    assert database.rows("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == [(0,)]
    assert len(documents) == ROWS
