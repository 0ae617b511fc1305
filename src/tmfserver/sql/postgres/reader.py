"""Lists from PostgreSQL: a page is read from the server no further than it is sent on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias
from weakref import WeakSet

import orjson

from tmfserver.errors import TooSlow, Unavailable
from tmfserver.query.folding import Folded
from tmfserver.query.summing import Summing
from tmfserver.repository import Page, Row
from tmfserver.sql.aside import Aside
from tmfserver.sql.aside_jobs import Opening
from tmfserver.sql.edges import made_page
from tmfserver.sql.lanes import SLOW, Late, lane, move, quick_seconds
from tmfserver.sql.limits import Limits
from tmfserver.sql.plans import Asked
from tmfserver.sql.postgres.pool import FAILURES, Connection, Connections
from tmfserver.sql.sieve import Sieve

BATCH_SIZE = 256 * 1024  # characters of documents that are held at once
CHUNK = 32  # rows that come from the server at a time
SIFTED_AT_ONCE = 64  # candidates that come, and are looked at, at a time

# Rows of (total, how many keys, the last key, id, document, revision, seq, keys ...); one without
# id for an empty page.
_Stream: TypeAlias = AsyncGenerator[tuple[Any, ...]]
_Work: TypeAlias = Callable[[Asked, Connection], Awaitable[Page]]


class Pages:
    """Opens pages; at most half of the connections are lent to them, for some clients are slow.

    A query that turns out to be slow goes aside: see lanes.py.
    """

    def __init__(self, connections: Connections, limits: Limits) -> None:
        self._connections, self._limits = connections, limits
        self.explain = connections.explain
        most = max(1, limits.pool_size // 2)
        self._places = asyncio.Semaphore(most)
        self._aside = Aside(Opening("postgresql", connections.conninfo, limits))
        self._unfinished: WeakSet[Batches] = WeakSet()
        self._closing: set[asyncio.Task[None]] = set()

    async def find(self, asked: Asked) -> Page:
        """Raises errors.TooSlow, errors.Unavailable, errors.NotServed."""
        deadline = time.monotonic() + self._limits.query_seconds
        if not asked.is_exact:
            work: _Work = self._sift
        else:
            work = self._count if asked.query.limit == 0 else self._open
        if lane(asked.plan) < SLOW:
            try:
                page = await self._find_quick(work, asked, deadline)
            except Late:
                move(asked.plan, SLOW)
            except TimeoutError:
                raise TooSlow(seconds=f"{self._limits.query_seconds:g}") from None
            else:
                if page is not None:
                    return page
        return (await self._aside.find(asked, deadline)).page

    async def fold(self, asked: Asked, summing: Summing) -> Folded:
        """Raises errors.TooSlow, errors.Unavailable, errors.NotServed, errors.BadQuery."""
        return await self._aside.fold(asked, summing)

    async def _find_quick(self, work: _Work, asked: Asked, deadline: float) -> Page | None:
        """None if others found out that it is slow, while it waited. Raises Late, TimeoutError;
        the database is told to stop then."""
        async with asyncio.timeout(deadline - time.monotonic()):
            await self._places.acquire()
        page = None
        try:
            if lane(asked.plan) == SLOW:
                return None
            async with asyncio.timeout(deadline - time.monotonic()):
                page = await self._connections.read(
                    partial(_in_time, work, asked), keep=lambda page: page.more is not None
                )
        finally:
            if page is None or page.more is None:
                self._places.release()
        return page

    async def close(self) -> None:
        """Breaks off pages not yet read to their end."""
        for batches in list(self._unfinished):
            await batches.break_off()
        await self._aside.close()
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

    async def _count(self, asked: Asked, connection: Connection) -> Page:
        total = asked.plan.total
        cursor = await connection.execute(total.sql, total.bind(asked.values))
        found: int = (await cursor.fetchall())[0][0]
        return made_page(asked.query, found, [], 0, self._limits.total_limit)

    async def _open(self, asked: Asked, connection: Connection) -> Page:
        stream = _stream(connection, asked, CHUNK)
        total, fetched, last, *row = await anext(stream)
        rows: list[Row] = [] if row[0] is None else [tuple(row)]
        rows += await take(stream, len(row[1] or ""))
        at_end = None if last is None else orjson.loads(last)
        page = made_page(asked.query, total, rows, fetched, self._limits.total_limit, at_end)
        if len(rows) < page.count:
            more = Batches(self, connection, stream)
            self._unfinished.add(more)
            return replace(page, more=more)
        await stream.aclose()
        return page

    async def _sift(self, asked: Asked, connection: Connection) -> Page:
        """The page of a query that SQL can say in part."""
        sieve = Sieve(asked, self._limits.scan_limit, time.monotonic() + quick_seconds(asked))
        stream = _stream(connection, asked, SIFTED_AT_ONCE)
        rows: list[Row] = []
        try:
            async for row in stream:
                rows.append(row)
                if len(rows) == SIFTED_AT_ONCE:
                    await asyncio.to_thread(sieve.take, rows)
                    rows = []
            sieve.take(rows)
        finally:
            await stream.aclose()
        return sieve.page()


async def _in_time(work: _Work, asked: Asked, connection: Connection) -> Page:
    try:
        async with asyncio.timeout(quick_seconds(asked)):
            return await work(asked, connection)
    except TimeoutError:
        raise Late from None


def _stream(connection: Connection, asked: Asked, chunk: int) -> _Stream:
    page = asked.plan.page
    return connection.cursor().stream(page.sql, page.bind(asked.values), size=chunk)  # type: ignore[return-value]


async def take(stream: _Stream, size: int = 0) -> list[Row]:
    """The next rows, until their documents are BATCH_SIZE long; some are `size` long already."""
    rows: list[Row] = []
    if size >= BATCH_SIZE:
        return rows
    async for _, _, _, *row in stream:
        rows.append(tuple(row))
        size += len(row[1])
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
