"""A SQLite file as the repository's Store."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping, Sequence
from math import inf

from tmfserver.changes import Answer, Change, Collection
from tmfserver.errors import DatabaseUnreachable, Unavailable
from tmfserver.query.ast import Node, Query
from tmfserver.query.folding import Folded
from tmfserver.query.summing import Summing
from tmfserver.repository import Listeners, Page, Row
from tmfserver.sql.address import Address
from tmfserver.sql.lanes import INLINE, INLINE_SECONDS, QUICK, Late, lane, move
from tmfserver.sql.limits import Limits
from tmfserver.sql.plans import Asked, Plans
from tmfserver.sql.sqlite.changes import Changes
from tmfserver.sql.sqlite.connection import Reader, answering, connect, explained
from tmfserver.sql.sqlite.outbox import SqliteOutbox
from tmfserver.sql.sqlite.pages import Count, open_page
from tmfserver.sql.sqlite.reader import Readers
from tmfserver.sql.sqlite.statements import JOBS, JSON, SYSTEM
from tmfserver.sql.sqlite.writer import Writer
from tmfserver.sql.statements import Documents, document_statements, now
from tmfserver.sql.totals import Totals

MOST_INLINE = 1_000  # rows of a page that is read on the event loop itself


async def open_sqlite(
    address: Address, limits: Limits, collections: Mapping[str, Collection]
) -> SqliteStore:
    """Opens a file whose tables are there."""
    try:
        return SqliteStore(address.place, limits, collections)
    except sqlite3.Error as error:
        raise DatabaseUnreachable(database=address.shown, problem=str(error)) from error


async def open_sqlite_outbox(address: Address) -> SqliteOutbox:
    """Opens the deliveries alone, of a file whose tables are there."""
    try:
        reader = Reader(address.place, cache=1024)
        writing = connect(address.place, writes=True)
    except sqlite3.Error as error:
        raise DatabaseUnreachable(database=address.shown, problem=str(error)) from error

    def close() -> None:
        reader.close()
        writing.close()

    writer = Writer(Changes(writing), lambda _: None)
    return SqliteOutbox(address.place, writer, reader, close)


class SqliteStore:
    """Reads quick things on the event loop, others elsewhere; one thread writes."""

    def __init__(self, path: str, limits: Limits, collections: Mapping[str, Collection]) -> None:
        self._reader = Reader(path)
        self._writing = connect(path, writes=True)
        changes = Changes(self._writing)
        self._listeners = changes.listeners()
        self._secret = changes.secret
        self._readers = Readers(path, limits)
        self._writer = Writer(changes, self._keep_listeners)
        self.outbox = SqliteOutbox(path, self._writer, self._reader)
        self._limits = limits
        self._plans = Plans(
            JSON, collections, total_limit=limits.total_limit, scan_limit=limits.scan_limit
        )
        self._documents: dict[str, Documents] = {}
        self._totals = Totals(self._reader.connection)
        self._closed = False

    async def get(self, collection: Collection, id: str) -> Row | None:
        try:
            sql = self._documents[collection.name].get.sql
        except KeyError:
            sql = self._statements(collection).get.sql
        try:
            row: Row | None = self._reader.run(sql, (id,)).fetchone()
        except UnicodeError:
            return None
        except sqlite3.Error as error:
            raise Unavailable(problem=str(error)) from error
        return row

    async def find(self, collection: Collection, query: Query) -> Page:
        asked = self._plans.ask(collection, query)
        count = self._totals.count(asked)
        if lane(asked.plan) == INLINE and asked.is_exact and query.limit <= MOST_INLINE:
            page = self._find_inline(asked, count)
            if page is not None:
                return page
        return await self._readers.find(asked, count)

    def _find_inline(self, asked: Asked, count: Count) -> Page | None:
        """None when it takes too long, or the page is too big for memory."""
        reader = self._reader
        reader.deadline = time.monotonic() + INLINE_SECONDS
        try:
            opened = open_page(reader, asked, count, self._limits.total_limit)
            if opened.cursor is None:
                return opened.page
            opened.cursor.close()
            reader.undo()
        except sqlite3.Error as error:
            problem = explained(error)
            if not isinstance(problem, Late):
                raise problem from error
            move(asked.plan, QUICK)
        finally:
            reader.deadline = inf
        return None

    async def count(self, collection: Collection) -> int:
        return (await self.find(collection, Query(limit=0))).total

    async def fold(self, collection: Collection, filter: Node | None, summing: Summing) -> Folded:
        return await self._readers.fold(self._plans.scan(collection, filter, summing), summing)

    async def secret(self, name: str) -> bytes:
        return self._secret(name)

    async def kept(self, api: str, key: str) -> Answer | None:
        with answering():
            row = self._reader.run(SYSTEM.kept.sql, (api, key)).fetchone()
        return None if row is None else Answer(*row)

    async def listeners(self) -> Listeners:
        return self._listeners

    async def commit(self, changes: Sequence[Change], listeners: int | None = None) -> None:
        await self._writer.commit(changes, listeners)
        if len(changes) > 1:
            self.outbox.arrived.set()

    async def has_jobs(self) -> bool:
        with answering():
            return self._reader.run(JOBS.look.sql, (now(),)).fetchone() is not None

    async def ping(self) -> None:
        with answering():
            self._reader.run(SYSTEM.version.sql).fetchone()

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        await self._writer.close()
        await self.outbox.close()
        await self._readers.close()
        self._reader.close()
        self._writing.close()

    def _keep_listeners(self, listeners: Listeners) -> None:
        self._listeners = listeners

    def _statements(self, collection: Collection) -> Documents:
        made = self._documents[collection.name] = document_statements(collection.name, JSON)
        return made
