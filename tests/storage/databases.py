"""What the storage tests need of a database beside the store under test, and things to store."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psycopg

from tests.postgres import PostgresServer
from tmfserver import exact
from tmfserver.changes import Collection, Insert, Replace
from tmfserver.query.ast import Query
from tmfserver.repository import Store
from tmfserver.sql import Limits, open_store
from tmfserver.sql.dialects import Json, PostgresJson, SqliteJson

THINGS = Collection(
    "thingManagement/v4/someThing",
    "someThing",
    indexed=("status", "when", "amount", "done", "spec.id"),
    types={
        "status": "string",
        "when": "date-time",
        "amount": "number",
        "done": "boolean",
        "spec.id": "string",
        "name": "string",
        "party.id": "string",
    },
    arrays=frozenset({"party"}),
)
OTHERS = Collection("thingManagement/v4/other", "other")


class Database(Protocol):
    """One kind of database, looked at past the store."""

    url: str
    json: Json

    def rows(self, sql: str) -> list[tuple[Any, ...]]: ...

    def plan(self, sql: str, values: Sequence[Any]) -> str:
        """How the database says it would carry out a statement."""
        ...

    def outage(self) -> Any:
        """A context in which the database takes no changes."""
        ...


@dataclass
class Sqlite:
    path: Path
    json: Json = SqliteJson()  # noqa: RUF009

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path)) as connection:
            found = connection.execute(sql).fetchall()
            connection.commit()
            return found

    def plan(self, sql: str, values: Sequence[Any]) -> str:
        with closing(sqlite3.connect(self.path)) as connection:
            return str(connection.execute(f"EXPLAIN QUERY PLAN {sql}", values).fetchall())

    @contextmanager
    def outage(self) -> Iterator[None]:
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            yield
            connection.execute("ROLLBACK")


@dataclass
class Postgres:
    url: str
    server: PostgresServer
    json: Json = PostgresJson()  # noqa: RUF009

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def plan(self, sql: str, values: Sequence[Any]) -> str:
        with psycopg.connect(self.url, cursor_factory=psycopg.RawCursor) as connection:
            connection.execute("ANALYZE")
            return str(connection.execute(f"EXPLAIN {sql}", values).fetchall())

    @contextmanager
    def outage(self) -> Iterator[None]:
        self.server.stop()
        try:
            yield
        finally:
            self.server.start()


# No query is too slow for a machine that has other things to do.
PATIENT = Limits(query_seconds=300, totals_seconds=300)


@asynccontextmanager
async def opened(
    database: Database,
    *collections: Collection,
    limits: Limits = PATIENT,
) -> AsyncIterator[Store]:
    store = await open_store(database.url, collections or (THINGS, OTHERS), limits=limits)
    try:
        yield store
    finally:
        await store.close()


def insert(document: dict[str, Any], collection: Collection = THINGS, revision: int = 1) -> Insert:
    return Insert(collection, document["id"], exact.dumps(document).decode(), revision)


def replace(
    document: dict[str, Any], seen: int, revision: int, collection: Collection = THINGS
) -> Replace:
    return Replace(collection, document["id"], exact.dumps(document).decode(), revision, seen)


async def ids(store: Store, query: Query, collection: Collection = THINGS) -> list[str]:
    """The ids of a whole list, in its order; whether it says how long it is."""
    page = await store.find(collection, query)
    found = [row[0] for row in page.rows]
    if page.more is not None:
        async for rows in page.more:
            found += [row[0] for row in rows]
    assert page.count == len(found)
    return found


async def document(store: Store, id: str, collection: Collection = THINGS) -> dict[str, Any] | None:
    row = await store.get(collection, id)
    if row is None:
        return None
    found: dict[str, Any] = exact.loads(row[1])
    return found


Parametrised = Callable[..., Any]
