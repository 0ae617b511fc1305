"""Reading from SQLite: held connections, and pages that are read no further than they are sent."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

import re2

from tmfserver.errors import BadQuery, Unavailable
from tmfserver.query.ast import Query
from tmfserver.query.conditions import RE2
from tmfserver.repository import Page, Row
from tmfserver.sql.dialects import Bound
from tmfserver.sql.statements import Plan

BATCH_SIZE = 256 * 1024  # characters of documents that are held at once
BUSY_SECONDS = 10.0

T = TypeVar("T")


def connect(path: str, *, writes: bool) -> sqlite3.Connection:
    """A connection for one thread at a time; without `writes` it refuses to write."""
    connection = sqlite3.connect(
        path,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=512,
    )
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA cache_size = -32768")
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
        self._path = path
        self._threads = ThreadPoolExecutor(most, thread_name_prefix="sqlite-reader")
        self._free: list[sqlite3.Connection] = []
        # Pages on their way to slow clients hold a connection, but no thread.
        self._places = asyncio.Semaphore(most * 8)
        self._closed = False

    async def find(self, plan: Plan, values: Sequence[Bound], query: Query) -> Page:
        await self._places.acquire()
        try:
            connection = self._free.pop() if self._free else connect(self._path, writes=False)
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
        return Page(page.total, page.here, page.rows, more)

    def run(self, work: Callable[..., T], *arguments: Any) -> asyncio.Future[T]:
        return asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    def release(self, connection: sqlite3.Connection) -> None:
        self._places.release()
        if self._closed:
            connection.close()
        else:
            self._free.append(connection)

    def _abandon(self, connection: sqlite3.Connection, opened: asyncio.Future[Opened]) -> None:
        if not opened.cancelled() and opened.exception() is None and opened.result().cursor:
            _end(connection, opened.result().cursor)
        self.release(connection)

    def close(self) -> None:
        """Waits for what the threads are at; pages not yet read to their end break off."""
        self._closed = True
        self._threads.shutdown(wait=True, cancel_futures=True)
        while self._free:
            self._free.pop().close()


class Batches:
    """What is left of a page, batch by batch; holds its moment of the database until closed."""

    def __init__(
        self, readers: Readers, connection: sqlite3.Connection, cursor: sqlite3.Cursor
    ) -> None:
        self._readers, self._connection, self._cursor = readers, connection, cursor
        self._reading: asyncio.Future[tuple[list[Row], bool]] | None = None
        self._open = True

    def __aiter__(self) -> Batches:
        return self

    async def __anext__(self) -> Sequence[Row]:
        if not self._open:
            raise StopAsyncIteration
        with answering():
            try:
                self._reading = self._readers.run(take, self._cursor)
            except RuntimeError as error:  # the threads have been shut down
                await self.aclose()
                raise Unavailable(problem="the server is shutting down") from error
            rows, ended = await asyncio.shield(self._reading)
        if ended:
            await self.aclose()
            if not rows:
                raise StopAsyncIteration
        return rows

    async def aclose(self) -> None:
        """Gives the connection back, once a thread that still reads on it is done."""
        if not self._open:
            return
        self._open = False
        if self._reading is not None and not self._reading.done():
            self._reading.add_done_callback(lambda _done: self._finish())
        else:
            self._finish()

    def _finish(self) -> None:
        _end(self._connection, self._cursor)
        self._readers.release(self._connection)


def _end(connection: sqlite3.Connection, cursor: sqlite3.Cursor | None) -> None:
    if cursor is not None:
        cursor.close()
    connection.execute("ROLLBACK")


def _regexp(pattern: str, value: str | None) -> bool:
    return value is not None and _compiled(pattern).search(value) is not None


@lru_cache(maxsize=128)
def _compiled(pattern: str) -> Any:
    try:
        return re2.compile(pattern, RE2)
    except re2.error as error:
        raise BadQuery(parameter="regex", came=f"'{pattern}'", expected="an RE2 regex") from error
