"""The statements that carry out many requests at once on PostgreSQL, one JSON array in each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal

import orjson
from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    FromClause,
    Integer,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    func,
    insert,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from tmfserver.changes import Event, Insert, Remove, Replace
from tmfserver.sql import tables, unique
from tmfserver.sql.dialects import PostgresJson
from tmfserver.sql.statements import Prepared, insert_values, json_text, prepare

JSON = PostgresJson()
Kind = Literal["insert", "replace", "remove"]
DELIVERY = ["event", "listener", "state", "attempts", "next_attempt_at", "subject"]


def entry(change: Insert | Replace | Remove, events: Sequence[Event]) -> str:
    """One change with its events as `changes` takes it: [id, revision, document, seen, events],
    and the keys behind them, where it writes keys."""
    id = orjson.dumps(change.id).decode()
    told = _told(events) if events else "[]"
    if isinstance(change, Remove):
        return f"[{id},0,null,{change.seen},{told}]"
    if columns_of(change):
        told = f"{told},{orjson.dumps(unique.marks(change)).decode()[1:-1]}"
    seen = 0 if isinstance(change, Insert) else change.seen
    return f"[{id},{change.revision},{change.document},{seen},{told}]"


def columns_of(change: Insert | Replace | Remove) -> tuple[str, ...]:
    """The columns of keys that a change writes."""
    if not change.collection.keys or isinstance(change, Remove):
        return ()
    if isinstance(change, Replace) and change.keys is None:
        return ()
    return unique.columns(change.collection)


def _told(events: Sequence[Event]) -> str:
    return orjson.dumps(
        [
            (each.id, each.api, each.type, each.subject, each.document, each.listeners)
            for each in events
        ]
    ).decode()


@lru_cache(maxsize=4096)
def gets(collection: str) -> Prepared:
    """Takes an array of ids; gives the rows that there are."""
    table = tables.documents(collection)
    return prepare(
        select(table.c.id, json_text(table.c.document, JSON), table.c.revision).where(
            table.c.id == any_(cast(bindparam("v0"), ARRAY(Text)))
        ),
        JSON,
    )


@lru_cache(maxsize=4096)
def locks(collection: str) -> Prepared:
    """Takes (id, revision); gives a row if the document is at it, and keeps others from it."""
    table = tables.documents(collection)
    id, revision = bindparam("v0", type_=Text), cast(bindparam("v1"), BigInteger)
    found = and_(table.c.id == id, table.c.revision == revision)
    return prepare(select(table.c.seq).where(found).with_for_update(read=True), JSON)


@lru_cache(maxsize=4096)
def changes(kind: Kind, collection: str, keys: tuple[str, ...] = (), *, told: bool) -> Prepared:
    """Carries out entries and gives the ids of those that were; with `told`, their events too.
    keys: the columns of keys that they write.

    Takes a JSON array of entries, the version that the listeners must be at or NULL, and, with
    `told`, the time in microseconds since 1970.
    """
    rows = _elements(cast(bindparam("v0"), JSONB), "r")
    asked = select(rows.c.e, rows.c.n).cte("asked")
    done = _done(kind, collection, asked, keys)
    statement = select(done.c.id)
    return prepare(statement.add_cte(_sent(asked, done)) if told else statement, JSON)


def _done(kind: Kind, collection: str, asked: CTE, keys: tuple[str, ...]) -> CTE:
    table = tables.keyed(collection, keys)
    marks = {name: _text(asked.c.e, 5 + n) for n, name in enumerate(keys)}
    wanted = cast(bindparam("v1"), BigInteger)
    version = select(tables.listener_version.c.version).scalar_subquery()
    current = or_(wanted.is_(None), wanted == version)
    id, document = _text(asked.c.e, 0), _part(asked.c.e, 2)
    revision = cast(_text(asked.c.e, 1), BigInteger)
    found = and_(
        table.c.id == id, table.c.revision == cast(_text(asked.c.e, 3), BigInteger), current
    )
    match kind:
        case "insert":
            return (
                postgresql.insert(table)
                .from_select(
                    ["id", "document", "revision", *marks],
                    select(id, document, revision, *marks.values())
                    .where(current)
                    .order_by(asked.c.n),
                )
                .on_conflict_do_nothing(index_elements=None if keys else [table.c.id])
                .returning(table.c.id)
                .cte("done")
            )
        case "replace":
            values = {"document": document, "revision": revision, **marks}
            return table.update().values(values).where(found).returning(table.c.id).cte("done")
    return table.delete().where(found).returning(table.c.id).cte("done")


def _sent(asked: CTE, done: CTE) -> CTE:
    """The events of what was done, and a delivery for each of their listeners."""
    each = _elements(_part(asked.c.e, 4), "s")
    events = (
        select(each.c.e, asked.c.n, each.c.n.label("m"))
        .select_from(asked.join(done, done.c.id == _text(asked.c.e, 0)).join(each, true()))
        .cte("events")
    )
    at = cast(bindparam("v2"), BigInteger)
    event, delivery = tables.event, tables.delivery
    kept = (
        insert(event)
        .from_select(
            ["id", "api", "type", "subject", "document", "created"],
            select(*[_text(events.c.e, n) for n in range(5)], at).order_by(events.c.n, events.c.m),
        )
        .returning(event.c.seq, event.c.id)
        .cte("kept")
    )
    listeners = func.jsonb_array_elements_text(_part(events.c.e, 5))
    listener = listeners.table_valued("listener", name="l").render_derived()
    state, attempts = literal_column("'due'", Text), literal_column("0", Integer)
    rows = (
        select(kept.c.seq, listener.c.listener, state, attempts, at, _text(events.c.e, 3))
        .distinct()
        .select_from(kept.join(events, _text(events.c.e, 0) == kept.c.id).join(listener, true()))
    )
    return insert(delivery).from_select(DELIVERY, rows).cte("sent")


def _elements(array: ColumnElement[Any], name: str) -> FromClause:
    elements = func.jsonb_array_elements(array).table_valued("e", with_ordinality="n", name=name)
    return elements.render_derived()


def _part(value: ColumnElement[Any], place: int) -> ColumnElement[Any]:
    return value.op("->", return_type=JSONB())(literal_column(str(place), Integer))


def _text(value: ColumnElement[Any], place: int) -> ColumnElement[str]:
    return value.op("->>", return_type=Text())(literal_column(str(place), Integer))


def event_statements() -> tuple[Prepared, Prepared]:
    """An event alone, which gives its seq; and its deliveries: (seq, array of ids, time, subject),
    the array as JSON."""
    event, delivery = tables.event, tables.delivery
    names = func.jsonb_array_elements_text(cast(bindparam("v1"), JSONB))
    listener = names.table_valued("listener", name="l").render_derived()
    rows = select(
        cast(bindparam("v0"), BigInteger),
        listener.c.listener,
        literal_column("'due'"),
        literal_column("0"),
        cast(bindparam("v2"), BigInteger),
        cast(bindparam("v3"), Text),
    ).distinct()
    return (
        prepare(insert_values(event).returning(event.c.seq), JSON),
        prepare(insert(delivery).from_select(DELIVERY, rows), JSON),
    )
