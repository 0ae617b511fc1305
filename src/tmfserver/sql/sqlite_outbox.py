"""Deliveries on SQLite: claimed by a lease in one of the writer's transactions."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import orjson
from sqlalchemy import ClauseElement

from tmfserver.deliveries import Batch, Claimed, Outcome, Wanted
from tmfserver.errors import NotFound
from tmfserver.sql import outbox
from tmfserver.sql.outbox_lists import Lists
from tmfserver.sql.sqlite_changes import Work
from tmfserver.sql.sqlite_connection import Reader, answering, connect
from tmfserver.sql.sqlite_statements import JSON, SYSTEM
from tmfserver.sql.sqlite_writer import Writer
from tmfserver.sql.statements import now

CANDIDATES = """
SELECT d.event, d.subject, (
    SELECT min(o.event) FROM delivery AS o
    WHERE o.listener = d.listener AND o.subject = d.subject AND o.state IN ('due', 'waiting'))
FROM delivery AS d
WHERE d.listener = ? AND d.state = 'due' AND d.next_attempt_at <= ?
ORDER BY d.next_attempt_at, d.event LIMIT ?
"""
WAIT = "UPDATE delivery SET state = 'waiting' WHERE event = ? AND listener = ?"
LEASE = "UPDATE delivery SET next_attempt_at = ? WHERE event = ? AND listener = ?"
LOAD = """
SELECT d.event, d.subject, d.attempts, d.history, e.id, e.document
FROM json_each(?) AS j
JOIN delivery AS d ON d.event = j.value AND d.listener = ?
JOIN event AS e ON e.seq = d.event
ORDER BY j.key
"""
SETTLE = """
UPDATE delivery SET state = ?, next_attempt_at = ?, sent_at = ?, attempts = attempts + ?,
    last_status = ?, last_error = ?, history = ?
WHERE event = ? AND listener = ? AND state = 'due' AND next_attempt_at = ?
"""
GIVE_BACK = """
UPDATE delivery SET next_attempt_at = ?
WHERE event = ? AND listener = ? AND state = 'due' AND next_attempt_at = ?
"""
RELEASE = """
UPDATE delivery SET state = 'due'
WHERE listener = ?1 AND state = 'waiting' AND event = (
    SELECT min(event) FROM delivery
    WHERE listener = ?1 AND subject = ?2 AND state IN ('due', 'waiting'))
"""
TALLY = """
UPDATE listener SET sent = sent + ?2, failed = failed + ?3, dead = dead + ?4,
    last_status = ?5, last_error = ?6,
    last_sent = CASE WHEN ?2 THEN ?7 ELSE last_sent END,
    last_failed = CASE WHEN ?3 THEN ?7 ELSE last_failed END
WHERE id = ?1
"""
COUNT = """
INSERT INTO delivery_hour (listener, start, sent, failed) VALUES (?, ?, ?, ?)
ON CONFLICT (listener, start) DO UPDATE
SET sent = sent + excluded.sent, failed = failed + excluded.failed
"""
END = """
UPDATE listener SET ended = ?, fingerprint = fingerprint || ' ' || id
WHERE id = ? AND ended IS NULL
"""
KILL = """
UPDATE delivery SET state = 'dead', last_error = 'the listener ended its subscription'
WHERE listener = ? AND state IN ('due', 'waiting')
"""
SECRETS = "SELECT secret FROM listener WHERE id = ? AND ended IS NULL"
ROTATE = "UPDATE listener SET secret = ? WHERE id = ?"


class SqliteOutbox(Lists):
    """Looks on a connection that only reads; what it writes joins the writer's queue.

    reader: of the event loop's thread. closing: closes reader and writer, where these are its own.
    """

    def __init__(
        self,
        path: str,
        writer: Writer,
        reader: Reader,
        closing: Callable[[], object] | None = None,
    ) -> None:
        self.arrived = asyncio.Event()
        self._path, self._writer, self._closing = path, writer, closing
        self._reader = reader
        self._known = outbox.Registered()

    async def claim(self, most: int, each: int, busy: Mapping[str, int], lease: float) -> Batch:
        # A look first: to ask for the right to write, in vain, would hold up other processes.
        with answering():
            self._learn(self._reader.connection)
            rooms = self._known.rooms(most, each, busy)
            at = now()
            if not any(self._reader.run(CANDIDATES, (id, at, 1)).fetchone() for id, _ in rooms):
                return Batch((), {})
        claimed: list[Claimed] = await self._write(
            partial(self._claim, rooms, most, int(lease * 1e6))
        )
        keys = {each.listener: self._known.by_id[each.listener].key for each in claimed}
        return Batch(claimed, keys)

    async def settle(self, outcomes: Sequence[Outcome]) -> None:
        await self._write(partial(_settle, outcomes))

    async def end(self, listener: str) -> None:
        await self._write(partial(_end, listener))

    async def replay(self, wanted: Wanted) -> int:
        place, count = (-1, ""), 0
        while rows := await self._write(partial(_rows, outbox.replayed(wanted, now(), place))):
            place, count = max(rows), count + len(rows)
            self.arrived.set()
        return count

    async def rotate(self, listener: str, secret: str) -> None:
        await self._write(partial(_rotate, listener, secret))

    async def tidy(self, sent_before: int, events_before: int, most: int) -> int:
        count: int = await self._write(partial(_tidy, sent_before, events_before, most))
        return count

    async def close(self) -> None:
        if self._closing is not None:
            await self._writer.close()
            self._closing()

    async def _write(self, do: Callable[[sqlite3.Connection], Any]) -> Any:
        work = Work(do)
        await self._writer.commit([work], None)
        return work.result

    async def _rows(self, statement: ClauseElement) -> list[Any]:
        return await asyncio.to_thread(_look, self._path, statement)

    def _learn(self, connection: sqlite3.Connection) -> None:
        version = connection.execute(SYSTEM.version.sql).fetchone()[0]
        if version != self._known.version:
            self._known.keep(version, connection.execute(SYSTEM.listeners.sql).fetchall())

    def _claim(
        self,
        rooms: Sequence[tuple[str, int]],
        most: int,
        lease: int,
        connection: sqlite3.Connection,
    ) -> list[Claimed]:
        claimed: list[Claimed] = []
        at = now()
        for id, room in rooms:
            known = self._known.by_id.get(id)
            if known is None or len(claimed) >= most:
                continue
            places = _turns(connection, id, min(room, most - len(claimed)), at)
            if not places:
                continue
            until = at + lease
            connection.executemany(LEASE, [(until, place, id) for place in places])
            for row in connection.execute(LOAD, (orjson.dumps(places).decode(), id)):
                place, subject, attempts, history, event, document = row
                claimed.append(
                    Claimed(
                        place, id, subject, attempts, history, event, document,
                        known.callback, known.query, until,
                    )
                )  # fmt: skip
        return claimed


def _look(path: str, statement: ClauseElement) -> list[Any]:
    """On a connection of its own: what people look at may take long."""
    with answering():
        connection = connect(path, writes=False, cache=4096)
        try:
            return connection.execute(*outbox.made(statement, JSON)).fetchall()
        finally:
            connection.close()


def _turns(connection: sqlite3.Connection, listener: str, room: int, at: int) -> list[int]:
    """Events that it is a listener's turn to get; those behind others are put to wait."""
    places: list[int] = []
    look = room
    for _ in range(outbox.ROUNDS):
        rows = connection.execute(CANDIDATES, (listener, at, look + len(places))).fetchall()
        behind = [place for place, _, first in rows if place != first]
        places = [place for place, _, first in rows if place == first][:room]
        if not behind:
            break
        connection.executemany(WAIT, [(place, listener) for place in behind])
        if len(places) == room:
            break
        look = outbox.MOST_LOOKED_AT
    return places


def _settle(outcomes: Sequence[Outcome], connection: sqlite3.Connection) -> None:
    at = now()
    for id, tally in outbox.tallies(outcomes):
        connection.execute(TALLY, (id, *tally, at))
        connection.execute(COUNT, (id, at - at % outbox.HOUR, tally.sent, tally.failed))
    connection.executemany(
        SETTLE,
        [
            (
                each.state, each.at, each.at if each.state == "sent" else None, 1, each.status,
                each.error, each.history, each.claimed.event, each.claimed.listener,
                each.claimed.lease,
            )
            for each in outcomes if each.tried
        ],
    )  # fmt: skip
    connection.executemany(
        GIVE_BACK,
        [
            (each.at, each.claimed.event, each.claimed.listener, each.claimed.lease)
            for each in outcomes
            if not each.tried
        ],
    )
    connection.executemany(
        RELEASE,
        [(each.claimed.listener, each.claimed.subject) for each in outcomes if each.state != "due"],
    )


def _end(listener: str, connection: sqlite3.Connection) -> None:
    if connection.execute(END, (now(), listener)).rowcount:
        connection.execute(KILL, (listener,))
        connection.execute(SYSTEM.bump.sql)


def _rotate(listener: str, secret: str, connection: sqlite3.Connection) -> None:
    row = connection.execute(SECRETS, (listener,)).fetchone()
    if row is None:
        raise NotFound(resource="listener", id=listener)
    connection.execute(ROTATE, (" ".join([secret, *row[0].split()[:1]]), listener))
    connection.execute(SYSTEM.bump.sql)


def _rows(statement: ClauseElement, connection: sqlite3.Connection) -> list[Any]:
    return connection.execute(*outbox.made(statement, JSON)).fetchall()


def _tidy(sent_before: int, events_before: int, most: int, connection: sqlite3.Connection) -> int:
    connection.execute(outbox.BURY)
    old_sent = outbox.made(outbox.old_sent(sent_before, most), JSON)
    count = connection.execute(*old_sent).rowcount
    events = [seq for (seq,) in _rows(outbox.old_events(events_before, most), connection)]
    if events:
        connection.execute(*outbox.made(outbox.of_events(events), JSON))
    for statement in (outbox.old_listeners(events_before), outbox.old_hours(now())):
        connection.execute(*outbox.made(statement, JSON))
    return count + len(events)
