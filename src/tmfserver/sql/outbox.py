"""What both databases say alike of deliveries: statements to list, replay and tidy, and rooms."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import sqlalchemy as sa
from sqlalchemy import ClauseElement, ColumnElement, literal_column, select, tuple_

from tmfserver.deliveries import Key, Outcome, Wanted
from tmfserver.sql.dialects import Json
from tmfserver.sql.tables import delivery, delivery_hour, event, listener, received

Made: TypeAlias = tuple[str, tuple[Any, ...]]

AT_ONCE = 500  # deliveries that one statement makes due again
MOST_LOOKED_AT = 512  # due deliveries of a listener that one statement looks at for their turn
ROUNDS = 4  # of looking, in one claim
HOUR = 3_600_000_000  # microseconds
HOURS_KEPT = 48

# As the partial indexes have it: a bound value would not let PostgreSQL use them.
UNDELIVERED: ColumnElement[bool] = literal_column("state IN ('due', 'waiting')")
IS_SENT: ColumnElement[bool] = literal_column("delivery.state = 'sent'")


class Known(NamedTuple):
    """A listener as sending needs it."""

    id: str
    callback: str
    query: str
    key: Key


class Registered:
    """The listeners that there are, as of a version."""

    def __init__(self) -> None:
        self.version = -1
        self.by_id: dict[str, Known] = {}

    def keep(self, version: int, rows: Iterable[Sequence[Any]]) -> None:
        """rows: (id, api, callback, query, secret, header)."""
        self.by_id = {row[0]: Known(row[0], row[2], row[3], Key(row[4], row[5])) for row in rows}
        self.version = version

    def rooms(self, most: int, each: int, busy: Mapping[str, int]) -> list[tuple[str, int]]:
        """How many deliveries each may have, in random order: none is always the last."""
        found = [(id, min(most, each - busy.get(id, 0))) for id in self.by_id]
        found = [(id, room) for id, room in found if room > 0]
        random.shuffle(found)
        return found


def made(statement: ClauseElement, json: Json) -> Made:
    """A statement with its values, for the driver."""
    compiled: Any = statement.compile(
        dialect=json.dialect, compile_kwargs={"render_postcompile": True}
    )
    return str(compiled), tuple([compiled.params[name] for name in compiled.positiontup or ()])


def found(wanted: Wanted, limit: int, before: tuple[int, str] | None) -> sa.Select[Any]:
    """Rows as deliveries.Delivery has them."""
    columns = (
        delivery.c.event, delivery.c.listener, event.c.id, event.c.type, delivery.c.subject,
        delivery.c.state, delivery.c.attempts, delivery.c.next_attempt_at, delivery.c.sent_at,
        delivery.c.last_status, delivery.c.last_error, delivery.c.history, event.c.created,
    )  # fmt: skip
    place = tuple_(delivery.c.event, delivery.c.listener)
    conditions = _conditions(wanted)
    if before is not None:
        conditions.append(place < tuple_(*before))
    return (
        select(*columns)
        .join_from(delivery, event, event.c.seq == delivery.c.event)
        .where(*conditions)
        .order_by(delivery.c.event.desc(), delivery.c.listener.desc())
        .limit(limit)
    )


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.states:
        # Written out, so that partial indexes can be used; they are words of ours.
        states = ", ".join(f"'{state}'" for state in wanted.states)
        conditions.append(literal_column(f"delivery.state IN ({states})"))
    for column, value in ((delivery.c.listener, wanted.listener), (event.c.id, wanted.id)):
        if value is not None:
            conditions.append(column == value)
    if wanted.since is not None:
        conditions.append(event.c.created >= wanted.since)
    if wanted.until is not None:
        conditions.append(event.c.created < wanted.until)
    return conditions


def replayed(wanted: Wanted, at: int, after: tuple[int, str]) -> ClauseElement:
    """Makes some due again, and gives their places; after: where the last ones ended."""
    place = tuple_(delivery.c.event, delivery.c.listener)
    there = select(listener.c.id).where(listener.c.ended.is_(None))
    some = (
        select(delivery.c.event, delivery.c.listener)
        .join_from(delivery, event, event.c.seq == delivery.c.event)
        .where(
            *_conditions(wanted),
            literal_column("delivery.state IN ('sent', 'dead')"),
            delivery.c.listener.in_(there),
            place > tuple_(*after),
        )
        .order_by(delivery.c.event, delivery.c.listener)
        .limit(AT_ONCE)
    )
    return (
        delivery.update()
        .where(place.in_(some))
        .values(state="due", attempts=0, next_attempt_at=at, sent_at=None)
        .returning(delivery.c.event, delivery.c.listener)
    )


def health() -> sa.Select[Any]:
    """Rows as deliveries.Health has them."""
    undelivered = (
        select(
            delivery.c.listener.label("id"),
            sa.func.count().label("backlog"),
            sa.func.min(delivery.c.event).label("oldest"),
        )
        .where(UNDELIVERED)
        .group_by(delivery.c.listener)
        .subquery()
    )
    mine = listener.c
    return (
        select(
            mine.id, mine.api, mine.callback, mine.query, mine.created, mine.ended, mine.sent,
            mine.failed, mine.dead, mine.last_sent, mine.last_failed,
            mine.last_status, mine.last_error,
            sa.func.coalesce(undelivered.c.backlog, 0), event.c.created, event.c.id,
        )
        .select_from(
            listener.outerjoin(undelivered, undelivered.c.id == mine.id).outerjoin(
                event, event.c.seq == undelivered.c.oldest
            )
        )
        .order_by(mine.created, mine.id)
    )  # fmt: skip


def hours(since: int) -> sa.Select[Any]:
    """Rows as deliveries.Hour has them."""
    mine = delivery_hour.c
    columns = (mine.listener, mine.start, mine.sent, mine.failed)
    return select(*columns).where(mine.start >= since).order_by(mine.listener, mine.start)


def told(id: str) -> sa.Select[Any]:
    """A row as deliveries.Told has it."""
    names = ("id", "api", "type", "subject", "document", "created")
    return select(*[event.c[name] for name in names]).where(event.c.id == id)


def inbox(limit: int) -> sa.Select[Any]:
    """Rows as deliveries.Received has them."""
    columns = ("api", "id", "type", "document", "created")
    newest = received.c.created.desc(), received.c.id
    return select(*[received.c[name] for name in columns]).order_by(*newest).limit(limit)


# A change that was made while the listener ended its subscription may have come in behind.
BURY = """
UPDATE delivery SET state = 'dead', last_error = 'the listener ended its subscription'
WHERE state IN ('due', 'waiting') AND listener IN (SELECT id FROM listener WHERE ended IS NOT NULL)
"""


def old_sent(before: int, most: int) -> sa.Delete:
    """Deletes the oldest sent deliveries."""
    some = (
        select(delivery.c.event, delivery.c.listener)
        .where(IS_SENT, delivery.c.sent_at < before)
        .order_by(delivery.c.sent_at)
        .limit(most)
    )
    return delivery.delete().where(tuple_(delivery.c.event, delivery.c.listener).in_(some))


def old_events(before: int, most: int) -> ClauseElement:
    """Deletes the oldest events that nobody waits for, and gives their places."""
    oldest = select(event.c.seq, event.c.created).order_by(event.c.seq).limit(most).subquery()
    awaited = (
        select(delivery.c.event)
        .join_from(delivery, listener, listener.c.id == delivery.c.listener)
        .where(
            delivery.c.event == oldest.c.seq,
            literal_column("delivery.state IN ('due', 'waiting')"),
            listener.c.ended.is_(None),
        )
    )
    some = select(oldest.c.seq).where(oldest.c.created < before, ~awaited.exists())
    return event.delete().where(event.c.seq.in_(some)).returning(event.c.seq)


def of_events(places: Sequence[int]) -> sa.Delete:
    return delivery.delete().where(delivery.c.event.in_(places))


def old_listeners(before: int) -> sa.Delete:
    """Deletes listeners that ended long ago."""
    return listener.delete().where(listener.c.ended < before)


def old_hours(before: int) -> sa.Delete:
    return delivery_hour.delete().where(delivery_hour.c.start < before - HOURS_KEPT * HOUR)


class Tally(NamedTuple):
    """What became of one listener's attempts, and what the last answer was."""

    sent: int
    failed: int
    dead: int
    status: int | None
    error: str | None


def tallies(outcomes: Sequence[Outcome]) -> list[tuple[str, Tally]]:
    """In the order of listeners, so that two who count never wait for each other."""
    counts: dict[str, Tally] = {}
    for each in outcomes:
        if not each.tried:
            continue
        before = counts.get(each.claimed.listener)
        sent, failed, dead = before[:3] if before else (0, 0, 0)
        counts[each.claimed.listener] = Tally(
            sent + (each.state == "sent"),
            failed + (each.state != "sent"),
            dead + (each.state == "dead"),
            each.status,
            each.error,
        )
    return sorted(counts.items())
