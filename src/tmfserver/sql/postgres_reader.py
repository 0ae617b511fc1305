"""Lists from PostgreSQL: a page is read from the server no further than it is sent on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from functools import partial
from typing import TypeAlias

from tmfserver.query.ast import Query
from tmfserver.repository import Page, Row
from tmfserver.sql.dialects import Bound
from tmfserver.sql.postgres_pool import FAILURES, Connection, Connections
from tmfserver.sql.statements import Plan

BATCH_SIZE = 256 * 1024  # characters of documents that are held at once
CHUNK = 32  # rows that come from the server at a time

# Rows of (total, id, document, revision); one without id for an empty page.
_Stream: TypeAlias = AsyncGenerator[tuple[int, str, str, int]]


class Pages:
    """Opens pages; at most half of the connections are lent to them, for some clients are slow."""

    def __init__(self, connections: Connections, pool_size: int) -> None:
        self._connections = connections
        self.explain = connections.explain
        self._places = asyncio.Semaphore(max(1, pool_size // 2))

    async def find(self, plan: Plan, values: Sequence[Bound], query: Query) -> Page:
        await self._places.acquire()
        page = None
        try:
            work = self._count if query.limit == 0 else self._open
            page = await self._connections.read(
                partial(work, plan, values, query), keep=lambda page: page.more is not None
            )
        finally:
            if page is None or page.more is None:
                self._places.release()
        return page

    async def give_back(self, connection: Connection) -> None:
        self._places.release()
        await self._connections.give_back(connection)

    async def _count(
        self, plan: Plan, values: Sequence[Bound], query: Query, connection: Connection
    ) -> Page:
        del query
        cursor = await connection.execute(plan.total.sql, plan.total.bind(values))
        return Page((await cursor.fetchall())[0][0], 0, [])

    async def _open(
        self, plan: Plan, values: Sequence[Bound], query: Query, connection: Connection
    ) -> Page:
        stream: _Stream = connection.cursor().stream(  # type: ignore[assignment]
            plan.both.sql, plan.both.bind(values), size=CHUNK
        )
        total, id, document, revision = await anext(stream)
        count = max(0, min(query.limit, total - query.offset))
        rows: list[Row] = [] if id is None else [(id, document, revision)]
        rows += await take(stream, len(document or ""))
        if len(rows) < count:
            return Page(total, count, rows, Batches(self, connection, stream))
        await stream.aclose()
        return Page(total, count, rows)


async def take(stream: _Stream, size: int = 0) -> list[Row]:
    """The next rows, until their documents are BATCH_SIZE long; some are `size` long already."""
    rows: list[Row] = []
    if size >= BATCH_SIZE:
        return rows
    async for _, id, document, revision in stream:
        rows.append((id, document, revision))
        size += len(document)
        if size >= BATCH_SIZE:
            break
    return rows


class Batches:
    """What is left of a page, batch by batch; holds its moment of the database until closed."""

    def __init__(self, pages: Pages, connection: Connection, stream: _Stream) -> None:
        self._pages, self._connection, self._stream = pages, connection, stream
        self._open = True

    def __aiter__(self) -> Batches:
        return self

    async def __anext__(self) -> Sequence[Row]:
        if not self._open:
            raise StopAsyncIteration
        try:
            rows = await take(self._stream)
        except FAILURES as error:
            failure = self._pages.explain(error, self._connection)
            await self.aclose()
            raise failure from error
        if not rows:
            await self.aclose()
            raise StopAsyncIteration
        return rows

    async def aclose(self) -> None:
        """Breaks off what is still being read, and gives the connection back."""
        if not self._open:
            return
        self._open = False
        try:
            await self._stream.aclose()
        finally:
            await self._pages.give_back(self._connection)
