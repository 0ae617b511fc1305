"""Reading from SQLite what would hold up the event loop: in threads, or aside."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path as File
from typing import Any
from weakref import WeakSet

from tmfserver.errors import TooSlow, Unavailable
from tmfserver.query.folding import Folded
from tmfserver.query.summing import Summing
from tmfserver.repository import Page, Row
from tmfserver.sql.aside import Aside
from tmfserver.sql.aside_jobs import Opening
from tmfserver.sql.lanes import SLOW, Late, lane, move, quick_seconds
from tmfserver.sql.limits import Limits
from tmfserver.sql.plans import Asked
from tmfserver.sql.sqlite.connection import CACHE_OF_READERS, Reader, explained
from tmfserver.sql.sqlite.pages import Opened, open_page, sift, take
from tmfserver.sql.totals import Total


class Readers:
    """A few threads, each reading with a connection of its own, and processes for what is slow:
    see lanes.py."""

    def __init__(self, path: str, limits: Limits) -> None:
        self._path, self._limits = path, limits
        most = limits.pool_size
        self._threads = ThreadPoolExecutor(most, thread_name_prefix="sqlite-quick")
        self._turns = asyncio.Semaphore(most)
        self._aside = Aside(Opening("sqlite", str(File(path).absolute()), limits))
        self._free: list[Reader] = []
        self._unfinished: WeakSet[Batches] = WeakSet()
        # Pages on their way to slow clients hold a connection, but no thread.
        self._places = asyncio.Semaphore(most * 8)
        self._closed = False

    async def find(self, asked: Asked, count: Total) -> Page:
        """Raises errors.TooSlow, errors.Unavailable, errors.NotServed."""
        deadline = time.monotonic() + self._limits.query_seconds
        if lane(asked.plan) < SLOW:
            try:
                page = await self._find_quick(asked, count, deadline)
            except Late:
                move(asked.plan, SLOW)
            except TimeoutError:
                raise TooSlow(seconds=f"{self._limits.query_seconds:g}") from None
            else:
                if page is not None:
                    return page
        found = await self._aside.find(asked, deadline, count.known_now)
        if found.total is not None:
            count.keep(found.total)
        return found.page

    async def fold(self, asked: Asked, summing: Summing) -> Folded:
        """Raises errors.TooSlow, errors.Unavailable, errors.NotServed, errors.BadQuery."""
        return await self._aside.fold(asked, summing)

    async def _find_quick(self, asked: Asked, count: Total, deadline: float) -> Page | None:
        """None if others found out that it is slow, while it waited. Raises Late, TimeoutError."""
        # A connection is lent to who has a thread to read with, not to all who wait for one.
        async with asyncio.timeout(deadline - time.monotonic()):
            await self._turns.acquire()
        try:
            if lane(asked.plan) == SLOW:
                return None
            async with asyncio.timeout(deadline - time.monotonic()):
                return await self._find(asked, count)
        finally:
            self._turns.release()

    async def _find(self, asked: Asked, count: Total) -> Page:
        reader = await self._lend()
        job = self._threads.submit(self._read, reader, asked, count)
        work = asyncio.wrap_future(job)
        try:
            opened = await asyncio.shield(work)
        except asyncio.CancelledError:
            if job.cancel():  # it had not begun
                self.release(reader)
            else:
                reader.stop()
                work.add_done_callback(lambda done: self._abandon(reader, done))
            raise
        except BaseException:
            self.release(reader)
            raise
        if opened.cursor is None:
            self.release(reader)
            return opened.page
        more = Batches(self, reader, opened.cursor, opened.left)
        self._unfinished.add(more)
        return replace(opened.page, more=more)

    def _read(self, reader: Reader, asked: Asked, count: Total) -> Opened:
        reader.begin(time.monotonic() + quick_seconds(asked))
        try:
            if asked.is_exact:
                return open_page(reader, asked, count, self._limits.total_limit)
            return Opened(sift(reader, asked, self._limits.scan_limit))
        except sqlite3.Error as error:
            raise explained(error) from error

    async def _lend(self) -> Reader:
        await self._places.acquire()
        if self._closed:
            self._places.release()
            raise Unavailable(problem="the server is shutting down")
        try:
            return self._free.pop() if self._free else Reader(self._path, CACHE_OF_READERS)
        except BaseException:
            self._places.release()
            raise

    def take(
        self, reader: Reader, cursor: sqlite3.Cursor, left: int
    ) -> asyncio.Future[tuple[list[Row], bool]]:
        reader.begin(time.monotonic() + self._limits.query_seconds)
        return asyncio.get_running_loop().run_in_executor(self._threads, take, cursor, left)

    def end(
        self, reader: Reader, cursor: sqlite3.Cursor, reading: asyncio.Future[Any] | None = None
    ) -> None:
        """Ends a page and takes its connection back, once a thread that reads on it is done."""
        if reading is not None and not reading.done():
            reading.add_done_callback(lambda _done: self.end(reader, cursor))
            return
        cursor.close()
        reader.undo()
        self.release(reader)

    def release(self, reader: Reader) -> None:
        self._places.release()
        if reader.is_busy or self._closed or len(self._free) >= self._limits.pool_size:
            reader.close()
        else:
            self._free.append(reader)

    def _abandon(self, reader: Reader, opened: asyncio.Future[Opened]) -> None:
        done = not opened.cancelled() and opened.exception() is None
        cursor = opened.result().cursor if done else None
        if cursor is None:
            self.release(reader)
        else:
            self.end(reader, cursor)

    async def close(self) -> None:
        """Waits for what the threads are at; pages not yet read to their end break off."""
        self._closed = True
        for batches in list(self._unfinished):
            await batches.break_off()
        await self._aside.close()
        await asyncio.to_thread(self._threads.shutdown)
        while self._free:
            self._free.pop().close()


class Batches:
    """What is left of a page, batch by batch; holds its moment of the database until closed."""

    def __init__(self, readers: Readers, reader: Reader, cursor: sqlite3.Cursor, left: int) -> None:
        self._readers, self._reader, self._cursor, self._left = readers, reader, cursor, left
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
        self._reading = self._readers.take(self._reader, self._cursor, self._left)
        try:
            rows, ended = await asyncio.shield(self._reading)
        except sqlite3.Error as error:
            await self.aclose()
            raise Unavailable(problem=str(error)) from error
        self._left -= len(rows)
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
        self._readers.end(self._reader, self._cursor, self._reading)

    async def break_off(self) -> None:
        """Ends the page before its end; who reads on is told so."""
        self._broken_off = True
        await self.aclose()

    def __del__(self) -> None:
        # Somebody forgot to close it; a reader that stays open keeps the file from shrinking.
        if self._open and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(
                self._readers.end, self._reader, self._cursor, self._reading
            )
