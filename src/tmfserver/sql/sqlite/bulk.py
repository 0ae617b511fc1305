"""Much at a time into and out of a SQLite file, by whoever has a process for it."""

# ruff: noqa: S608 - SQL text is what this module is for; values are bound, names quoted

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import orjson

from tmfserver.changes import Collection, Event
from tmfserver.jobs import Found, NewRow
from tmfserver.query.ast import Query
from tmfserver.repository import Listeners
from tmfserver.sql import bulk_reading, unique
from tmfserver.sql.loading import Loads
from tmfserver.sql.sqlite.changes import Changes
from tmfserver.sql.sqlite.connection import Reader, answering, connect
from tmfserver.sql.sqlite.statements import JSON
from tmfserver.sql.statements import Prepared
from tmfserver.sql.tables import table_name

MOST_ROWS = 250  # in one INSERT


class SqliteBulk(Loads):
    """One connection that writes; each export has one of its own to read by."""

    pause_seconds = 0.002

    def __init__(self, path: str, collections: Mapping[str, Collection]) -> None:
        self._path, self._known = path, collections
        self._connection = connect(path, writes=True)
        self._changes = Changes(self._connection)
        super().__init__(JSON, collections, self._execute, self._writing)

    def listeners(self) -> Listeners:
        with answering():
            return self._changes.listeners()

    def find(self, collection: Collection, query: Query) -> Found:
        asked = bulk_reading.asked(collection, self._known, query, JSON)
        reader = Reader(self._path)
        with answering():
            reader.run("BEGIN")
            count = None
            if asked.is_exact:
                sql = asked.plan.total
                matching = reader.run(sql.sql, sql.bind(asked.values)).fetchone()[0]
                count = bulk_reading.total(asked, matching)
            cursor = reader.run(asked.plan.page.sql, asked.plan.page.bind(asked.values))
        return Found(count, bulk_reading.chosen(asked, _batches(cursor)), reader.close)

    def close(self) -> None:
        self._connection.close()

    def _insert(self, collection: Collection, rows: Sequence[NewRow]) -> frozenset[str]:
        table, keys = table_name(collection.name), unique.columns(collection)
        run = self._connection.execute
        run("SAVEPOINT rows")
        made = 0
        # Many rows a statement: the thread that reads the next ones runs meanwhile.
        for start in range(0, len(rows), MOST_ROWS):
            some = rows[start : start + MOST_ROWS]
            values = [value for row in some for value in _values(row, len(keys))]
            made += run(_insert(table, keys, len(some)), values).rowcount
        taken: frozenset[str] = frozenset()
        if made != len(rows):
            # Only one by one does it say which.
            run("ROLLBACK TO rows")
            one = _insert(table, keys, 1)
            taken = frozenset(
                row.id for row in rows if run(one, _values(row, len(keys))).rowcount != 1
            )
        run("RELEASE rows")
        return taken

    def _version(self) -> int:
        return self._changes.version()

    def _tell(self, events: Sequence[Event]) -> None:
        for event in events:
            self._changes.carry_out(event)

    def _present(self, table: str, column: str, values: Sequence[str]) -> Iterable[str]:
        given = "SELECT value FROM json_each(?)"
        sql = f'SELECT "{column}" FROM "{table}" WHERE "{column}" IN ({given})'
        with answering():
            rows = self._connection.execute(sql, (orjson.dumps(values).decode(),))
            return [row[0] for row in rows]

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with answering():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _execute(self, statement: Prepared, *values: Any) -> sqlite3.Cursor:
        with answering():
            return self._connection.execute(statement.sql, statement.bind(values))


@lru_cache(maxsize=256)
def _insert(table: str, keys: tuple[str, ...], rows: int) -> str:
    columns = ", ".join(["id", "document", "revision", *[f'"{key}"' for key in keys]])
    row = f"({', '.join('?' * (3 + len(keys)))})"
    values = ", ".join([row] * rows)
    return f'INSERT INTO "{table}" ({columns}) VALUES {values} ON CONFLICT DO NOTHING'


def _values(row: NewRow, keys: int) -> tuple[Any, ...]:
    return (row.id, row.document, row.revision, *(row.marks or (None,) * keys))


def _batches(cursor: sqlite3.Cursor) -> Iterator[Sequence[Any]]:
    with answering():
        while rows := cursor.fetchmany(bulk_reading.CHUNK):
            yield rows
