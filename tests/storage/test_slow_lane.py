"""Queries that are slow are carried out by processes of their own, with the same answers."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path as File
from typing import Any

import psutil
import pytest

from tests.storage.databases import THINGS, Database, insert, opened
from tmfserver import errors
from tmfserver.query.ast import Comparison, Exists, Node, Not, Or, Query, SortKey
from tmfserver.query.jsonpath import Expressions
from tmfserver.query.summing import Group, Summing
from tmfserver.repository import Page, Row, Store
from tmfserver.sql import Limits, open_store
from tmfserver.sql.aside import WORKER, Aside
from tmfserver.sql.aside_jobs import Opening
from tmfserver.sql.lanes import SLOW, SLOW_AT_ONCE, move

PATIENT = Limits(query_seconds=120, scan_limit=100_000)
TEXT = "x" * 6_000
EVERYTHING = Summing((Group("status", ("status",)),))

pytestmark = pytest.mark.slow


def jsonpath(text: str) -> Node:
    return Expressions(THINGS.types).condition(text)


SIFTED = jsonpath("$[?(avg(@..n)>=5)]")
QUERIES = [
    Query(),
    Query(limit=0),
    Query(offset=7, limit=5),
    Query(offset=1000, limit=5),
    Query(Comparison(("text",), "contains", "y"), limit=4),
    Query(Comparison(("text",), "contains", "nothing"), limit=4),
    Query(Comparison(("text",), "regex", "x+y$"), limit=0),
    Query(Not(Exists(("text",))), sort=(SortKey(("n",), descending=True),), limit=3),
    Query(Or((Comparison(("status",), "eq", "s1"), Exists(("odd",)))), limit=2),
    Query(sort=(SortKey(("amount",)), SortKey(("id",), descending=True)), offset=3, limit=6),
    Query(sort=(SortKey(("text",)),), limit=200),
    Query(Comparison(("when",), "gte", "2026-01-05", "date-time"), limit=9),
    Query(SIFTED, offset=2, limit=4),
    Query(SIFTED, sort=(SortKey(("n",), descending=True),), limit=4),
    Query(SIFTED, limit=0),
    Query(jsonpath("$[?(avg(@..n)>1e9)]")),
]


@asynccontextmanager
async def filled(
    database: Database, limits: Limits = PATIENT, documents: int = 90
) -> AsyncIterator[Store]:
    store = await open_store(database.url, [THINGS], limits=limits)
    try:
        some = [
            {
                "id": f"{n * 37 % documents:03}",
                "n": n,
                "status": f"s{n % 3}",
                "amount": n % 5,
                "when": f"2026-01-{n % 9 + 1:02}T00:00:00Z",
                "text": f"{TEXT}{'yz'[n % 2]}" if n % 4 else None,
                "deep": [{"n": n}, {"n": [n, n]}],
            }
            for n in range(documents)
        ]
        await asyncio.gather(*[store.commit([insert(each)]) for each in some])
        yield store
    finally:
        await store.close()


async def slowly(store: Store, query: Query) -> Page:
    """The page by the slow lane."""
    move(store._plans.ask(THINGS, query).plan, SLOW)  # type: ignore[attr-defined]
    return await store.find(THINGS, query)


async def whole(page: Page) -> tuple[Page, list[Row]]:
    rows = list(page.rows)
    if page.more is not None:
        async for more in page.more:
            rows += more
    return replace(page, rows=[], more=None), rows


async def answered(store: Store, query: Query) -> None:
    """Asks until there is an answer: a busy machine may take longer than is allowed."""
    while True:
        with suppress(errors.TooSlow):
            assert (await slowly(store, query)).count == query.limit
            return


def endless() -> Query:
    """Minutes of work: what is looked for is never there."""
    tests = [jsonpath(f"$[?(avg(@..n)>{10**9 + n})]") for n in range(20)]
    return Query(Or(tuple(tests)), limit=5)


async def add_big_ones(store: Store) -> None:
    for n in range(200):
        deep: Any = {"id": f"big{n}", "deep": [{"n": each} for each in range(4_000)]}
        await store.commit([insert(deep)])


def workers() -> list[psutil.Process]:
    """The processes for slow queries that this one has."""
    return [each for each in psutil.Process().children() if WORKER[-1] in each.cmdline()]


async def begun() -> psutil.Process:
    """The one such process, at work."""
    while not (found := workers()) or found[0].cpu_times().user < 2.0:  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    return found[0]


async def test_the_same_answers(database: Database) -> None:
    """A page is the same whichever lane it is read in: rows, order, total, and where others are."""
    async with filled(database) as store:
        for query in QUERIES:
            quick = await whole(await store.find(THINGS, query))
            slow = await slowly(store, query)
            assert await whole(slow) == quick
            for start in (slow.after, slow.before):
                if start is not None and query.filter is not SIFTED:
                    there = replace(query, start=start, offset=0)
                    quick = await whole(await store.find(THINGS, there))
                    assert await whole(await slowly(store, there)) == quick
        assert 1 <= len(workers()) <= SLOW_AT_ONCE
    assert workers() == []


async def test_a_page_too_big_for_memory(
    database: Database, tmp_path: File, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What of a page is too big for memory is read while it is sent, from a file without a name."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    async with filled(database) as store:
        for forgotten in (False, True):
            page = await slowly(store, Query(limit=80))
            assert list(folder.iterdir()) == []
            assert page.count == 80
            assert sum(len(row[1]) for row in page.rows) < 300_000
            assert page.more is not None
            if forgotten:
                await page.more.aclose()
            assert len((await whole(page))[1]) == (len(page.rows) if forgotten else 80)


async def test_totals_have_a_time_of_their_own(database: Database) -> None:
    """It may be another than that of lists."""
    async with opened(database, limits=replace(PATIENT, totals_seconds=0.001)) as store:
        assert list((await slowly(store, Query())).rows) == []
        with pytest.raises(errors.TooSlow, match=r"longer than 0\.001 s"):
            await store.fold(THINGS, None, EVERYTHING)


async def test_capped_totals(database: Database) -> None:
    """Where totals are counted to a limit only, they are so in both lanes; and they are remembered
    for as long as nothing changes."""
    query = Query(Comparison(("text",), "contains", "z"), limit=2)
    async with filled(database, replace(PATIENT, total_limit=10)) as store:
        quick = await store.find(THINGS, query)
        assert (quick.total, quick.capped) == (10, True)
        for _ in range(2):
            assert await slowly(store, query) == quick
    async with filled(database, documents=0) as store:
        quick = await store.find(THINGS, query)
        for n in range(3):
            await store.commit([insert({"id": f"new{n}", "text": "z"})])
            for _ in range(2):
                assert (await slowly(store, query)).total == quick.total + n + 1


async def test_refusals_come_back(database: Database) -> None:
    """A query is refused with the same words in both lanes."""
    async with filled(database, replace(PATIENT, scan_limit=20)) as store:
        with pytest.raises(errors.NotServed) as quick:
            await store.find(THINGS, Query(SIFTED))
        with pytest.raises(errors.NotServed) as slow:
            await slowly(store, Query(SIFTED))
        assert str(slow.value) == str(quick.value)


async def test_a_query_ends_in_its_time(database: Database) -> None:
    """What takes longer than its budget is refused, and others are answered right afterwards."""
    async with filled(database, replace(PATIENT, query_seconds=4)) as store:
        await add_big_ones(store)
        await answered(store, Query(limit=3))
        with pytest.raises(errors.TooSlow):
            await store.find(THINGS, endless())
        await answered(store, Query(limit=3))
        assert await store.get(THINGS, "big1") is not None


async def test_a_process_that_dies(database: Database) -> None:
    """A query whose process dies fails; the next has another. ^C is the server's alone."""
    async with filled(database) as store:
        await add_big_ones(store)
        page = await slowly(store, QUERIES[4])
        [first] = workers()
        first.send_signal(signal.SIGINT)
        assert await slowly(store, QUERIES[4]) == page
        assert workers() == [first]
        first.kill()
        first.wait()
        await asyncio.sleep(0)
        asking = asyncio.create_task(store.find(THINGS, endless()))
        second = await begun()
        assert second != first
        second.kill()
        with pytest.raises(errors.Unavailable):
            await asking
        assert await slowly(store, QUERIES[4]) == page


async def test_clients_that_go_away(database: Database) -> None:
    """Queries given up, at whatever moment, leave all places to others."""
    async with filled(database) as store:
        page = await slowly(store, QUERIES[4])
        for n in range(100):
            tasks = [asyncio.create_task(slowly(store, QUERIES[n % 12])) for _ in range(3)]
            await asyncio.sleep((0.0, 0.0005, 0.002, 0.01)[n % 4])
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        assert await slowly(store, QUERIES[4]) == page
        pages = await asyncio.gather(*[slowly(store, QUERIES[4]) for _ in range(20)])
        assert pages == [page] * 20
        assert len(workers()) <= SLOW_AT_ONCE


async def test_closing_ends_the_work(database: Database) -> None:
    """A store that closes ends the processes, whatever they are at; who waits is told so. Totals
    do not wait for them."""
    async with filled(database) as store:
        await add_big_ones(store)
        tasks = [asyncio.create_task(slowly(store, endless())) for _ in range(SLOW_AT_ONCE + 2)]
        await begun()
        assert (await store.fold(THINGS, None, EVERYTHING)).documents == 290
        assert not any(each.done() for each in tasks)
        await store.close()
        for failure in await asyncio.gather(*tasks, return_exceptions=True):
            assert isinstance(failure, errors.Unavailable)
            assert "shutting down" in str(failure)
        assert workers() == []


async def test_what_cannot_end_does_not_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    """A query waits for a process no longer than half of its time; then it is refused."""
    aside = Aside(Opening("sqlite", "nowhere", replace(PATIENT, query_seconds=0.2)))
    done = asyncio.Event()
    begun = 0

    async def run(*_: object) -> None:
        nonlocal begun
        begun += 1
        await done.wait()

    monkeypatch.setattr(aside, "_run", run)
    deadline = time.monotonic() + 0.2
    asking: Any = [aside.find(None, deadline) for _ in range(SLOW_AT_ONCE + 5)]  # type: ignore[arg-type]
    failures = await asyncio.gather(*asking, return_exceptions=True)
    assert {type(each) for each in failures} == {errors.TooSlow}
    assert begun == SLOW_AT_ONCE
    done.set()
    await aside.close()


def test_a_process_ends_with_its_server() -> None:
    """Nobody at the other end: the process ends, and says nothing."""
    command = [sys.executable, *WORKER]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")


async def test_after_an_outage(database: Database) -> None:
    """A process whose connection was lost meanwhile takes a new one."""
    async with filled(database) as store:
        page = await slowly(store, QUERIES[4])
        before = workers()
        with database.outage():
            pass
        assert await slowly(store, QUERIES[4]) == page
        assert workers() == before
