"""Any change list as one PostgreSQL transaction, for lists that are not carried out in batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from secrets import token_hex
from typing import Any

import orjson
from psycopg import errors as pg

from tmfserver.changes import (
    Answer,
    Change,
    Enter,
    Event,
    Insert,
    Keep,
    Listener,
    Present,
    Receive,
    Remove,
    RemoveWithin,
    Replace,
    Subscribe,
    Unchanged,
    Unsubscribe,
    within,
)
from tmfserver.errors import (
    AlreadySubscribed,
    Duplicate,
    Failure,
    KeyTaken,
    ListenersChanged,
    NotFound,
    Stale,
    Taken,
)
from tmfserver.repository import Listeners
from tmfserver.sql import unique
from tmfserver.sql.dialects import Bound
from tmfserver.sql.job_table import entered, job_statements
from tmfserver.sql.postgres.batches import (
    JSON,
    Kind,
    changes,
    columns_of,
    entry,
    event_statements,
    gets,
    locks,
)
from tmfserver.sql.postgres.pool import Connection
from tmfserver.sql.statements import (
    Prepared,
    absent,
    fingerprint,
    holding_statements,
    now,
    system_statements,
)

SYSTEM = system_statements(JSON)
EVENT, DELIVERIES = event_statements()
JOBS = job_statements(JSON)
holding = lru_cache(maxsize=4096)(lambda name: holding_statements(name, JSON))
_KINDS: Mapping[type, Kind] = {Insert: "insert", Replace: "replace", Remove: "remove"}


async def load_listeners(connection: Connection) -> Listeners:
    # The version first: a listener that comes in between is then seen too often, never missed.
    version = (await _run(connection, SYSTEM.version))[0][0]
    rows = await _run(connection, SYSTEM.listeners)
    return Listeners(version, tuple([Listener(*row) for row in rows]))


async def has_jobs(connection: Connection) -> bool:
    return bool(await _run(connection, JOBS.look, now()))


async def secret(name: str, connection: Connection) -> bytes:
    """Made if it is not there yet."""
    await _count(connection, SYSTEM.make_secret, name, token_hex(32))
    return bytes.fromhex((await _run(connection, SYSTEM.secret, name))[0][0])


async def carry_out(connection: Connection, asked: Sequence[Change], listeners: int | None) -> None:
    """All changes in one transaction, or none."""
    async with connection.transaction():
        if listeners is not None:
            version = (await _run(connection, SYSTEM.version))[0][0]
            if version != listeners:
                raise ListenersChanged
        for kind, group in groupby(asked, _together):
            if kind is None:
                for change in group:
                    await _apply(connection, change)
            else:
                await _insert(connection, [each for each in group if isinstance(each, Insert)])


def _together(change: Change) -> str | None:
    """Inserts that follow each other are one statement for each collection."""
    return change.collection.name if isinstance(change, Insert) else None


async def _apply(connection: Connection, change: Change) -> None:
    match change:
        case Replace() | Remove():
            await _change(connection, change)
        case Unchanged(collection, id, seen):
            if not await _run(connection, locks(collection.name), id, seen):
                raise Stale(resource=collection.resource, id=id)
        case Present(collection, id):
            if not await _run(connection, holding(collection.name).present, id):
                raise absent(change)
        case RemoveWithin(collection):
            await _count(connection, holding(collection.name).remove_within, *within(change.holder))
        case Event():
            await _event(connection, change)
        case Subscribe(listener):
            await _subscribe(connection, listener)
        case Unsubscribe(api, id):
            if not await _count(connection, SYSTEM.unsubscribe, id, api):
                raise NotFound(resource="listener", id=id)
            await _count(connection, SYSTEM.forget, id)
            await _count(connection, SYSTEM.bump)
        case Keep():
            await _keep(connection, change)
        case Receive(api, id, type_, document):
            await _count(connection, SYSTEM.receive, api, id, type_, document, now())
        case Enter(jobs, id, kind, task):
            await _count(connection, JOBS.enter, *entered(jobs.name, id, kind, task))


def kind_of(change: Insert | Replace | Remove) -> Kind:
    """Which batch statement carries the change out."""
    return _KINDS[type(change)]


def refused(change: Insert | Replace | Remove) -> Stale | Taken:
    """Why a change was not carried out, when nothing else was wrong."""
    failure = Taken if isinstance(change, Insert) else Stale
    return failure(resource=change.collection.resource, id=change.id)


async def refused_key(change: Insert | Replace, connection: Connection) -> Failure:
    """The same where it may be that another document has one of its keys. Stale, which asks for
    another attempt, when whoever had it has it no more."""
    name, resource = change.collection.name, change.collection.resource
    for column, key in zip(columns_of(change), change.keys or (), strict=False):
        if key is None:
            continue
        asked = unique.owner(name, column, "$1").encode()
        owner = await (await connection.execute(asked, (key.mark,))).fetchone()
        if owner is not None and owner[0] != change.id:
            return Duplicate(resource=resource, key=key.says, id=owner[0])
    if isinstance(change, Insert):
        known = await (await connection.execute(gets(name).sql, ([change.id],))).fetchone()
        if known is not None:
            return Taken(resource=resource, id=change.id)
    return Stale(resource=resource, id=change.id)


async def _change(connection: Connection, change: Replace | Remove) -> None:
    keys = columns_of(change)
    statement = changes(kind_of(change), change.collection.name, keys, told=False)
    if not await _run(connection, statement, f"[{entry(change, ())}]", None):
        if keys and not isinstance(change, Remove):
            raise await refused_key(change, connection)
        raise refused(change)


async def _insert(connection: Connection, inserts: Sequence[Insert]) -> None:
    keys = columns_of(inserts[0])
    statement = changes("insert", inserts[0].collection.name, keys, told=False)
    array = f"[{','.join([entry(each, ()) for each in inserts])}]"
    made = {id for (id,) in await _run(connection, statement, array, None)}
    for each in inserts:
        if each.id not in made:
            raise await refused_key(each, connection) if keys else refused(each)
        made.remove(each.id)  # what comes twice was made once


async def _event(connection: Connection, change: Event) -> None:
    at = now()
    row = change.id, change.api, change.type, change.subject, change.document, at
    try:
        seq = (await _run(connection, EVENT, *row))[0][0]
    except pg.UniqueViolation as error:
        raise Taken(resource="event", id=change.id) from error
    if change.listeners:
        takers = orjson.dumps(change.listeners).decode()
        await _count(connection, DELIVERIES, seq, takers, at, change.subject)


async def _keep(connection: Connection, change: Keep) -> None:
    new = change.answer
    row = change.api, change.key, new.request, new.status, new.headers, new.body, new.at
    if not await _count(connection, SYSTEM.keep, *row, change.oldest):
        raise KeyTaken
    await _count(connection, SYSTEM.forget_answers, change.oldest)


async def kept(api: str, key: str, connection: Connection) -> Answer | None:
    rows = await _run(connection, SYSTEM.kept, api, key)
    return Answer(*rows[0]) if rows else None


async def _subscribe(connection: Connection, new: Listener) -> None:
    mark = fingerprint(new)
    row = new.id, new.api, new.callback, new.query, now(), mark, new.secret, new.header
    if not await _count(connection, SYSTEM.subscribe, *row):
        present = await _run(connection, SYSTEM.subscribed, mark)
        if not present:
            raise Taken(resource="listener", id=new.id)
        raise AlreadySubscribed(id=present[0][0])
    await _count(connection, SYSTEM.bump)


async def _run(
    connection: Connection, statement: Prepared, *values: Bound | None
) -> list[tuple[Any, ...]]:
    return await (
        await connection.execute(statement.sql, statement.bind(_texts(values)))
    ).fetchall()


async def _count(connection: Connection, statement: Prepared, *values: Bound | None) -> int:
    return (await connection.execute(statement.sql, statement.bind(_texts(values)))).rowcount


def _texts(values: Sequence[Bound | None]) -> list[str | None]:
    return [None if value is None else str(value) for value in values]
