"""Documents that stand in others: none comes into one that is gone, none is left when it goes."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any, Protocol

import psycopg
import pytest

from tests.storage.databases import Database, Sqlite, ids, insert, opened
from tmfserver.changes import Change, Collection, Present, Remove
from tmfserver.engine.nested import Holding, Within, what_goes_along
from tmfserver.errors import NotFound
from tmfserver.jobs import After, NewRow
from tmfserver.query.ast import Query
from tmfserver.sql import open_bulk

SHELVES = Collection("shelfManagement/v1/shelf", "shelf")
BOXES = Collection("shelfManagement/v1/shelf/box", "box", nested=True)
TAPES = Collection("shelfManagement/v1/shelf/box/tape", "tape", nested=True)
ALL = (SHELVES, BOXES, TAPES)
IN_SHELF, IN_BOX = Holding((SHELVES,)), Holding((SHELVES, BOXES))
EVERY = Query(limit=100)
SHELF_TABLE, BOX_TABLE = "shelf_management_v1_shelf", "shelf_management_v1_shelf_box"
PATIENCE = 20


class Rival(Protocol):
    """Another's transaction, which is open until it is committed."""

    def execute(self, statement: str) -> Any: ...

    def commit(self) -> None: ...


@contextmanager
def rival(database: Database) -> Iterator[Rival]:
    """A transaction of another process."""
    if isinstance(database, Sqlite):
        with closing(sqlite3.connect(database.path, isolation_level=None)) as file:
            file.execute("BEGIN IMMEDIATE")
            yield file
        return
    with closing(psycopg.connect(database.url)) as connection:
        yield connection  # type: ignore[misc] # statements are literals


def going(id: str) -> Sequence[Change]:
    return [Remove(SHELVES, id, 1), *what_goes_along(None, (BOXES, TAPES), id)]  # type: ignore[arg-type]


async def test_nothing_comes_into_what_is_gone(database: Database) -> None:
    """Whoever found the holder there a moment ago is told that it is not any more, whichever of
    the holders that is, and nothing is written."""
    async with opened(database, *ALL) as store:
        shelf = Within(store, BOXES, "s", IN_SHELF)
        box = Within(store, TAPES, "s/b", IN_BOX)
        with pytest.raises(NotFound, match="shelf with id 's'"):
            await shelf.commit([insert({"id": "b"}, BOXES)])
        await store.commit([insert({"id": "s"}, SHELVES)])
        with pytest.raises(NotFound, match="box with id 'b'"):
            await box.commit([insert({"id": "t"}, TAPES)])
        await shelf.commit([insert({"id": "b"}, BOXES)])
        await box.commit([insert({"id": "t"}, TAPES)])
        assert [await ids(store, EVERY, each) for each in ALL] == [["s"], ["s/b"], ["s/b/t"]]


async def test_what_came_at_the_last_moment_goes_along(database: Database) -> None:
    """Also what nobody knew of when the end of the holder was asked for; others' stays."""
    async with opened(database, *ALL) as store:
        await store.commit([insert({"id": id}, SHELVES) for id in ("s", "s0", "r")])
        changes = going("s")
        for holder in ("s", "s0", "r"):
            await Within(store, BOXES, holder, IN_SHELF).commit([insert({"id": "b"}, BOXES)])
            await Within(store, TAPES, f"{holder}/b", IN_BOX).commit([insert({"id": "t"}, TAPES)])
        await store.commit(changes)
        assert await ids(store, EVERY, BOXES) == ["s0/b", "r/b"]
        assert await ids(store, EVERY, TAPES) == ["s0/b/t", "r/b/t"]


async def test_who_is_just_being_made_is_waited_for(database: Database) -> None:
    """A document that another process is writing when its holder goes is not left behind."""
    async with opened(database, *ALL) as store:
        await store.commit([insert({"id": "s"}, SHELVES)])
        with rival(database) as other:
            lock = "" if isinstance(database, Sqlite) else " FOR KEY SHARE"
            other.execute(f"SELECT seq FROM {SHELF_TABLE} WHERE id = 's'{lock}").fetchall()
            other.execute(
                f"INSERT INTO {BOX_TABLE} (id, document, revision) VALUES ('s/b', '{{}}', 1)"
            )
            async with asyncio.timeout(PATIENCE):
                gone = asyncio.ensure_future(store.commit(going("s")))
                done, _ = await asyncio.wait([gone], timeout=0.3)
                assert not done
                other.commit()
                await gone
        assert [await ids(store, EVERY, each) for each in ALL] == [[], [], []]


async def test_who_is_just_going_is_waited_for(database: Database) -> None:
    """A document is not written into a holder that another process is taking away."""
    async with opened(database, *ALL) as store:
        await store.commit([insert({"id": "s"}, SHELVES)])
        with rival(database) as other:
            other.execute(f"DELETE FROM {SHELF_TABLE} WHERE id = 's'")
            async with asyncio.timeout(PATIENCE):
                shelf = Within(store, BOXES, "s", IN_SHELF)
                made = asyncio.ensure_future(shelf.commit([insert({"id": "b"}, BOXES)]))
                done, _ = await asyncio.wait([made], timeout=0.3)
                assert not done
                other.commit()
                with pytest.raises(NotFound):
                    await made
        assert await ids(store, EVERY, BOXES) == []


async def test_rows_are_loaded_into_who_is_there(database: Database) -> None:
    """Many at a time, too: not into a holder that is not there, nor into one that goes when they
    are just being written."""
    async with opened(database, *ALL) as store:
        with closing(open_bulk(database.url, ALL, migrate=False)) as bulk:
            rows = [NewRow(f"s/{n}", f'{{"id":"{n}"}}', 1) for n in range(20)]
            holders = [Present(SHELVES, "s")]
            with pytest.raises(NotFound, match="shelf with id 's'"):
                bulk.load(BOXES, rows, lambda _: After(), holders)
            with pytest.raises(NotFound, match="shelf with id 's'"):
                bulk.require(holders)
            await store.commit([insert({"id": "s"}, SHELVES)])
            loop = asyncio.get_running_loop()
            going_on: list[Any] = []

            def then(_: frozenset[str]) -> After:
                """Called when the rows are written and not yet committed."""
                gone = asyncio.run_coroutine_threadsafe(store.commit(going("s")), loop)
                with pytest.raises(TimeoutError):
                    gone.result(0.3)
                going_on.append(gone)
                return After()

            async with asyncio.timeout(PATIENCE):
                await asyncio.to_thread(bulk.load, BOXES, rows, then, holders)
                await asyncio.wrap_future(going_on[0])
        assert [await ids(store, EVERY, each) for each in ALL] == [[], [], []]
