"""Makes indexes and fills them: at once where there is little, else in batches while others write.

An index is first prepared: from then on triggers keep it for all that is written. Then what was
there before is filled in, by seq. Only when all is filled is it marked complete, and used from the
next start of a server on.
"""

# ruff: noqa: S608 - SQL text is what this module is for; names are quoted

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import groupby
from typing import Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError

from tmfserver.changes import Collection
from tmfserver.sql import unique
from tmfserver.sql.dialects import Json
from tmfserver.sql.indexed import Index
from tmfserver.sql.patience import autocommitting, in_transaction, patiently, run
from tmfserver.sql.postgres import indexes as postgres_indexes
from tmfserver.sql.registry import (
    ALL,
    Registered,
    advance,
    complete,
    forget,
    register,
    registered,
)
from tmfserver.sql.sqlite import indexes as sqlite_indexes

Tell = Callable[[str], object]

SMALL = 10_000  # rows; for more, a start does not wait
BATCH = 2_000  # rows that are filled in one transaction
HOLD_SECONDS = 0.4  # how long a SQLite file is written to before others are let in
PAUSE_SECONDS = 0.11  # longer than they sleep before they look again
_ALONE = 7_463_662_002  # one migration at a time; the number means nothing


class Maker(Protocol):
    """The statements of one database: the modules sqlite_indexes and postgres_indexes."""

    def prepare(self, index: Index, columns: Sequence[Registered], /) -> list[str]: ...

    def column(self, index: Index, /) -> str: ...

    def beside(
        self, table: str, indexes: Sequence[Index], columns: Sequence[Registered], /
    ) -> list[str]: ...

    def fill(self, table: str, indexes: Sequence[Index], after: int, upto: int, /) -> list[str]: ...

    def finish(self, index: Index, *, concurrently: bool) -> list[str]: ...

    def drop(
        self, table: str, unused: Registered, columns: Sequence[Registered], /
    ) -> list[str]: ...


MAKERS: Mapping[str, Maker] = {"sqlite": sqlite_indexes, "postgresql": postgres_indexes}


def is_small(connection: Connection, table: str) -> bool:
    rows = f'SELECT count(*) FROM (SELECT 1 FROM "{table}" LIMIT {SMALL}) AS few'
    found: int = connection.exec_driver_sql(rows).scalar_one()
    return found < SMALL


def made(index: Index) -> str:
    name = index.database_index or index.name
    return f"Made index {name} for '{index.dotted}' of {index.collection}."


def make_at_once(connection: Connection, indexes: Sequence[Index], json: Json) -> Iterator[str]:
    """In the transaction that the connection is in; says what it did."""
    prepare(connection, indexes, json)
    for index in indexes:
        yield _complete_at_once(connection, index, json)


def _complete_at_once(connection: Connection, index: Index, json: Json) -> str:
    maker = MAKERS[json.name]
    for statement in maker.fill(index.table, [index], -1, ALL):
        run(connection, statement)
    unique.fill(connection, index.table, [index], -1, ALL, json)
    if index.kind == "key" and (examples := unique.shared(connection, index)):
        return f"Found what must be unique and is not: {examples}."
    for statement in maker.finish(index, concurrently=False):
        run(connection, statement)
    complete(connection, index)
    return made(index)


def build(engine: Engine, indexes: Sequence[Index], json: Json, tell: Tell) -> list[str]:
    """Makes indexes on tables of any size; what was begun before is gone on with.

    Says which keys could not be made, for documents share them.
    """
    problems = []
    by_table = groupby(sorted(indexes, key=lambda index: index.table), lambda index: index.table)
    for table, some in by_table:
        group = list(some)
        patiently(engine, partial(prepare, indexes=group, json=json))
        _fill(engine, table, group, json, tell)
        for index in group:
            problem = _finish_unshared(engine, index, json)
            problems += [problem] if problem else []
            if not problem:
                tell(made(index))
            if json.name == "sqlite":
                time.sleep(PAUSE_SECONDS)
        names = [table, *[index.name for index in group if index.kind == "members"]]
        for name in names:
            _refresh(engine, name, json)
    return problems


def drop_unused(
    engine: Engine,
    collections: Sequence[Collection],
    wanted: Sequence[Index],
    json: Json,
    tell: Tell,
) -> None:
    """Drops indexes of these collections that are not wanted."""
    theirs = {each.name for each in collections}
    names = {(index.collection, index.name) for index in wanted}

    def drop(connection: Connection) -> list[Registered]:
        known = registered(connection)
        unused = [row for key, row in known.items() if key not in names]
        unused = [row for row in unused if row.collection in theirs]
        for row in unused:
            forget(connection, row)
            stay = _columns(registered(connection), row.collection)
            for statement in MAKERS[json.name].drop(row.table, row, stay):
                run(connection, statement)
        return unused

    for row in patiently(engine, drop):
        tell(f"Dropped the index for '{row.path}' of {row.collection}.")


@contextmanager
def alone(engine: Engine, json: Json, tell: Tell) -> Iterator[None]:
    """Holds up other migrations; on SQLite two may fill the same file, batch by batch."""
    if json.name == "sqlite":
        yield
        return
    # Asked again and again: who waits in one statement would hold up CREATE INDEX CONCURRENTLY.
    with autocommitting(engine) as connection:
        told = False
        ask = f"SELECT pg_try_advisory_lock({_ALONE})"
        while not connection.exec_driver_sql(ask).scalar_one():
            if not told:
                tell("Another `tmfserver migrate` is at work on this database; waiting for it.")
            told = True
            time.sleep(0.2)
        yield


def prepare(connection: Connection, indexes: Sequence[Index], json: Json) -> None:
    """From here on all that is written is in these indexes too."""
    known = registered(connection)
    for index in indexes:
        if (index.collection, index.name) in known:
            continue
        row = known[index.collection, index.name] = register(connection, index)
        columns = _columns(known, row.collection)
        for statement in MAKERS[json.name].prepare(index, columns):
            run(connection, statement)


def _columns(known: Mapping[tuple[str, str], Registered], collection: str) -> list[Registered]:
    rows = [row for row in known.values() if row.collection == collection]
    return sorted(row for row in rows if row.kind == "column")


def _fill(engine: Engine, table: str, indexes: Sequence[Index], json: Json, tell: Tell) -> None:
    # SQLite computes columns whenever they are read.
    filled = [each for each in indexes if json.name != "sqlite" or each.kind != "column"]
    filled = [each for each in filled if each.kind != "key" or each.parts]
    if not filled:
        return
    with engine.connect() as connection:
        known = registered(connection)
        last = connection.exec_driver_sql(f'SELECT max(seq) FROM "{table}"').scalar() or 0
    after = min(known[each.collection, each.name].filled for each in filled)
    step = max(BATCH, (last - after) // 10)
    told, held = after, time.monotonic()
    while after < last:
        after = patiently(
            engine, partial(_batch, table=table, indexes=filled, after=after, json=json)
        )
        if json.name == "sqlite" and time.monotonic() - held > HOLD_SECONDS:
            time.sleep(PAUSE_SECONDS)
            held = time.monotonic()
        if after - told >= step and after < last:
            tell(f"Filled the indexes of {table} up to row {after} of {last}.")
            told = after
            if json.name == "postgresql":
                # What was updated left as much behind; from here on that room is used again.
                _vacuum(engine, table)


def _batch(
    connection: Connection, table: str, indexes: Sequence[Index], after: int, json: Json
) -> int:
    """Fills some rows behind `after`, and says up to which."""
    rows = f'SELECT seq FROM "{table}" WHERE seq > {after} ORDER BY seq LIMIT {BATCH}'
    upto = connection.exec_driver_sql(f"SELECT max(seq) FROM ({rows}) AS few").scalar()
    if upto is None:
        upto = ALL
    for statement in MAKERS[json.name].fill(table, indexes, after, upto):
        run(connection, statement)
    unique.fill(connection, table, indexes, after, upto, json)
    advance(connection, indexes, upto)
    return int(upto)


def _finish_unshared(engine: Engine, index: Index, json: Json) -> str:
    """Which documents share a key, so that it is not finished; "" when it is."""
    if index.kind != "key":
        _finish(engine, index, json)
        return ""
    with engine.connect() as connection:
        if examples := unique.shared(connection, index):
            return examples
    try:
        _finish(engine, index, json)
    except IntegrityError:  # somebody wrote such a document just now
        with autocommitting(engine) as connection:
            run(connection, f'DROP INDEX IF EXISTS "{index.database_index}"')
            return unique.shared(connection, index) or f"{index.collection} by {index.dotted}"
    return ""


def _finish(engine: Engine, index: Index, json: Json) -> None:
    concurrently = json.name == "postgresql"
    statements = MAKERS[json.name].finish(index, concurrently=concurrently)
    if concurrently:
        with autocommitting(engine) as connection:
            for statement in statements:
                run(connection, statement)
        statements = []

    def mark(connection: Connection) -> None:
        for statement in statements:
            run(connection, statement)
        complete(connection, index)

    in_transaction(engine, mark)


def _refresh(engine: Engine, table: str, json: Json) -> None:
    """Lets the database count what it plans by."""
    if json.name == "postgresql":
        _vacuum(engine, table)
        return
    with engine.connect() as connection:
        run(connection, "PRAGMA analysis_limit = 1000")
        run(connection, f'ANALYZE "{table}"')


def _vacuum(engine: Engine, table: str) -> None:
    with autocommitting(engine) as connection:
        run(connection, f'VACUUM (ANALYZE) "{table}"')
