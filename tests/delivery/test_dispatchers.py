"""Several dispatchers share the work; none of them sends twice what another sent."""

from __future__ import annotations

import asyncio
import os
from collections import Counter, defaultdict

import pytest

from tests.delivery.conftest import StartDispatcher
from tests.delivery.listening import Ears
from tests.serving import select, wait_until
from tmfserver.changes import Event, Listener, Subscribe
from tmfserver.sql import open_store

NOTIFICATIONS = int(os.environ.get("TMFSERVER_TEST_NOTIFICATIONS", "4000"))
SUBJECTS = 500

pytestmark = pytest.mark.slow


async def fill(database: str, callbacks: list[str], count: int) -> None:
    """Commits events for listeners of these callbacks, so many deliveries in all."""
    store = await open_store(database, [])
    ids = [f"listener-{n}" for n in range(len(callbacks))]
    for id, callback in zip(ids, callbacks, strict=True):
        await store.commit([Subscribe(Listener(id, "/x/", callback, ""))])
    events = [
        Event(f"e{n}", "/x/", "Tried", str(n % SUBJECTS), f'{{"eventId":"e{n}"}}', tuple(ids))
        for n in range(count // len(ids))
    ]
    batches = [events[start : start + 250] for start in range(0, len(events), 250)]
    await asyncio.gather(*[store.commit(batch) for batch in batches])
    await store.close()


def test_each_notification_is_sent_once(
    new_database: str, ears: Ears, start_dispatcher: StartDispatcher
) -> None:
    """Two dispatchers and thousands of notifications: when nobody fails, each is sent once, and in
    the order of its instance; both dispatchers have their part."""
    paths = ["/one", "/two"]
    asyncio.run(fill(new_database, [ears.url(path) for path in paths], NOTIFICATIONS))
    # No attempt fails for a machine that has other things to do.
    patient = {"delivery_timeout": 60, "delivery_connect_timeout": 60}
    dispatchers = [start_dispatcher(new_database, **patient) for _ in range(2)]
    undelivered = "SELECT count(*) FROM delivery WHERE state <> 'sent'"
    wait_until(lambda: select(new_database, undelivered) == [(0,)], "all are sent", 100)
    places = dict(select(new_database, "SELECT id, seq FROM event"))
    for path in paths:
        counts = Counter(ears.ids(path))
        assert len(counts) == NOTIFICATIONS // 2
        assert set(counts.values()) == {1}
        order: dict[int, list[int]] = defaultdict(list)
        for id in ears.ids(path):
            order[int(id[1:]) % SUBJECTS].append(places[id])
        assert all(each == sorted(each) for each in order.values())
    assert all(each.stop() == 0 for each in dispatchers)


@pytest.mark.parametrize("path", ["/slow/0.3", "/hanging"])
def test_a_listener_has_so_many_attempts_at_a_time(
    new_database: str, ears: Ears, start_dispatcher: StartDispatcher, path: str
) -> None:
    """No listener is asked more often at the same time than the setting allows."""
    asyncio.run(fill(new_database, [ears.url(path)], 60))
    start_dispatcher(new_database, deliveries_per_listener=7)
    wait_until(lambda: len(ears.heard[path]) >= 14, "two rounds were heard")
    assert ears.most_open[path] == 7


def test_who_stops_gives_back_what_it_holds(
    new_database: str, ears: Ears, start_dispatcher: StartDispatcher
) -> None:
    """A dispatcher that is told to stop ends what is under way; what it did not begin is due at
    once, for others."""
    asyncio.run(fill(new_database, [ears.url("/slow/0.5")], 100))
    # Its claims hold for more than a minute, unless it gives them back.
    first = start_dispatcher(new_database, deliveries_per_listener=5, delivery_timeout=30)
    wait_until(lambda: len(ears.heard["/slow/0.5"]) >= 5, "it is at work")
    assert first.stop() == 0
    heard = len(ears.heard["/slow/0.5"])
    sent = select(new_database, "SELECT count(*) FROM delivery WHERE state = 'sent'")
    assert sent == [(heard,)]
    start_dispatcher(new_database, deliveries_per_listener=50)
    wait_until(lambda: len(ears.taken["/slow/0.5"]) == 100, "the next one goes on", 40)
    assert len(set(ears.ids("/slow/0.5"))) == 100
