"""The same pages by hand: SQL on the same tables, through nothing but the database's driver."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol, Self

import psycopg

from benchmarks.filters.cells import PAGE, Cell, Values
from tmfserver.changes import Collection
from tmfserver.sql.tables import table_name

_NAMES: Mapping[str, str] = {
    "status": "status",
    "date": "usageDate",
    "specification": "usageSpecification.id",
    "parties": "relatedParty.id",
}
_INDEXES = "SELECT path, name FROM attribute_index WHERE collection = {}"
_IS_LONG = {
    "sqlite": "EXISTS (SELECT 1 FROM json_each(t.document, '$.usageCharacteristic') AS c"
    " WHERE c.value ->> 'name' = 'duration' AND c.value ->> 'value' > 60)",
    "postgresql": "jsonb_path_exists(t.document,"
    " '$.usageCharacteristic[*] ? (@.name == \"duration\" && @.value > 60)')",
}


class Statement(NamedTuple):
    """SQL as the driver takes it, and the names of its values in their order."""

    sql: str
    names: tuple[str, ...]

    def bind(self, values: Values) -> list[str | int]:
        return [values[name] for name in self.names]


class Answer(NamedTuple):
    """(id, document, ...) of the page, and the total; 0 where it was not asked for."""

    rows: Sequence[Sequence[Any]]
    total: int


class Bare(Protocol):
    """One connection, and the statements of a cell on it."""

    def statements(self, cell: Cell) -> tuple[Statement | None, Statement | None]:
        """For the page and for the total, where they are asked for."""
        ...

    async def read(
        self, page: Statement | None, total: Statement | None, values: Values
    ) -> Answer: ...

    async def close(self) -> None: ...


async def connect(database: str, url: str, collection: Collection) -> Bare:
    if database == "sqlite":
        return _Sqlite(_path(url), collection)
    return await _Postgresql.connect(url, collection)


def _path(url: str) -> str:
    return url.removeprefix("sqlite:///")


def _sql(text: str, names: Mapping[str, str], marker: str) -> Statement:
    """With `:name` as the database marks its values: "?" or "$" and a number."""
    found: list[str] = []

    def mark(match: re.Match[str]) -> str:
        found.append(match[1])
        return marker if marker == "?" else f"${len(found)}"

    return Statement(re.sub(r":([a-z_]+)", mark, text.format(**names)), tuple(found))


def _names(database: str, collection: Collection, indexes: Mapping[str, str]) -> dict[str, str]:
    names = {name: f'"{indexes[path]}"' for name, path in _NAMES.items()}
    # On SQLite, a sign that leaves the value as it is and keeps the index from being used.
    names["late_status"] = ("+" if database == "sqlite" else "") + f"t.{names['status']}"
    return {**names, "t": f'"{table_name(collection.name)}"', "long": _IS_LONG[database]}


class Neighbour:
    """Another process that commits to the same SQLite file what concerns no query. It does not
    wait for the disk, so that it is done before the next measuring begins."""

    def __init__(self, url: str) -> None:
        self._connection = sqlite3.connect(_path(url), isolation_level=None)
        self._connection.execute("PRAGMA synchronous = OFF")

    def commit(self) -> None:
        row = "/benchmark", "1", "Nothing", "{}", 0
        self._connection.execute("INSERT OR REPLACE INTO received VALUES (?, ?, ?, ?, ?)", row)

    def close(self) -> None:
        self._connection.close()


class _Sqlite:
    def __init__(self, path: str, collection: Collection) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, cached_statements=512)
        self._run = self._connection.execute
        self._run("PRAGMA cache_size = -32768")
        indexes = dict(self._run(_INDEXES.format("?"), (collection.name,)))
        self._names = _names("sqlite", collection, indexes)

    def statements(self, cell: Cell) -> tuple[Statement | None, Statement | None]:
        page = f"SELECT t.id, t.document {cell.page} LIMIT {PAGE}" if cell.page else ""
        total = f"SELECT count(*) {cell.total}" if cell.counted else ""
        page_, total_ = [_sql(text, self._names, "?") if text else None for text in (page, total)]
        return page_, total_

    async def read(self, page: Statement | None, total: Statement | None, values: Values) -> Answer:
        """Both of one moment."""
        self._run("BEGIN")
        rows = self._run(page.sql, page.bind(values)).fetchall() if page else []
        count = self._run(total.sql, total.bind(values)).fetchone()[0] if total else 0
        self._run("COMMIT")
        return Answer(rows, count)

    async def close(self) -> None:
        self._connection.close()


class _Postgresql:
    def __init__(self, connection: psycopg.AsyncConnection[Any], names: Mapping[str, str]) -> None:
        self._connection, self._names = connection, names

    @classmethod
    async def connect(cls, url: str, collection: Collection) -> Self:
        connection = await psycopg.AsyncConnection.connect(
            url, autocommit=True, cursor_factory=psycopg.AsyncRawCursor
        )
        await connection.execute("SET jit = off")
        cursor = await connection.execute(_INDEXES.format("$1"), (collection.name,))
        indexes = dict(await cursor.fetchall())
        return cls(connection, _names("postgresql", collection, indexes))

    def statements(self, cell: Cell) -> tuple[Statement | None, Statement | None]:
        """One for both, for they are to be of one moment."""
        counted = f"SELECT count(*) {cell.total}"
        if not cell.page:
            return None, _sql(counted, self._names, "$")
        total = f", ({counted})" if cell.counted else ""
        page = f"SELECT t.id, CAST(t.document AS text){total} {cell.page} LIMIT {PAGE}"
        return _sql(page, self._names, "$"), None

    async def read(self, page: Statement | None, total: Statement | None, values: Values) -> Answer:
        statement = page or total
        if statement is None:
            raise ValueError("nothing is asked for")
        cursor = await self._connection.execute(
            statement.sql.encode(), statement.bind(values), prepare=True
        )
        rows = await cursor.fetchall()
        if page is None:
            return Answer([], rows[0][0])
        return Answer(rows, rows[0][2] if rows and len(rows[0]) > 2 else 0)

    async def close(self) -> None:
        await self._connection.close()
