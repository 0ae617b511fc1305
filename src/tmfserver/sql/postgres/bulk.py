"""Much at a time into and out of PostgreSQL, by whoever has a process for it."""

# ruff: noqa: S608 - SQL text is what this module is for; values are bound, names quoted

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import psycopg
from psycopg import errors as pg
from psycopg.rows import TupleRow

from tmfserver.changes import Collection, Event, Listener
from tmfserver.jobs import Found, NewRow
from tmfserver.query.ast import Query
from tmfserver.repository import Listeners
from tmfserver.sql import bulk_reading, unique
from tmfserver.sql.loading import Loads
from tmfserver.sql.postgres.batches import JSON
from tmfserver.sql.postgres.changes import SYSTEM
from tmfserver.sql.postgres.pool import FAILURES, meaning
from tmfserver.sql.statements import Prepared, now
from tmfserver.sql.tables import table_name

NULL = "\\N"  # as COPY reads it
BACKSLASH = "\\"
AT_ONCE = 50  # rows in a piece of COPY
CAREFUL = 16  # batches after one with a row that is there already

Connection: TypeAlias = psycopg.Connection[TupleRow]


class PostgresBulk(Loads):
    """One connection that writes; each export has one of its own to read by."""

    def __init__(self, conninfo: str, collections: Mapping[str, Collection]) -> None:
        self._conninfo, self._known = conninfo, collections
        self._connection = _connected(conninfo)
        self._careful = 0
        super().__init__(JSON, collections, self._execute, self._writing)

    def listeners(self) -> Listeners:
        version = self._version()
        rows = self._execute(SYSTEM.listeners).fetchall()
        return Listeners(version, tuple([Listener(*row) for row in rows]))

    def find(self, collection: Collection, query: Query) -> Found:
        asked = bulk_reading.asked(collection, self._known, query, JSON)
        with _answering():
            connection = _connected(self._conninfo)
            count = None
            if asked.is_exact:
                sql = asked.plan.total
                rows = connection.execute(sql.sql, sql.bind(asked.values)).fetchall()
                count = bulk_reading.total(asked, rows[0][0])
        sql = asked.plan.page
        batches = _batches(connection, sql.sql, sql.bind(asked.values))
        return Found(count, bulk_reading.chosen(asked, batches), connection.close)

    def close(self) -> None:
        self._connection.close()

    def _insert(self, collection: Collection, rows: Sequence[NewRow]) -> frozenset[str]:
        """COPY cannot leave rows out, so when it meets one that is there, this batch and the next
        go a longer way."""
        if not rows:
            return frozenset()
        table = table_name(collection.name)
        columns = "".join([f', "{name}"' for name in unique.columns(collection)])
        if not self._careful:
            try:
                with self._connection.transaction():
                    self._copy(table, columns, rows)
            except pg.UniqueViolation:
                self._careful = CAREFUL
            else:
                return frozenset()
        self._careful -= 1
        run = self._connection.execute
        run(
            "CREATE TEMPORARY TABLE IF NOT EXISTS rows_to_load (n bigserial, id text,"
            " document jsonb, revision bigint, marks text[]) ON COMMIT DELETE ROWS"
        )
        marks = [f", marks[{n}]" for n in range(1, len(unique.columns(collection)) + 1)]
        self._copy("rows_to_load", ", marks" if marks else "", rows)
        kept = run(
            f'INSERT INTO "{table}" (id, document, revision{columns})'
            f" SELECT id, document, revision{''.join(marks)} FROM rows_to_load ORDER BY n"
            " ON CONFLICT DO NOTHING RETURNING id"
        ).fetchall()
        return frozenset(row.id for row in rows) - {id for (id,) in kept}

    def _copy(self, table: str, more: str, rows: Sequence[NewRow]) -> None:
        """more: the columns of keys, each with a comma in front, or one for all."""
        marked = _as_array if more == ", marks" else _as_columns
        count = more.count(",")
        with (
            self._connection.cursor() as cursor,
            cursor.copy(f'COPY "{table}" (id, document, revision{more}) FROM STDIN') as copy,
        ):
            # In pieces: the database is at the first ones while the next are made.
            for start in range(0, len(rows), AT_ONCE):
                lines = [
                    f"{id}\t{document.replace(BACKSLASH, BACKSLASH * 2)}\t{revision}"
                    f"{marked(marks, count) if more else ''}\n"
                    for id, document, revision, marks in rows[start : start + AT_ONCE]
                ]
                copy.write("".join(lines).encode())

    def _tell(self, events: Sequence[Event]) -> None:
        at = now()
        rows = [(e.id, e.api, e.type, e.subject, e.document, at) for e in events]
        seqs: dict[str, int] = {}
        with self._connection.cursor() as cursor:
            for row in rows:
                cursor.execute(
                    "INSERT INTO event (id, api, type, subject, document, created)"
                    " VALUES ($1, $2, $3, $4, $5, $6) RETURNING seq, id",
                    row,
                )
                seqs |= {id: seq for seq, id in cursor.fetchall()}
            columns = "event, listener, state, attempts, next_attempt_at, subject"
            with cursor.copy(f"COPY delivery ({columns}) FROM STDIN") as copy:
                for event in events:
                    for listener in dict.fromkeys(event.listeners):
                        copy.write_row((seqs[event.id], listener, "due", 0, at, event.subject))

    def _version(self) -> int:
        version: int = self._execute(SYSTEM.version).fetchall()[0][0]
        return version

    def _present(self, table: str, column: str, values: Sequence[str]) -> Iterable[str]:
        sql = f'SELECT "{column}" FROM "{table}" WHERE "{column}" = ANY($1::text[])'
        with _answering():
            return [row[0] for row in self._connection.execute(sql, (values,)).fetchall()]

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with _answering(), self._connection.transaction():
            yield

    def _execute(self, statement: Prepared, *values: Any) -> psycopg.Cursor[TupleRow]:
        with _answering():
            return self._connection.execute(statement.sql, statement.bind(values))


def _as_columns(marks: Sequence[str | None], count: int) -> str:
    return "".join([f"\t{mark or NULL}" for mark in marks or (None,) * count])


def _as_array(marks: Sequence[str | None], _count: int) -> str:
    return f"\t{{{','.join([mark or 'NULL' for mark in marks])}}}"


def _connected(conninfo: str) -> Connection:
    connection = psycopg.connect(
        conninfo,
        autocommit=True,
        cursor_factory=psycopg.RawCursor,
        application_name="tmfserver jobs",
    )
    connection.execute("SET jit = off")
    return connection


def _batches(connection: Connection, sql: str, values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    with _answering():
        some: list[Any] = []
        for row in connection.cursor().stream(sql, values, size=bulk_reading.CHUNK):
            some.append(row)
            if len(some) == bulk_reading.CHUNK:
                yield some
                some = []
        if some:
            yield some


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except FAILURES as error:
        raise meaning(error) from error
