"""Deliveries are claimed, settled, replayed and deleted; the suite runs whole on each database."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from tests.storage.databases import Database, opened
from tmfserver import errors
from tmfserver.changes import Event, Listener, Receive, Subscribe
from tmfserver.deliveries import Batch, Claimed, Outbox, Outcome, Wanted
from tmfserver.repository import Store
from tmfserver.sql import open_outbox
from tmfserver.sql.outbox import HOUR
from tmfserver.sql.postgres import outbox as postgres_outbox
from tmfserver.sql.sqlite import outbox as sqlite_outbox
from tmfserver.sql.statements import now

API = "/thingManagement/v4/"
LEASE = 30.0


def listener(id: str) -> Listener:
    return Listener(id, API, f"http://{id}/", "a=b", f"key-{id}", f"X-Of: {id}")


def event(id: str, subject: str, *listeners: str) -> Event:
    return Event(id, API, "ThingChangeEvent", subject, f'{{"eventId":"{id}"}}', listeners)


async def subscribe(store: Store, *ids: str) -> None:
    for id in ids:
        await store.commit([Subscribe(listener(id))])


async def claim(
    outbox: Outbox, most: int = 100, each: int = 100, lease: float = LEASE, **busy: int
) -> list[Claimed]:
    return [*(await outbox.claim(most, each, busy, lease)).claimed]


async def ids(outbox: Outbox, most: int = 100, each: int = 100, **busy: int) -> list[str]:
    return sorted(found.id for found in await claim(outbox, most, each, **busy))


def sent(claimed: Claimed) -> Outcome:
    return Outcome(claimed, "sent", now(), True, 204, None, "[]")


def failed(claimed: Claimed, seconds: float = 0.0) -> Outcome:
    return Outcome(claimed, "due", now() + int(seconds * 1e6), True, 500, "no", "[1]")


def dead(claimed: Claimed) -> Outcome:
    return Outcome(claimed, "dead", now(), True, 500, "no", "[1]")


def states(database: Database) -> dict[str, str]:
    return dict(
        database.rows("SELECT e.id, d.state FROM delivery d JOIN event e ON e.seq = d.event")
    )


@asynccontextmanager
async def told(database: Database, *listeners: str) -> AsyncIterator[Store]:
    async with opened(database) as store:
        await subscribe(store, *listeners)
        yield store


async def test_a_claim_has_all_that_sending_needs(database: Database) -> None:
    """A delivery comes with its event and its listener's address, query, key and header; the
    latter two are in no printed form of it."""
    async with told(database, "l1") as store:
        await store.commit([event("e1", "a", "l1")])
        batch: Batch = await store.outbox.claim(10, 10, {}, LEASE)
        (found,) = batch.claimed
        assert (found.id, found.listener, found.subject, found.attempts) == ("e1", "l1", "a", 0)
        assert (found.document, found.callback, found.query) == (
            '{"eventId":"e1"}', "http://l1/", "a=b",
        )  # fmt: skip
        key = batch.keys["l1"]
        assert (key.secret, key.header) == ("key-l1", "X-Of: l1")
        assert "key-l1" not in repr(batch) + repr(await store.listeners())


async def test_who_claims_has_it_alone_until_the_lease_is_over(database: Database) -> None:
    """What one has claimed is not given to another; when its lease is over, it is."""
    async with told(database, "l1") as store, opened(database) as other:
        await store.commit([event("e1", "a", "l1"), event("e2", "b", "l1")])
        assert len(await claim(store.outbox, lease=0.3)) == 2
        assert await claim(other.outbox) == []
        await asyncio.sleep(0.35)
        (first, second) = await claim(other.outbox)
        assert {first.id, second.id} == {"e1", "e2"}


async def test_an_outcome_of_a_lost_lease_changes_nothing(database: Database) -> None:
    """Who comes too late with what became of a delivery is not heard: it is another's by now."""
    async with told(database, "l1") as store:
        await store.commit([event("e1", "a", "l1")])
        (early,) = await claim(store.outbox, lease=0.05)
        await asyncio.sleep(0.1)
        (late,) = await claim(store.outbox)
        await store.outbox.settle([dead(early)])
        assert states(database) == {"e1": "due"}
        await store.outbox.settle([sent(late)])
        assert states(database) == {"e1": "sent"}


async def test_the_order_of_an_instance_is_kept(database: Database) -> None:
    """Of one listener and one resource instance only the oldest undelivered is given out, and the
    next one when it is sent, or dead, but not when it is to be tried again."""
    async with told(database, "l1", "l2") as store:
        for n in range(4):
            await store.commit([event(f"a{n}", "a", "l1"), event(f"b{n}", "b", "l1", "l2")])
        first = await claim(store.outbox)
        assert sorted((each.id, each.listener) for each in first) == [
            ("a0", "l1"), ("b0", "l1"), ("b0", "l2"),
        ]  # fmt: skip
        a, b, other = sorted(first, key=lambda each: (each.id, each.listener))
        await store.outbox.settle([sent(a), failed(b, 60), dead(other)])
        second = await claim(store.outbox)
        assert sorted((each.id, each.listener) for each in second) == [("a1", "l1"), ("b1", "l2")]


async def test_failed_attempts_are_counted_and_come_again(database: Database) -> None:
    """A delivery that failed is due again at its time, with its attempts and what was said."""
    async with told(database, "l1") as store:
        await store.commit([event("e1", "a", "l1")])
        for attempts in range(3):
            (found,) = await claim(store.outbox)
            assert found.attempts == attempts
            assert found.history == (None if not attempts else "[1]")
            await store.outbox.settle([failed(found)])
        (found,) = await claim(store.outbox)
        await store.outbox.settle([failed(found, 3600)])
        assert await claim(store.outbox) == []
        (row,) = await store.outbox.find(Wanted(), 10)
        assert (row.attempts, row.status, row.error, row.state) == (4, 500, "no", "due")
        (health,) = await store.outbox.listeners()
        assert (health.sent, health.failed, health.dead, health.backlog) == (0, 4, 0, 1)


async def test_what_is_given_back_was_no_attempt(database: Database) -> None:
    """A delivery that is given back unsent is due at once, as if nothing had been."""
    async with told(database, "l1") as store:
        await store.commit([event("e1", "a", "l1")])
        (found,) = await claim(store.outbox)
        await store.outbox.settle([Outcome(found, "due", now(), tried=False)])
        (again,) = await claim(store.outbox)
        assert replace(again, lease=found.lease) == found


async def test_no_listener_takes_the_room_of_another(database: Database) -> None:
    """A claim takes of each listener so many and no more, less what is under way; the oldest are
    first."""
    async with told(database, "l1", "l2", "l3") as store:
        for n in range(20):
            await store.commit([event(f"{n:02}", str(n), "l1", "l2")])
        first = await claim(store.outbox, each=3, l2=2)
        by_listener = defaultdict(list)
        for each in first:
            by_listener[each.listener].append(each.id)
        assert {id: sorted(found) for id, found in by_listener.items()} == {
            "l1": ["00", "01", "02"],
            "l2": ["00"],
        }
        assert len(await claim(store.outbox, most=5)) == 5
        assert await claim(store.outbox, l1=100, l2=100) == []


async def test_one_busy_instance_does_not_hide_others(database: Database) -> None:
    """However many deliveries of one instance wait, those of others are found."""
    async with told(database, "l1") as store:
        await store.commit([event(f"a{n:04}", "a", "l1") for n in range(1500)])
        await store.commit([event("b", "b", "l1")])
        found: set[str] = set()
        for _ in range(3):
            found |= set(await ids(store.outbox, each=2))
        assert found == {"a0000", "b"}


async def test_two_who_claim_at_once_get_different_ones(database: Database) -> None:
    """Claims and outcomes of several processes at once: each delivery is given out once, the order
    of instances is kept, and none is left behind."""
    chance = random.Random(7)
    async with told(database, "l1", "l2") as store, opened(database) as other:
        for n in range(200):
            await store.commit([event(f"{n:04}", str(chance.randrange(9)), "l1", "l2")])
        given: dict[tuple[str, str], list[str]] = defaultdict(list)

        async def work(outbox: Outbox) -> None:
            idle = 0
            while idle < 20:
                claimed = await claim(outbox, 8, 5)
                for each in claimed:
                    given[each.listener, each.subject].append(each.id)
                await asyncio.sleep(chance.random() / 200)
                if claimed:
                    await outbox.settle([sent(each) for each in claimed])
                idle = 0 if claimed else idle + 1

        await asyncio.gather(*[work(each.outbox) for each in (store, other) for _ in range(3)])
        assert sum(len(each) for each in given.values()) == 400
        assert all(each == sorted(each) for each in given.values())
        assert set(states(database).values()) == {"sent"}


async def test_a_listener_that_ended_its_subscription(database: Database) -> None:
    """What it has not got is dead, it gets nothing more and is no listener any more, but is still
    seen; it may subscribe again."""
    async with told(database, "l1", "l2") as store:
        version = (await store.listeners()).version
        await store.commit([event("e1", "a", "l1"), event("e2", "a", "l1")])
        await store.outbox.end("l1")
        await store.outbox.end("l1")
        assert states(database) == {"e1": "dead", "e2": "dead"}
        with pytest.raises(errors.ListenersChanged):
            await store.commit([], version)
        assert [each.id for each in (await store.listeners()).all] == ["l2"]
        health = {each.id: each for each in await store.outbox.listeners()}
        assert health["l1"].ended is not None
        assert await store.outbox.replay(Wanted()) == 0
        await store.commit([Subscribe(replace(listener("l1"), id="l3"))])
        assert [each.id for each in (await store.listeners()).all] == ["l2", "l3"]


async def test_listing(database: Database) -> None:
    """Deliveries are listed by state, listener, event and time, the newest first, page by page."""
    async with told(database, "l1", "l2") as store:
        for n in range(6):
            await store.commit([event(f"e{n}", str(n), "l1", "l2")])
        outbox = store.outbox
        await outbox.settle([sent(each) for each in await claim(outbox, each=2)])
        first = await outbox.find(Wanted(), 5)
        rest = await outbox.find(Wanted(), 50, (first[-1].event, first[-1].listener))
        both = [(each.id, each.listener) for each in (*first, *rest)]
        assert both == [(f"e{n}", id) for n in range(5, -1, -1) for id in ("l2", "l1")]
        assert {each.id for each in await outbox.find(Wanted(("sent",)), 9)} == {"e0", "e1"}
        assert len(await outbox.find(Wanted(("due", "waiting"), listener="l1"), 9)) == 4
        assert [each.listener for each in await outbox.find(Wanted(id="e3"), 9)] == ["l2", "l1"]
        middle = first[-1].created
        early = await outbox.find(Wanted(until=middle), 9)
        late = await outbox.find(Wanted(since=middle), 20)
        assert len(early) + len(late) == 12
        assert {each.id for each in early} < {"e0", "e1", "e2", "e3"}


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(("dead",)), {"e0", "e1"}),
        (Wanted(("sent",)), {"e2"}),
        (Wanted(("dead", "sent"), listener="l2"), set()),
        (Wanted(("dead",), id="e1"), {"e1"}),
        (Wanted(("dead",), since=2**60), set()),
    ],
)
async def test_replay(database: Database, wanted: Wanted, expected: set[str]) -> None:
    """What was dead or sent is due again, from the first attempt on."""
    async with told(database, "l1", "l2") as store:
        for n in range(4):
            await store.commit([event(f"e{n}", str(n), "l1")])
        by_id = {each.id: each for each in await claim(store.outbox)}
        outcomes = [dead(by_id["e0"]), dead(by_id["e1"]), sent(by_id["e2"])]
        await store.outbox.settle(outcomes)
        assert await store.outbox.replay(wanted) == len(expected)
        again = await claim(store.outbox)
        assert {each.id for each in again} == expected
        assert all(each.attempts == 0 for each in again)


async def test_old_ones_are_deleted(database: Database) -> None:
    """Sent deliveries go when they are old, events when they are older still and nobody waits for
    them; with the events their dead deliveries. Never more at once than asked."""
    async with told(database, "l1") as store:
        for n in range(6):
            await store.commit([event(f"e{n}", str(n), "l1")])
        by_id = {each.id: each for each in await claim(store.outbox)}
        await store.outbox.settle([dead(by_id["e0"]), *[sent(by_id[f"e{n}"]) for n in (1, 2, 3)]])
        assert await store.outbox.tidy(0, 0, 100) == 0
        later = now() + 1
        assert await store.outbox.tidy(later, 0, 2) == 2
        assert await store.outbox.tidy(later, 0, 2) == 1
        assert states(database) == {"e0": "dead", "e4": "due", "e5": "due"}
        assert await store.outbox.tidy(later, later, 100) == 4
        assert states(database) == {"e4": "due", "e5": "due"}
        assert database.rows("SELECT count(*) FROM event") == [(2,)]
        assert database.rows("SELECT count(*) FROM delivery") == [(2,)]


async def test_a_new_key(database: Database) -> None:
    """A listener's new key goes first, the one before stays for now, and all processes know."""
    async with told(database, "l1") as store:
        outbox = await open_outbox(database.url)
        for n, expected in enumerate(["key-l1", "one key-l1", "two one"]):
            await store.commit([event(f"e{n}", str(n), "l1")])
            assert (await outbox.claim(1, 1, {}, LEASE)).keys["l1"].secret == expected
            await store.outbox.rotate("l1", ["one", "two", "three"][n])
        with pytest.raises(errors.NotFound):
            await outbox.rotate("l2", "x")
        await outbox.close()


async def test_the_hours_of_a_listener(database: Database) -> None:
    """Attempts are counted by the hour that they end in, and with them the last answer is kept;
    what was given back is none."""
    async with told(database, "l1", "l2") as store:
        for n in range(4):
            await store.commit([event(f"e{n}", str(n), "l1")])
        outbox = store.outbox
        (other,) = [each for each in await outbox.listeners() if each.id == "l2"]
        assert (other.status, other.error, other.oldest_id) == (None, None, None)
        by_id = {each.id: each for each in await claim(outbox)}
        given_back = Outcome(by_id["e3"], "due", now(), tried=False)
        before = now()
        await outbox.settle([sent(by_id["e0"]), failed(by_id["e1"], 60)])
        await outbox.settle([sent(by_id["e2"]), given_back])
        found = await outbox.hours(before - HOUR)
        assert {each.listener for each in found} == {"l1"}
        assert before - HOUR < found[0].start <= found[-1].start <= now()
        assert all(each.start % HOUR == 0 for each in found)
        assert (sum(each.sent for each in found), sum(each.failed for each in found)) == (2, 1)
        assert await outbox.hours(now()) == []
        (health,) = [each for each in await outbox.listeners() if each.id == "l1"]
        assert (health.status, health.error, health.oldest_id) == (204, None, "e1")
        await outbox.settle([failed(each) for each in await claim(outbox)])
        (health,) = [each for each in await outbox.listeners() if each.id == "l1"]
        assert (health.status, health.error) == (500, "no")


async def test_old_hours_are_deleted(database: Database) -> None:
    """Two days of hours are kept."""
    async with told(database, "l1") as store:
        for days in (1, 3):
            start = now() - days * 24 * HOUR
            database.rows(f"INSERT INTO delivery_hour VALUES ('l1', {start}, {days}, 0)")
        await store.outbox.tidy(0, 0, 100)
        assert [each.sent for each in await store.outbox.hours(0)] == [1]


async def test_an_event_is_found_by_its_id(database: Database) -> None:
    """What was told is to be seen, and an id that there is not is nothing."""
    async with told(database, "l1") as store:
        await store.commit([event("e1", "a", "l1")])
        found = await store.outbox.event("e1")
        assert found is not None
        assert (found.id, found.api, found.type, found.subject, found.document) == (
            "e1", API, "ThingChangeEvent", "a", '{"eventId":"e1"}',
        )  # fmt: skip
        assert await store.outbox.event("e2") is None


async def test_the_inbox(database: Database) -> None:
    """What other hubs sent is listed, the newest first."""
    async with opened(database) as store:
        for n in range(3):
            await store.commit([Receive(API, f"e{n}", "OtherEvent", "{}")])
        found = await store.outbox.received(2)
        assert [each.id for each in found] == ["e2", "e1"]


async def test_claiming_reads_no_more_for_more_that_is_due(database: Database) -> None:
    """What is due is found by an index in its order, whatever else there is."""
    async with told(database, "l1"):
        pass
    for listener, state in (("l1", "due"), ("l1", "sent"), ("l2", "due")):
        database.rows(
            "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5000)"
            " INSERT INTO delivery (event, listener, state, attempts, next_attempt_at, subject)"
            f" SELECT n + {0 if state == 'due' else 5000}, '{listener}', '{state}', 0, n, n % 100"
            " FROM n"
        )
    if database.json.name == "sqlite":
        plan = database.plan(sqlite_outbox.CANDIDATES, ("l1", now(), 10))
        assert "delivery_ready (listener=? AND next_attempt_at<?)" in plan
        assert "delivery_order (listener=? AND subject=?)" in plan
        assert "TEMP B-TREE" not in plan
    else:
        plan = database.plan(postgres_outbox.CANDIDATES, (["l1"], [5], now(), 10))
        assert "Index Scan using delivery_ready" in plan
        assert "using delivery_order" in plan
        assert "Sort" not in plan


async def test_an_old_database_with_deliveries(database: Database) -> None:
    """Deliveries of the version before get the instance that they are about, and are due."""
    async with told(database, "l1") as store:
        await store.commit([event("e1", "a", "l1"), event("e2", "a", "l1")])
    for statement in DOWN:
        database.rows(statement)
    async with opened(database) as store:
        assert [each.secret for each in (await store.listeners()).all] == [""]
        (found,) = await claim(store.outbox)
        assert (found.id, found.subject) == ("e1", "a")


DOWN: Sequence[str] = (
    *[f"DROP INDEX delivery_{name}" for name in ("ready", "order", "sent", "dead")],
    *[
        f"ALTER TABLE listener DROP COLUMN {name}"
        for name in (
            "secret", "header", "sent", "failed", "dead", "ended", "last_sent", "last_failed",
            "last_status", "last_error",
        )
    ],
    *[f"ALTER TABLE delivery DROP COLUMN {name}" for name in ("subject", "sent_at", "history")],
    *[
        f"DROP TABLE {name}"
        for name in ("delivery_hour", "idempotency", "job", "job_error", "contract")
    ],
    "CREATE INDEX delivery_due ON delivery (next_attempt_at, event) WHERE state = 'due'",
    "UPDATE alembic_version SET version_num = '0002'",
)  # fmt: skip
