"""Lists from PostgreSQL: a page is read from the server no further than it is sent on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from functools import partial
from typing import TypeAlias
from weakref import WeakSet

from tmfserver.errors import Unavailable
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
        self._unfinished: WeakSet[Batches] = WeakSet()
        self._closing: set[asyncio.Task[None]] = set()

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

    async def close(self) -> None:
        """Breaks off pages not yet read to their end."""
        for batches in list(self._unfinished):
            await batches.break_off()
        if self._closing:
            await asyncio.wait(self._closing)

    async def end(self, stream: _Stream, connection: Connection) -> None:
        """Breaks off what is still being read, and gives the connection back."""
        try:
            await stream.aclose()
        finally:
            self._places.release()
            await self._connections.give_back(connection)

    def end_later(self, stream: _Stream, connection: Connection) -> None:
        task = asyncio.get_running_loop().create_task(self.end(stream, connection))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

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
            more = Batches(self, connection, stream)
            self._unfinished.add(more)
            return Page(total, count, rows, more)
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
        self._loop = asyncio.get_running_loop()
        self._open = True
        self._reading = self._broken_off = False

    def __aiter__(self) -> Batches:
        return self

    async def __anext__(self) -> Sequence[Row]:
        if self._broken_off:
            raise Unavailable(problem="the server is shutting down")
        if not self._open:
            raise StopAsyncIteration
        self._reading = True
        try:
            rows = await take(self._stream)
        except FAILURES as error:
            failure = self._pages.explain(error, self._connection)
            await self.aclose()
            raise failure from error
        finally:
            self._reading = False
        if not rows:
            await self.aclose()
            raise StopAsyncIteration
        return rows

    async def break_off(self) -> None:
        """Ends the page before its end; who reads on is told so."""
        self._broken_off = True
        if not self._reading:
            await self.aclose()

    async def aclose(self) -> None:
        """Ends the page, read to its end or not."""
        if self._open:
            self._open = False
            await self._pages.end(self._stream, self._connection)

    def __del__(self) -> None:
        # Somebody forgot to close it; the connection is too precious to be lost with it.
        if self._open and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._pages.end_later, self._stream, self._connection)
