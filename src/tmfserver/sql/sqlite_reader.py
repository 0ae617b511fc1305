"""Reading from SQLite: held connections, and pages that are read no further than they are sent."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar
from weakref import WeakSet

import re2

from tmfserver.errors import BadQuery, Unavailable
from tmfserver.query.ast import Query
from tmfserver.query.conditions import RE2
from tmfserver.repository import Page, Row
from tmfserver.sql.dialects import Bound
from tmfserver.sql.statements import Plan

BATCH_SIZE = 256 * 1024  # characters of documents that are held at once
BUSY_SECONDS = 10.0
CACHE = 32 * 1024
CACHE_OF_READERS = 4 * 1024  # KiB each; the operating system keeps what they share

T = TypeVar("T")


def connect(path: str, *, writes: bool, cache: int = CACHE) -> sqlite3.Connection:
    """A connection for one thread at a time; without `writes` it refuses to write.

    cache: KiB of the file that the connection keeps in memory.
    """
    connection = sqlite3.connect(
        path,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=512,
    )
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA cache_size = -{cache}")
    if not writes:
        connection.execute("PRAGMA query_only = ON")
        connection.create_function("regexp", 2, _regexp, deterministic=True)
    return connection


@contextmanager
def answering() -> Iterator[None]:
    """Turns the driver's failures into errors.Unavailable."""
    try:
        yield
    except sqlite3.Error as error:
        raise Unavailable(problem=str(error)) from error


class Opened(NamedTuple):
    """A page of `here` rows, as far as it was read; `cursor` goes on, in the open transaction."""

    total: int
    here: int
    rows: list[Row]
    cursor: sqlite3.Cursor | None


def open_page(
    connection: sqlite3.Connection,
    plan: Plan,
    values: Sequence[Bound],
    query: Query,
    total: Callable[[sqlite3.Connection], int] | None = None,
) -> Opened:
    """Reads a page's first rows and the total, of one moment. `total` may know a quicker count."""

    def count() -> int:
        if total is not None:
            return total(connection)
        found: int = connection.execute(plan.total.sql, plan.total.bind(values)).fetchone()[0]
        return found

    connection.execute("BEGIN")
    try:
        page = _read(connection, plan, values, query, count)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    if page.cursor is None:
        connection.execute("COMMIT")
    return page


def _read(
    connection: sqlite3.Connection,
    plan: Plan,
    values: Sequence[Bound],
    query: Query,
    count: Callable[[], int],
) -> Opened:
    if query.limit == 0:
        return Opened(count(), 0, [], None)
    cursor = connection.execute(plan.page.sql, plan.page.bind(values))
    rows, ended = take(cursor)
    if ended and len(rows) < query.limit and (rows or query.offset == 0):
        return Opened(query.offset + len(rows), len(rows), rows, None)
    total = count()
    here = max(0, min(query.limit, total - query.offset))
    if len(rows) < here:
        return Opened(total, here, rows, cursor)
    cursor.close()
    return Opened(total, here, rows, None)


def take(cursor: sqlite3.Cursor) -> tuple[list[Row], bool]:
    """The next rows, until their documents are BATCH_SIZE long together; and if these were all."""
    rows: list[Row] = []
    size = 0
    for row in cursor:
        rows.append(row)
        size += len(row[1])
        if size >= BATCH_SIZE:
            return rows, False
    return rows, True


class Readers:
    """Threads with connections of their own, for reads that would hold up the event loop."""

    def __init__(self, path: str, most: int) -> None:
        self._path, self._most = path, most
        self._threads = ThreadPoolExecutor(most, thread_name_prefix="sqlite-reader")
        self._free: list[sqlite3.Connection] = []
        self._unfinished: WeakSet[Batches] = WeakSet()
        # Pages on their way to slow clients hold a connection, but no thread.
        self._places = asyncio.Semaphore(most * 8)
        self._closed = False

    async def find(self, plan: Plan, values: Sequence[Bound], query: Query) -> Page:
        if self._closed:
            raise Unavailable(problem="the server is shutting down")
        await self._places.acquire()
        try:
            connection = self._free.pop() if self._free else self._connect()
        except BaseException:
            self._places.release()
            raise
        opened = self.run(open_page, connection, plan, values, query)
        try:
            page = await asyncio.shield(opened)
        except asyncio.CancelledError:
            opened.add_done_callback(lambda done: self._abandon(connection, done))
            raise
        except BaseException:
            self.release(connection)
            raise
        if page.cursor is None:
            self.release(connection)
            return Page(page.total, page.here, page.rows)
        more = Batches(self, connection, page.cursor)
        self._unfinished.add(more)
        return Page(page.total, page.here, page.rows, more)

    def _connect(self) -> sqlite3.Connection:
        return connect(self._path, writes=False, cache=CACHE_OF_READERS)

    def run(self, work: Callable[..., T], *arguments: Any) -> asyncio.Future[T]:
        return asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    def end(
        self,
        connection: sqlite3.Connection,
        cursor: sqlite3.Cursor,
        reading: asyncio.Future[Any] | None = None,
    ) -> None:
        """Ends a page and takes its connection back, once a thread that reads on it is done."""
        if reading is not None and not reading.done():
            reading.add_done_callback(lambda _done: self.end(connection, cursor))
            return
        cursor.close()
        connection.execute("ROLLBACK")
        self.release(connection)

    def release(self, connection: sqlite3.Connection) -> None:
        self._places.release()
        if self._closed or len(self._free) >= self._most:
            connection.close()
        else:
            self._free.append(connection)

    def _abandon(self, connection: sqlite3.Connection, opened: asyncio.Future[Opened]) -> None:
        done = not opened.cancelled() and opened.exception() is None
        cursor = opened.result().cursor if done else None
        if cursor is None:
            self.release(connection)
        else:
            self.end(connection, cursor)

    async def close(self) -> None:
        """Waits for what the threads are at; pages not yet read to their end break off."""
        self._closed = True
        for batches in list(self._unfinished):
            await batches.break_off()
        await asyncio.to_thread(self._threads.shutdown)
        while self._free:
            self._free.pop().close()


class Batches:
    """What is left of a page, batch by batch; holds its moment of the database until closed."""

    def __init__(
        self, readers: Readers, connection: sqlite3.Connection, cursor: sqlite3.Cursor
    ) -> None:
        self._readers, self._connection, self._cursor = readers, connection, cursor
        self._reading: asyncio.Future[tuple[list[Row], bool]] | None = None
        self._loop = asyncio.get_running_loop()
        self._open = True
        self._broken_off = False

    def __aiter__(self) -> Batches:
        return self

    async def __anext__(self) -> Sequence[Row]:
        if self._broken_off:
            raise Unavailable(problem="the server is shutting down")
        if not self._open:
            raise StopAsyncIteration
        self._reading = self._readers.run(take, self._cursor)
        try:
            rows, ended = await asyncio.shield(self._reading)
        except sqlite3.Error as error:
            await self.aclose()
            raise Unavailable(problem=str(error)) from error
        if ended:
            await self.aclose()
            if not rows:
                raise StopAsyncIteration
        return rows

    async def aclose(self) -> None:
        """Ends the page, read to its end or not."""
        if not self._open:
            return
        self._open = False
        self._readers.end(self._connection, self._cursor, self._reading)

    async def break_off(self) -> None:
        """Ends the page before its end; who reads on is told so."""
        self._broken_off = True
        await self.aclose()

    def __del__(self) -> None:
        # Somebody forgot to close it; a reader that stays open keeps the file from shrinking.
        if self._open and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(
                self._readers.end, self._connection, self._cursor, self._reading
            )


def _regexp(pattern: str, value: str | None) -> bool:
    return value is not None and _compiled(pattern).search(value) is not None


@lru_cache(maxsize=128)
def _compiled(pattern: str) -> Any:
    try:
        return re2.compile(pattern, RE2)
    except re2.error as error:
        raise BadQuery(parameter="regex", came=f"'{pattern}'", expected="an RE2 regex") from error
