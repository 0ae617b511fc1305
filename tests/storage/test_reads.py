from __future__ import annotations

import asyncio

from tests.storage.databases import OTHERS, THINGS, Database, document, ids, insert, opened
from tmfserver.changes import Collection
from tmfserver.query.ast import Comparison, Or, Query


async def test_a_document_is_read_back_as_it_was_written(database: Database) -> None:
    """A document comes back by its id with all its values and its revision."""
    written = {
        "id": "a",
        "text": "ключ \"'\\ \n 🙂",
        "numbers": [0, -1, 12.5, 1e-7, 9007199254740993],
        "flags": [True, False, None],
        "deep": {"er": [{"still": []}], "": "empty name"},
    }
    async with opened(database) as store:
        await store.commit([insert(written, revision=1_767_225_600_123_456)])
        row = await store.get(THINGS, "a")
        assert row is not None
        assert row[0] == "a"
        assert row[2] == 1_767_225_600_123_456
        assert await document(store, "a") == written


async def test_ids_that_are_not_there(database: Database) -> None:
    """An id that nothing has finds nothing, whatever characters it is made of."""
    async with opened(database) as store:
        await store.commit([insert({"id": "a"})])
        for id in ("", "b", "A", "a ", "%", "a\0", "\ud800", "x" * 70_000):
            assert await store.get(THINGS, id) is None


async def test_collections_keep_to_themselves(database: Database) -> None:
    """The same id in two collections is two documents."""
    async with opened(database) as store:
        await store.commit(
            [insert({"id": "a", "of": "things"}), insert({"id": "a", "of": "others"}, OTHERS)]
        )
        assert await document(store, "a") == {"id": "a", "of": "things"}
        assert await document(store, "a", OTHERS) == {"id": "a", "of": "others"}
        assert await store.count(THINGS) == await store.count(OTHERS) == 1


async def test_many_reads_at_once(database: Database) -> None:
    """Reads by id of one moment each get their own document, or none."""
    async with opened(database) as store:
        await asyncio.gather(*[store.commit([insert({"id": f"d{n}"})]) for n in range(300)])
        asked = [f"d{n % 400}" for n in range(1000)]
        rows = await asyncio.gather(*[store.get(THINGS, id) for id in asked])
        found = [row and row[0] for row in rows]
        assert found == [id if int(id[1:]) < 300 else None for id in asked]


PAGES = [
    (0, 100, range(10)),
    (0, 3, range(3)),
    (3, 3, range(3, 6)),
    (8, 5, range(8, 10)),
    (9, 1, range(9, 10)),
    (10, 5, range(0)),
    (999, 5, range(0)),
    (0, 0, range(0)),
    (5, 0, range(0)),
]


async def test_pages(database: Database) -> None:
    """A page has its part of the list in the order of insertion, and the total of the whole."""
    async with opened(database) as store:
        for n in range(10):
            await store.commit([insert({"id": f"{9 - n}", "kind": "k"})])
        for filter_ in (None, Comparison(("kind",), "eq", "k")):
            for offset, limit, expected in PAGES:
                page = await store.find(THINGS, Query(filter_, offset=offset, limit=limit))
                assert [row[0] for row in page.rows] == [f"{9 - n}" for n in expected]
                assert (page.total, page.count, page.more) == (10, len(expected), None)


async def test_totals_follow_changes(database: Database) -> None:
    """Totals are those of the moment, also where they were asked for just before."""
    async with opened(database) as store, opened(database) as other:
        for n in range(4):
            await (store, other)[n % 2].commit([insert({"id": str(n)})])
            for each in (store, other):
                assert (await each.find(THINGS, Query(limit=1))).total == n + 1
                assert await each.count(THINGS) == n + 1


async def test_by_several_ids(database: Database) -> None:
    """A filter on ids alone finds just these."""
    async with opened(database) as store:
        for n in range(9):
            await store.commit([insert({"id": f"d{n}"})])
        asked = Or(tuple(Comparison(("id",), "eq", f"d{n}") for n in (7, 2, 99)))
        assert await ids(store, Query(asked)) == ["d2", "d7"]


async def test_ping(database: Database) -> None:
    """An open database answers, and its store is what the collections say."""
    empty = Collection("empty", "empty")
    async with opened(database, empty) as store:
        assert await store.ping() is None
        assert await store.count(empty) == 0
