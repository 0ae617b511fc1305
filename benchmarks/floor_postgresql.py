"""The floor on PostgreSQL: psycopg's own prepared statements, reads and creates gathered."""

from __future__ import annotations

import asyncio
from typing import Any, TypeAlias

from psycopg import AsyncConnection, Error
from psycopg_pool import AsyncConnectionPool

from benchmarks.floor_store import INDEXED, Row

Found: TypeAlias = asyncio.Future[Row | None]
# (document, revision, when it is in)
Insert: TypeAlias = tuple[str, int, asyncio.Future[None]]


class PostgresqlStore:
    """Reads by id of one loop tick share a statement; so do creates that queue up meanwhile."""

    _GET = "SELECT id, document::text, revision FROM usage WHERE id = ANY(%s)"
    _INSERT = (
        "INSERT INTO usage (id, document, revision)"
        " SELECT document ->> 'id', document, %s FROM jsonb_array_elements(%s::jsonb) AS document"
    )
    _REPLACE = (
        "UPDATE usage SET document = %s::jsonb, revision = %s WHERE id = %s AND revision = %s"
    )
    _PAGE = (
        "SELECT (SELECT count(*) FROM usage), document::text FROM usage"
        " ORDER BY seq LIMIT %s OFFSET %s"
    )
    _PAGE_OF = (
        "SELECT (SELECT count(*) FROM usage WHERE document ->> 'status' = %s), document::text"
        " FROM usage WHERE document ->> 'status' = %s ORDER BY seq LIMIT %s OFFSET %s"
    )

    def __init__(self, database: str) -> None:
        self._pool = AsyncConnectionPool(
            database,
            min_size=8,
            max_size=8,
            open=False,
            kwargs={"autocommit": True, "prepare_threshold": 0},
        )
        self._gets: dict[str, list[Found]] = {}
        self._inserts: list[Insert] = []
        self._reading: set[asyncio.Task[None]] = set()
        self._inserting: asyncio.Task[None] | None = None

    async def open(self) -> None:
        await self._pool.open(wait=True)
        async with self._pool.connection() as connection:
            await self._create(connection)

    @staticmethod
    async def _create(connection: AsyncConnection[Any]) -> None:
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS usage (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
            " id text NOT NULL UNIQUE, document jsonb NOT NULL, revision bigint NOT NULL)"
        )
        for number, path in enumerate(INDEXED):
            *outer, name = path.split(".")
            value = "".join(f" -> '{part}'" for part in outer) + f" ->> '{name}'"
            await connection.execute(
                f"CREATE INDEX IF NOT EXISTS usage_{number} ON usage ((document{value}), seq)"
            )

    async def close(self) -> None:
        await self._pool.close()

    async def get(self, id: str) -> Row | None:
        found: Found = asyncio.get_running_loop().create_future()
        if not self._gets:
            asyncio.get_running_loop().call_soon(self._read)
        self._gets.setdefault(id, []).append(found)
        return await found

    def _read(self) -> None:
        asked, self._gets = self._gets, {}
        task = asyncio.get_running_loop().create_task(self._get_gathered(asked))
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)

    async def _get_gathered(self, asked: dict[str, list[Found]]) -> None:
        try:
            async with self._pool.connection() as connection:
                rows = await (await connection.execute(self._GET, (list(asked),))).fetchall()
        except Error as failure:
            for waiting in asked.values():
                for found in waiting:
                    found.set_exception(failure)
            return
        for id, document, revision in rows:
            for found in asked.pop(id):
                found.set_result((document, revision))
        for missing in asked.values():
            for found in missing:
                found.set_result(None)

    async def page(self, status: str | None, limit: int, offset: int) -> tuple[int, list[str]]:
        statement = self._PAGE if status is None else self._PAGE_OF
        values = (limit, offset) if status is None else (status, status, limit, offset)
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(statement, values)).fetchall()
        return (rows[0][0] if rows else 0), [text for _, text in rows]

    async def insert(self, id: str, document: str, revision: int) -> None:
        del id  # the document holds it
        loop = asyncio.get_running_loop()
        inserted: asyncio.Future[None] = loop.create_future()
        self._inserts.append((document, revision, inserted))
        if self._inserting is None:
            self._inserting = loop.create_task(self._insert_gathered())
        await inserted

    async def _insert_gathered(self) -> None:
        while self._inserts:
            batch, self._inserts = self._inserts, []
            documents = "[" + ",".join([document for document, _, _ in batch]) + "]"
            try:
                async with self._pool.connection() as connection:
                    await connection.execute(self._INSERT, (batch[-1][1], documents))
            except Error as failure:
                for _, _, inserted in batch:
                    inserted.set_exception(failure)
                continue
            for _, _, inserted in batch:
                inserted.set_result(None)
        self._inserting = None

    async def replace(self, id: str, document: str, revision: int, seen: int) -> bool:
        async with self._pool.connection() as connection:
            changed = await connection.execute(self._REPLACE, (document, revision, id, seen))
        return changed.rowcount == 1
