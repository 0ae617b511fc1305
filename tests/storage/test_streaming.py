from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import Collection

import psutil
import pytest

from tests.storage.databases import THINGS, Database, insert, opened, replace
from tmfserver import errors
from tmfserver.query.ast import Comparison, Query, SortKey
from tmfserver.repository import Store

MEGABYTE = 1024 * 1024
TEXT = "x" * 20_000


async def fill(store: Store, rows: int, text: str = TEXT) -> None:
    for start in range(0, rows, 50):
        numbers = range(start, min(rows, start + 50))
        await asyncio.gather(
            *[store.commit([insert({"id": f"{n:05}", "text": text, "n": n})]) for n in numbers]
        )


@pytest.mark.parametrize("sort", [(), (SortKey(("n",), descending=True),)], ids=["age", "sorted"])
async def test_a_big_page_needs_little_memory(
    database: Database, sort: tuple[SortKey, ...]
) -> None:
    """A page of 24 MB is read in batches of some 256 KB, and no more than these are in memory."""
    async with opened(database) as store:
        await fill(store, 1200)
        process = psutil.Process()
        tracemalloc.start()
        before, most, seen, biggest = process.memory_info().rss, 0, 0, 0
        page = await store.find(THINGS, Query(sort=sort, limit=1200))
        assert (page.total, page.count) == (1200, 1200)
        assert page.more is not None
        seen += len(page.rows)
        async for rows in page.more:
            seen += len(rows)
            biggest = max(biggest, sum(len(row[1]) for row in rows))
            most = max(most, process.memory_info().rss)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert seen == 1200
        assert biggest <= 300_000
        assert peak < 5 * MEGABYTE
        assert most - before < 16 * MEGABYTE


async def test_a_page_is_of_one_moment(database: Database) -> None:
    """What is changed while a page is read does not show in it: total, count and rows agree."""
    async with opened(database) as store, opened(database) as other:
        await fill(store, 100)
        page = await store.find(THINGS, Query(offset=10, limit=500))
        assert (page.total, page.count) == (100, 90)
        assert page.more is not None
        for each in (store, other):
            await each.commit([insert({"id": f"late{id(each)}"})])
        await store.commit([replace({"id": "00099", "text": "changed"}, seen=1, revision=2)])
        found = list(page.rows)
        async for rows in page.more:
            found += rows
            assert (await store.find(THINGS, Query(limit=1))).total == 102
        assert [row[0] for row in found] == [f"{n:05}" for n in range(10, 100)]
        assert TEXT in found[-1][1]


async def test_pages_given_up(database: Database) -> None:
    """Pages that nobody reads to their end give back what they hold when they are closed."""
    async with opened(database) as store:
        await fill(store, 60)
        for step in range(60):
            page = await store.find(THINGS, Query(limit=60))
            assert page.more is not None
            if step % 2:
                await anext(page.more)
            await page.more.aclose()  # type: ignore[attr-defined]
            await page.more.aclose()  # type: ignore[attr-defined]
            with pytest.raises(StopAsyncIteration):
                await anext(page.more)
        assert await store.count(THINGS) == 60


async def test_pages_forgotten(database: Database) -> None:
    """Pages that are dropped without being closed give back what they hold, too."""
    async with opened(database) as store:
        await fill(store, 60)
        for step in range(60):
            page = await store.find(THINGS, Query(limit=60))
            if step % 2:
                assert page.more is not None
                await anext(page.more)
            del page
        assert await store.count(THINGS) == 60


async def cancelled(tasks: Collection[asyncio.Task[None]]) -> None:
    """Cancels until they end: asyncio.wait_for, by which psycopg waits, loses a cancellation that
    comes together with what it waits for (Python before 3.12)."""
    while tasks:
        for task in tasks:
            task.cancel()
        _, tasks = await asyncio.wait(tasks, timeout=0.5)


async def test_readers_that_are_cancelled(database: Database) -> None:
    """Requests given up in the middle of a list leave the store as it was."""
    slow = Query(Comparison(("text",), "contains", "y"), limit=60)

    async def read(store: Store) -> None:
        while True:
            page = await store.find(THINGS, slow if id(asyncio.current_task()) % 2 else Query())
            if page.more is not None:
                try:
                    async for _rows in page.more:
                        pass
                finally:
                    await page.more.aclose()  # type: ignore[attr-defined]

    async with opened(database) as store:
        await fill(store, 60)
        for delay in (0.0, 0.003, 0.01, 0.02, 0.05):
            tasks = [asyncio.create_task(read(store)) for _ in range(10)]
            await asyncio.sleep(delay)
            await cancelled(tasks)
            done = await asyncio.gather(*tasks, return_exceptions=True)
            assert {type(each) for each in done} == {asyncio.CancelledError}, done
        for _ in range(20):
            assert (await store.find(THINGS, Query(limit=2))).total == 60


async def test_slow_clients_leave_room(database: Database) -> None:
    """While some clients take their time over big pages, others read and write."""
    async with opened(database) as store:
        await fill(store, 60)
        pages = [await store.find(THINGS, Query(limit=60)) for _ in range(4)]
        await store.commit([insert({"id": "new"})])
        assert await store.get(THINGS, "new") is not None
        for page in pages:
            assert page.more is not None
            await page.more.aclose()  # type: ignore[attr-defined]


async def test_closing_ends_pages(database: Database) -> None:
    """A store that closes breaks off the pages still being read, and says why."""
    async with opened(database) as store:
        await fill(store, 60)
        page = await store.find(THINGS, Query(limit=60))
        assert page.more is not None
        await store.close()
        with pytest.raises(errors.Unavailable):
            await anext(page.more)
        await page.more.aclose()  # type: ignore[attr-defined]
