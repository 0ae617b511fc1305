from __future__ import annotations

import asyncio

import pytest

from tests.storage.databases import THINGS, Database, insert, opened
from tests.storage.test_writes import event
from tmfserver import errors
from tmfserver.changes import Listener, Subscribe, Unsubscribe
from tmfserver.repository import Listeners

API = "/thingManagement/v4/"


def listener(id: str, callback: str = "http://x/", query: str = "") -> Listener:
    return Listener(id, API, callback, query)


async def test_listeners_come_and_go(database: Database) -> None:
    """Listeners are known after subscribing, gone after unsubscribing; each changes the version."""
    async with opened(database) as store:
        assert await store.listeners() == Listeners(0)
        await store.commit([Subscribe(listener("l1"))])
        await store.commit([Subscribe(listener("l2", query="a=1"))])
        both = (listener("l1"), listener("l2", query="a=1"))
        assert await store.listeners() == Listeners(2, both)
        await store.commit([Unsubscribe(API, "l1")])
        assert await store.listeners() == Listeners(3, both[1:])
    async with opened(database) as store:
        assert await store.listeners() == Listeners(3, both[1:])


@pytest.mark.parametrize("long", ["", "é" * 4096])
async def test_one_subscription_per_callback_and_query(database: Database, long: str) -> None:
    """The same callback and query twice is refused with the first one's id, however long."""
    async with opened(database) as store:
        await store.commit([Subscribe(listener("l1", f"http://x/{long}", f"q={long}"))])
        with pytest.raises(errors.AlreadySubscribed) as caught:
            await store.commit([Subscribe(listener("l2", f"http://x/{long}", f"q={long}"))])
        assert caught.value.facts == {"id": "l1"}
        await store.commit([Subscribe(listener("l3", f"http://x/{long}", f"q={long}x"))])
        assert [each.id for each in (await store.listeners()).all] == ["l1", "l3"]


@pytest.mark.parametrize(("api", "id"), [(API, "l2"), ("/other/", "l1")])
async def test_unsubscribing_none(database: Database, api: str, id: str) -> None:
    """There is no unsubscribing what does not exist under this API."""
    async with opened(database) as store:
        await store.commit([Subscribe(listener("l1"))])
        with pytest.raises(errors.NotFound):
            await store.commit([Unsubscribe(api, id)])
        assert [each.id for each in (await store.listeners()).all] == ["l1"]


async def test_unsubscribing_ends_deliveries(database: Database) -> None:
    """With a listener its notifications go, those of others stay."""
    async with opened(database) as store:
        for id in ("l1", "l2"):
            await store.commit([Subscribe(listener(id, f"http://{id}/"))])
        await store.commit([insert({"id": "a"}), event("e1", "l1", "l2")])
        await store.commit([Unsubscribe(API, "l1")])
    assert database.rows("SELECT listener FROM delivery") == [("l2",)]


async def test_changes_for_old_listeners_are_refused(database: Database) -> None:
    """A change made for listeners that others changed is refused, and then they are known."""
    async with opened(database) as store, opened(database) as other:
        await store.commit([insert({"id": "a"})], 0)
        await other.commit([Subscribe(listener("l1"))])
        for changes in ([insert({"id": "b"})], [insert({"id": "c"}), event("e1")], [event("e2")]):
            stale = (await store.listeners()).version if changes is None else 0
            with pytest.raises(errors.ListenersChanged):
                await store.commit(changes, stale)
            assert await store.listeners() == Listeners(1, (listener("l1"),))
        await store.commit([insert({"id": "b"}), event("e1", "l1")], 1)
        assert await store.count(THINGS) == 2
    assert database.rows("SELECT count(*) FROM event") == [(1,)]


async def test_old_and_new_listeners_in_one_batch(database: Database) -> None:
    """Changes made for different versions of the listeners are told apart in one batch."""
    async with opened(database) as store:
        await store.commit([Subscribe(listener("l1"))])
        results = await asyncio.gather(
            *[store.commit([insert({"id": str(n)})], (None, 0, 1)[n % 3]) for n in range(30)],
            return_exceptions=True,
        )
        refused = [n for n, each in enumerate(results) if isinstance(each, errors.ListenersChanged)]
        assert refused == list(range(1, 30, 3))
        assert await store.count(THINGS) == 20
