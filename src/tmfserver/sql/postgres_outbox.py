"""Deliveries on PostgreSQL: claimed by rows that are locked, where nobody waits for a lock.

To put a delivery to wait, the one before it is locked too. So it cannot be settled meanwhile, and
who settles it afterwards finds the one that waits. Losing the last moments of these changes in a
crash of the database sends a few notifications twice, which is allowed; so no disk is waited for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import ClauseElement

from tmfserver.deliveries import Batch, Claimed, Outcome, Wanted
from tmfserver.errors import NotFound
from tmfserver.sql import outbox
from tmfserver.sql.outbox_lists import Lists
from tmfserver.sql.postgres_batches import JSON
from tmfserver.sql.postgres_changes import SYSTEM
from tmfserver.sql.postgres_pool import Connection, Connections
from tmfserver.sql.statements import now

BEGIN = """
SELECT set_config('synchronous_commit', 'off', true), version FROM listener_version
"""
CANDIDATES = """
SELECT d.event, d.listener, d.subject, first.event
FROM unnest($1::text[], $2::int[]) AS room(listener, room)
CROSS JOIN LATERAL (
    SELECT event, listener, subject FROM delivery
    WHERE listener = room.listener AND state = 'due' AND next_attempt_at <= $3::bigint
    ORDER BY next_attempt_at, event LIMIT room.room FOR UPDATE SKIP LOCKED) AS d
CROSS JOIN LATERAL (
    SELECT min(o.event) AS event FROM delivery AS o
    WHERE o.listener = d.listener AND o.subject = d.subject
        AND o.state IN ('due', 'waiting')) AS first
LIMIT $4::int
"""
HOLD = """
SELECT d.event, d.listener FROM unnest($1::bigint[], $2::text[]) AS f(event, listener)
JOIN delivery AS d ON d.event = f.event AND d.listener = f.listener
WHERE d.state IN ('due', 'waiting') FOR UPDATE OF d SKIP LOCKED
"""
WAIT = """
UPDATE delivery AS d SET state = 'waiting'
FROM unnest($1::bigint[], $2::text[]) AS w(event, listener)
WHERE d.event = w.event AND d.listener = w.listener
"""
LEASE = """
UPDATE delivery AS d SET next_attempt_at = $3::bigint
FROM unnest($1::bigint[], $2::text[]) AS c(event, listener) JOIN event AS e ON e.seq = c.event
WHERE d.event = c.event AND d.listener = c.listener
RETURNING d.event, d.listener, d.subject, d.attempts, d.history, e.id, e.document
"""
SETTLE = """
UPDATE delivery AS d SET state = s.state, next_attempt_at = s.at, attempts = attempts + s.tried,
    sent_at = CASE WHEN s.state = 'sent' THEN s.at END,
    last_status = CASE WHEN s.tried > 0 THEN s.status ELSE last_status END,
    last_error = CASE WHEN s.tried > 0 THEN s.error ELSE last_error END,
    history = CASE WHEN s.tried > 0 THEN s.history ELSE d.history END
FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::bigint[], $6::int[], $7::int[],
    $8::text[], $9::text[])
    AS s(event, listener, lease, state, at, tried, status, error, history)
WHERE d.event = s.event AND d.listener = s.listener AND d.state = 'due'
    AND d.next_attempt_at = s.lease
"""
RELEASE = """
UPDATE delivery AS d SET state = 'due'
FROM unnest($1::text[], $2::text[]) AS r(listener, subject)
CROSS JOIN LATERAL (
    SELECT min(o.event) AS event FROM delivery AS o
    WHERE o.listener = r.listener AND o.subject = r.subject
        AND o.state IN ('due', 'waiting')) AS first
WHERE d.event = first.event AND d.listener = r.listener AND d.state = 'waiting'
"""
TALLY = """
UPDATE listener SET sent = sent + $2::int, failed = failed + $3::int, dead = dead + $4::int,
    last_status = $5::int, last_error = $6::text,
    last_sent = CASE WHEN $2::int > 0 THEN $7::bigint ELSE last_sent END,
    last_failed = CASE WHEN $3::int > 0 THEN $7::bigint ELSE last_failed END
WHERE id = $1::text
"""
COUNT = """
INSERT INTO delivery_hour AS h (listener, start, sent, failed)
SELECT listener, $1::bigint, sent, failed
FROM unnest($2::text[], $3::int[], $4::int[]) AS t(listener, sent, failed)
ON CONFLICT (listener, start) DO UPDATE
SET sent = h.sent + excluded.sent, failed = h.failed + excluded.failed
"""
END = """
UPDATE listener SET ended = $1::bigint, fingerprint = fingerprint || ' ' || id
WHERE id = $2::text AND ended IS NULL
"""
KILL = """
UPDATE delivery SET state = 'dead', last_error = 'the listener ended its subscription'
WHERE listener = $1::text AND state IN ('due', 'waiting')
"""
ROTATE = """
UPDATE listener SET secret = trim($1::text || ' ' || split_part(secret, ' ', 1))
WHERE id = $2::text AND ended IS NULL
"""


class PostgresOutbox(Lists):
    """closing: whether the connections are its own."""

    def __init__(self, connections: Connections, *, closing: bool = False) -> None:
        self.arrived = asyncio.Event()
        self._connections, self._closing = connections, closing
        self._known = outbox.Registered()

    async def claim(self, most: int, each: int, busy: Mapping[str, int], lease: float) -> Batch:
        work = partial(self._claim, most, each, busy, int(lease * 1e6))
        claimed = await self._connections.run(work)
        by_id = self._known.by_id
        return Batch(claimed, {each.listener: by_id[each.listener].key for each in claimed})

    async def settle(self, outcomes: Sequence[Outcome]) -> None:
        await self._connections.run(partial(_settle, outcomes))

    async def end(self, listener: str) -> None:
        await self._connections.run(partial(_end, listener))

    async def replay(self, wanted: Wanted) -> int:
        place, count = (-1, ""), 0
        while rows := await self._rows(outbox.replayed(wanted, now(), place)):
            place, count = max(rows), count + len(rows)
            self.arrived.set()
        return count

    async def rotate(self, listener: str, secret: str) -> None:
        await self._connections.run(partial(_rotate, listener, secret))

    async def tidy(self, sent_before: int, events_before: int, most: int) -> int:
        return await self._connections.run(partial(_tidy, sent_before, events_before, most))

    async def close(self) -> None:
        if self._closing:
            await self._connections.close()

    async def _rows(self, statement: ClauseElement) -> list[Any]:
        work: Callable[[Connection], Awaitable[list[Any]]] = partial(_made, statement)
        return await self._connections.run(work)

    async def _claim(
        self, most: int, each: int, busy: Mapping[str, int], lease: int, connection: Connection
    ) -> list[Claimed]:
        async with connection.transaction():
            version = (await _run(connection, BEGIN))[0][1]
            if version != self._known.version:
                self._known.keep(version, await _run(connection, SYSTEM.listeners.sql))
            rooms = self._known.rooms(most, each, busy)
            if not rooms:
                return []
            places = await _turns(connection, rooms, most)
            if not places:
                return []
            until = now() + lease
            rows = await _run(connection, LEASE, *_columns(places, 2), until)
        return [self._claimed(row, until) for row in sorted(rows)]

    def _claimed(self, row: Sequence[Any], until: int) -> Claimed:
        known = self._known.by_id[row[1]]
        event, listener, subject, attempts, history, id, document = row
        return Claimed(
            event, listener, subject, attempts, history, id, document,
            known.callback, known.query, until,
        )  # fmt: skip


async def _turns(
    connection: Connection, rooms: Sequence[tuple[str, int]], most: int
) -> list[tuple[int, str]]:
    """Deliveries whose turn it is; those behind others are put to wait."""
    at, left, turns = now(), dict(rooms), dict[tuple[int, str], None]()
    look, rows_at_most = left.copy(), most
    for _ in range(outbox.ROUNDS):
        asked = [*_columns(list(look.items()), 2), at, rows_at_most]
        rows = await _run(connection, CANDIDATES, *asked)
        for place, id, _, first in rows:
            if place == first and (place, id) not in turns and left[id] and len(turns) < most:
                turns[place, id] = None
                left[id] -= 1
        behind = {(place, id): (first, id) for place, id, _, first in rows if place != first}
        if not behind:
            break
        firsts = _columns(list(dict.fromkeys(behind.values())), 2)
        held = set(await _run(connection, HOLD, *firsts))
        waits = [each for each, first in behind.items() if first in held]
        await connection.execute(WAIT, _columns(waits, 2))
        look = {id: outbox.MOST_LOOKED_AT for _, id in waits if left[id]}
        rows_at_most = outbox.MOST_LOOKED_AT * outbox.ROUNDS
        if not look or len(turns) == most:
            break
    return list(turns)


async def _settle(outcomes: Sequence[Outcome], connection: Connection) -> None:
    done = [
        (each.claimed.listener, each.claimed.subject) for each in outcomes if each.state != "due"
    ]
    rows = [
        (
            each.claimed.event, each.claimed.listener, each.claimed.lease, each.state, each.at,
            int(each.tried), each.status, each.error, each.history,
        )
        for each in outcomes
    ]  # fmt: skip
    at, tallies = now(), outbox.tallies(outcomes)
    counts = _columns([(id, tally.sent, tally.failed) for id, tally in tallies], 3)
    async with connection.transaction():
        await connection.execute(BEGIN)
        for id, tally in tallies:
            await connection.execute(TALLY, (id, *tally, at))
        # The listeners' rows are locked by now, so nobody waits here for another's hours.
        await connection.execute(COUNT, [at - at % outbox.HOUR, *counts])
        await connection.execute(SETTLE, _columns(rows, 9))
        if done:
            # Apart from the statement before: it must see what was put to wait for its rows.
            await connection.execute(RELEASE, _columns(done, 2))


async def _end(listener: str, connection: Connection) -> None:
    async with connection.transaction():
        if (await connection.execute(END, (now(), listener))).rowcount:
            await connection.execute(KILL, (listener,))
            await connection.execute(SYSTEM.bump.sql)


async def _rotate(listener: str, secret: str, connection: Connection) -> None:
    async with connection.transaction():
        if not (await connection.execute(ROTATE, (secret, listener))).rowcount:
            raise NotFound(resource="listener", id=listener)
        await connection.execute(SYSTEM.bump.sql)


async def _tidy(sent_before: int, events_before: int, most: int, connection: Connection) -> int:
    async with connection.transaction():
        await connection.execute(outbox.BURY)
        sent = await connection.execute(*outbox.made(outbox.old_sent(sent_before, most), JSON))
        rows = await _made(outbox.old_events(events_before, most), connection)
        events = [seq for (seq,) in rows]
        if events:
            await connection.execute(*outbox.made(outbox.of_events(events), JSON))
        for statement in (outbox.old_listeners(events_before), outbox.old_hours(now())):
            await connection.execute(*outbox.made(statement, JSON))
        return sent.rowcount + len(events)


async def _made(statement: ClauseElement, connection: Connection) -> list[Any]:
    sql, values = outbox.made(statement, JSON)
    return await _run(connection, sql, *values)


async def _run(connection: Connection, sql: str, *values: object) -> list[Any]:
    return await (await connection.execute(sql, values)).fetchall()


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    """Rows as the arrays that unnest takes."""
    return [[row[n] for row in rows] for n in range(width)]
