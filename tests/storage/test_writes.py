from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.storage.databases import (
    OTHERS,
    THINGS,
    Database,
    document,
    ids,
    insert,
    opened,
    replace,
)
from tmfserver import errors
from tmfserver.changes import Change, Event, Insert, Receive, Remove
from tmfserver.query.ast import Query


def event(id: str, *listeners: str) -> Event:
    return Event(id, "/thingManagement/v4/", "CreateEvent", "a", '{"b":  1, "a": 2}', listeners)


async def test_replace_and_remove(database: Database) -> None:
    """A document is replaced and removed at the revision that was seen."""
    async with opened(database) as store:
        await store.commit([insert({"id": "a", "n": 1}, revision=5)])
        await store.commit([replace({"id": "a", "n": 2}, seen=5, revision=6)])
        row = await store.get(THINGS, "a")
        assert await document(store, "a") == {"id": "a", "n": 2}
        assert row is not None
        assert row[2] == 6
        await store.commit([Remove(THINGS, "a", seen=6)])
        assert await store.get(THINGS, "a") is None
        await store.commit([insert({"id": "a", "n": 3})])
        assert await document(store, "a") == {"id": "a", "n": 3}


async def test_an_id_is_used_once(database: Database) -> None:
    """A second document with an id is refused, and the first one stays."""
    async with opened(database) as store:
        await store.commit([insert({"id": "a", "n": 1})])
        with pytest.raises(errors.Taken) as caught:
            await store.commit([insert({"id": "a", "n": 2})])
        assert caught.value.facts == {"resource": "someThing", "id": "a"}
        assert await document(store, "a") == {"id": "a", "n": 1}


@pytest.mark.parametrize(
    "change",
    [
        replace({"id": "a", "n": 2}, seen=4, revision=9),
        replace({"id": "gone"}, seen=5, revision=9),
        Remove(THINGS, "a", seen=4),
        Remove(THINGS, "gone", seen=5),
    ],
)
async def test_stale_changes(database: Database, change: Change) -> None:
    """What was changed or removed by others in between is neither replaced nor removed."""
    async with opened(database) as store:
        await store.commit([insert({"id": "a", "n": 1}, revision=5)])
        with pytest.raises(errors.Stale):
            await store.commit([change])
        assert await document(store, "a") == {"id": "a", "n": 1}


BAD: dict[str, Callable[[], list[Change]]] = {
    "taken": lambda: [insert({"id": "new"}), insert({"id": "a"})],
    "stale": lambda: [insert({"id": "new"}), replace({"id": "a"}, seen=1, revision=2)],
    "stale with an event": lambda: [replace({"id": "a"}, seen=1, revision=2), event("new")],
    "gone": lambda: [insert({"id": "new"}), Remove(OTHERS, "a", 5)],
    "event twice": lambda: [insert({"id": "new"}), event("new"), event("new")],
    "taken with an event": lambda: [insert({"id": "a"}), event("new", "l")],
    "not storable": lambda: [insert({"id": "new"}), insert({"id": "x"}, revision=2**70)],
}


@pytest.mark.parametrize("bad", BAD)
async def test_a_list_is_all_or_nothing(database: Database, bad: str) -> None:
    """One change that fails undoes its list, and no other that goes to the disk at the time."""
    async with opened(database) as store:
        await store.commit([insert({"id": "a"}, revision=5)])
        others: list[list[Change]] = [[insert({"id": f"b{n}"})] for n in range(20)]
        others += [[insert({"id": f"c{n}"}), event(f"e{n}", "l")] for n in range(20)]
        others += [[insert({"id": f"d{n}"}), insert({"id": f"d{n}"}, OTHERS)] for n in range(5)]
        others.insert(10, BAD[bad]())
        results = await asyncio.gather(
            *[store.commit(changes) for changes in others], return_exceptions=True
        )
        assert isinstance(results.pop(10), errors.RequestFailure)
        assert results == [None] * 45
        expected = {
            "a",
            *(f"{x}{n}" for x in "bc" for n in range(20)),
            *(f"d{n}" for n in range(5)),
        }
        assert set(await ids(store, Query())) == expected
        assert await store.count(OTHERS) == 5
    assert database.rows("SELECT count(*) FROM event") == [(20,)]
    assert database.rows("SELECT count(*) FROM delivery") == [(20,)]


@pytest.mark.parametrize(
    "bad",
    [
        insert({"id": "bad\ud800"[:3]}, revision=2**70),
        Insert(THINGS, "bad\ud800", "{}", 1),
        Insert(THINGS, "bad", '{"id":"bad","text":"\ud800"}', 1),
    ],
)
async def test_a_row_that_cannot_be_kept(database: Database, bad: Insert) -> None:
    """A row that no database can hold is refused alone; its neighbours in a batch go through."""
    async with opened(database) as store:
        jobs = [store.commit([insert({"id": f"a{n}"})]) for n in range(30)]
        jobs.insert(7, store.commit([bad]))
        results = await asyncio.gather(*jobs, return_exceptions=True)
        assert isinstance(results.pop(7), errors.Invalid)
        assert results == [None] * 30
        assert await store.count(THINGS) == 30


async def test_the_first_of_equals_wins(database: Database) -> None:
    """Of many inserts of one id in one batch one goes through, the others are told it is taken."""
    async with opened(database) as store:
        results = await asyncio.gather(
            *[store.commit([insert({"id": "a", "n": n})]) for n in range(20)],
            *[store.commit([insert({"id": f"b{n}"})]) for n in range(20)],
            return_exceptions=True,
        )
        assert results[0] is None
        assert all(isinstance(each, errors.Taken) for each in results[1:20])
        assert results[20:] == [None] * 20
        assert await document(store, "a") == {"id": "a", "n": 0}


async def test_one_of_many_replacements_wins(database: Database) -> None:
    """Of many replacements of what was seen at the same revision one wins, the others are stale."""
    async with opened(database) as store, opened(database) as other:
        await store.commit([insert({"id": "a"}, revision=1)])
        results = await asyncio.gather(
            *[
                (store, other)[n % 2].commit([replace({"id": "a", "n": n}, seen=1, revision=2 + n)])
                for n in range(20)
            ],
            return_exceptions=True,
        )
        winners = [n for n, result in enumerate(results) if result is None]
        assert len(winners) == 1
        assert sum(isinstance(result, errors.Stale) for result in results) == 19
        assert await document(store, "a") == {"id": "a", "n": winners[0]}


@pytest.mark.parametrize("with_document", [True, False])
async def test_events_and_their_deliveries(database: Database, *, with_document: bool) -> None:
    """An event is kept as it was made, in order, with a delivery due for each of its listeners."""
    first: list[Change] = [insert({"id": "a"})] if with_document else []
    async with opened(database) as store:
        await store.commit([*first, event("e1", "l1", "l2"), event("e2"), event("e3", "l2", "l2")])
    kept = database.rows("SELECT id, api, type, subject, document FROM event ORDER BY seq")
    document = '{"b":  1, "a": 2}'
    assert kept == [
        (f"e{n}", "/thingManagement/v4/", "CreateEvent", "a", document) for n in (1, 2, 3)
    ]
    due = database.rows(
        "SELECT e.id, d.listener, d.state, d.attempts, d.next_attempt_at = e.created"
        " FROM delivery d JOIN event e ON e.seq = d.event ORDER BY 1, 2"
    )
    assert [row[:4] for row in due] == [
        ("e1", "l1", "due", 0),
        ("e1", "l2", "due", 0),
        ("e3", "l2", "due", 0),
    ]
    assert all(row[4] for row in due)


async def test_what_others_sent_is_kept_once(database: Database) -> None:
    """A notification that arrives twice is kept as it first came; another API's is another one."""
    async with opened(database) as store:
        await store.commit([Receive("/a/", "n1", "T", '{"first":1}')])
        await store.commit([Receive("/a/", "n1", "T", '{"second":1}')])
        await store.commit([Receive("/b/", "n1", "T", '{"other":1}'), insert({"id": "x"})])
    assert database.rows("SELECT api, id, type, document FROM received ORDER BY api") == [
        ("/a/", "n1", "T", '{"first":1}'),
        ("/b/", "n1", "T", '{"other":1}'),
    ]


async def test_no_changes(database: Database) -> None:
    """An empty list of changes is carried out."""
    async with opened(database) as store:
        await store.commit([])
        assert await store.count(THINGS) == 0


async def test_closing_writes_what_is_queued(database: Database) -> None:
    """What was asked for before a store closes is written, what is asked for after is refused."""
    async with opened(database) as store:
        jobs = [asyncio.ensure_future(store.commit([insert({"id": str(n)})])) for n in range(50)]
        await asyncio.sleep(0)
        await store.close()
        assert await asyncio.gather(*jobs) == [None] * 50
        with pytest.raises(errors.Unavailable):
            await store.commit([insert({"id": "late"})])
        with pytest.raises(errors.Unavailable):
            await store.get(THINGS, "1")
    async with opened(database) as store:
        assert await store.count(THINGS) == 50
