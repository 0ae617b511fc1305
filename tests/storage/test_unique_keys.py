"""Uniqueness keys: no two documents of a collection have one, whoever writes them, and when."""

from __future__ import annotations

import asyncio
from dataclasses import replace as with_
from typing import Any

import orjson
import pytest

from tests.storage.databases import OTHERS, Database, document, opened
from tmfserver import errors, sql
from tmfserver.changes import Event, Insert, Remove, Replace, UniqueKey
from tmfserver.document.keys import key_of
from tmfserver.query.ast import Query
from tmfserver.repository import Store
from tmfserver.sql import indexing

PATHS = ("serial", "spec.id")
KEYED = with_(OTHERS, keys=(UniqueKey("name", ("name",)), UniqueKey("serial + spec.id", PATHS)))


def insert(document: dict[str, Any], revision: int = 1) -> Insert:
    keys = tuple([key_of(document, key.paths) for key in KEYED.keys])
    return Insert(KEYED, document["id"], orjson.dumps(document).decode(), revision, keys)


def replace(document: dict[str, Any], seen: int, revision: int) -> Replace:
    made = insert(document)
    return Replace(KEYED, made.id, made.document, revision, seen, made.keys)


def record(id: str, serial: object = 1, **more: Any) -> dict[str, Any]:
    return {"id": id, "serial": serial, "spec": {"id": "s"}, **more}


async def kept(store: Store) -> set[str]:
    page = await store.find(KEYED, Query(limit=1000))
    return {row[0] for row in page.rows}


async def test_a_key_is_had_once(database: Database) -> None:
    """A second document with a key is refused, naming the key, its values and who has it."""
    async with opened(database, KEYED) as store:
        await store.commit([insert(record("a"))])
        with pytest.raises(errors.Duplicate, match=r'serial 1.0 and spec.id "s".* id is \'a\''):
            await store.commit([insert(record("b", 1.0))])
        await store.commit([insert(record("c", "1")), insert({"id": "d", "serial": 1})])
        await store.commit([insert({"id": "e", "serial": 1})])
        assert await kept(store) == {"a", "c", "d", "e"}


async def test_an_id_that_is_taken_is_said_so(database: Database) -> None:
    """Where id and key are both taken by one document, the id is what is named."""
    async with opened(database, KEYED) as store:
        await store.commit([insert(record("a"))])
        with pytest.raises(errors.Taken):
            await store.commit([insert(record("a"))])


async def test_a_key_is_freed(database: Database) -> None:
    """Who is deleted or changed gives its key free; who is changed to another's is refused."""
    async with opened(database, KEYED) as store:
        await store.commit([insert(record("a", 1))])
        await store.commit([insert(record("b", 2))])
        with pytest.raises(errors.Duplicate, match="'a'"):
            await store.commit([replace(record("b", 1), 1, 2)])
        assert await document(store, "b", KEYED) == record("b", 2)
        await store.commit([replace(record("a", 3), 1, 2)])
        await store.commit([replace(record("b", 1), 1, 2)])
        await store.commit([Remove(KEYED, "a", 2)])
        await store.commit([insert(record("c", 3))])
        assert await kept(store) == {"b", "c"}


async def test_a_replacement_may_leave_its_keys(database: Database) -> None:
    """A change that names no keys leaves the document those that it has."""
    async with opened(database, KEYED) as store:
        await store.commit([insert(record("a"))])
        await store.commit([with_(replace(record("a", note="x"), 1, 2), keys=None)])
        with pytest.raises(errors.Duplicate):
            await store.commit([insert(record("b"))])


@pytest.mark.parametrize("with_events", [False, True])
async def test_two_loads_at_once(database: Database, *, with_events: bool) -> None:
    """Of two loads with the same keys at the same time each key is had once, and every other
    document is told who has it; those that share no key all go through."""
    async with opened(database, KEYED) as one, opened(database, KEYED) as other:

        async def load(store: Store, name: str, n: int) -> None:
            event = Event(f"e-{name}-{n}", "/api/", "CreateEvent", f"{name}-{n}", "{}", ("l",))
            events = [event] if with_events else []
            await store.commit([insert(record(f"{name}-{n}", n)), *events])

        loads = [
            load(store, name, n) for n in range(60) for store, name in ((one, "x"), (other, "y"))
        ]
        singles = [load(one, "z", 1000 + n) for n in range(30)]
        results = await asyncio.gather(*loads, *singles, return_exceptions=True)
        assert results[120:] == [None] * 30
        for n in range(60):
            pair = results[2 * n : 2 * n + 2]
            assert sum(each is None for each in pair) == 1, pair
            (lost,) = [each for each in pair if each is not None]
            assert isinstance(lost, errors.Duplicate)
            winner = "x" if pair[0] is None else "y"
            assert lost.facts["id"] == f"{winner}-{n}"
        assert await one.count(KEYED) == 90
    if with_events:
        assert database.rows("SELECT count(*) FROM event") == [(90,)]


async def test_two_changes_at_once(database: Database) -> None:
    """Of documents that are changed to one key at the same time one gets it."""
    async with opened(database, KEYED) as store:
        await asyncio.gather(*[store.commit([insert(record(f"{n}", n))]) for n in range(20)])
        changes = [store.commit([replace(record(f"{n}", "same"), 1, 2)]) for n in range(20)]
        others = [store.commit([insert(record(f"o{n}", f"o{n}"))]) for n in range(20)]
        results = await asyncio.gather(*changes, *others, return_exceptions=True)
        assert results[20:] == [None] * 20
        assert sum(each is None for each in results[:20]) == 1
        assert sum(isinstance(each, errors.Duplicate) for each in results[:20]) == 19


async def test_a_list_with_a_key_twice(database: Database) -> None:
    """A list of changes of which one has another's key is undone as a whole."""
    async with opened(database, KEYED) as store:
        await store.commit([insert(record("a", name="n"))])
        for second in (record("c", 1), record("c", 5, name="n")):
            with pytest.raises(errors.Duplicate, match="'a'"):
                await store.commit([insert(record("b", 9)), insert(second)])
        with pytest.raises(errors.Duplicate, match="'a'"):
            await store.commit([insert(record("b", 9)), replace(record("b", 1), 1, 2)])
        assert await kept(store) == {"a"}


async def test_a_key_that_is_new(database: Database) -> None:
    """A key that handlers newly declare holds for what was there before; copies have none."""
    async with opened(database, OTHERS) as store:
        old = [record("a", 1), record("copy", 1, **{"@origin": {}}), record("b", 2)]
        for each in old:
            await store.commit([with_(insert(each), collection=OTHERS, keys=None)])
    async with opened(database, KEYED) as store:
        with pytest.raises(errors.Duplicate, match="'a'"):
            await store.commit([insert(record("c", 1))])
        await store.commit([insert(record("c", 3))])


@pytest.mark.parametrize("large", [False, True])
async def test_documents_that_share_a_new_key(
    database: Database, monkeypatch: pytest.MonkeyPatch, *, large: bool
) -> None:
    """`migrate` makes no key unique that documents share: it names some of them, a start goes on
    without, and when they are gone the key is made."""
    if large:
        monkeypatch.setattr(indexing, "SMALL", 2)
        monkeypatch.setattr(indexing, "BATCH", 3)
    async with opened(database, OTHERS) as store:
        for n in range(10):
            each = insert(record(f"r{n}", n % 9, name=f"n{n}"))
            await store.commit([with_(each, collection=OTHERS, keys=None)])
    told: list[str] = []
    with pytest.raises(errors.KeyShared, match=r"serial \+ spec.id: 'r0' and 'r9'"):
        await asyncio.to_thread(sql.migrate, database.url, [KEYED], told.append)
    assert any("for 'name'" in sentence for sentence in told)
    async with opened(database, KEYED) as store:
        with pytest.raises(errors.Duplicate, match="name"):
            await store.commit([insert(record("new", 7, name="n1"))])
        await store.commit([insert(record("new", 77))])
        await store.commit([Remove(KEYED, "r9", 1)])
    await asyncio.to_thread(sql.migrate, database.url, [KEYED])
    async with opened(database, KEYED) as store:
        for taken in (0, 8, 77):
            with pytest.raises(errors.Duplicate):
                await store.commit([insert(record("again", taken))])
    assert await asyncio.to_thread(sql.migrate, database.url, [KEYED]) == []


async def test_a_key_that_nobody_wants_any_more(database: Database) -> None:
    """`--drop-unused` drops a key that no handler states any more; documents may then share it."""
    async with opened(database, KEYED) as store:
        await store.commit([insert(record("a"))])

    def migrate() -> list[str]:
        return sql.migrate(database.url, [OTHERS], drops=True)

    assert len(await asyncio.to_thread(migrate)) == 2
    async with opened(database, OTHERS) as store:
        await store.commit([with_(insert(record("b")), collection=OTHERS, keys=None)])
    with pytest.raises(errors.KeyShared):
        await asyncio.to_thread(sql.migrate, database.url, [KEYED])
