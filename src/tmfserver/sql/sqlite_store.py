"""A SQLite file as the repository's Store."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from tmfserver.errors import DatabaseUnreachable, Unavailable
from tmfserver.query.ast import Comparison, Node, Or, Query
from tmfserver.repository import Change, Collection, Listeners, Page, Row
from tmfserver.sql.address import Address
from tmfserver.sql.sqlite_changes import JSON, SYSTEM, Changes
from tmfserver.sql.sqlite_reader import Readers, answering, connect, open_page
from tmfserver.sql.sqlite_writer import Writer
from tmfserver.sql.statements import Documents, Plans, document_statements

# What is read on the event loop itself, for a thread would cost more than the reading.
MOST_INLINE = 1_000  # rows of a page
MOST_SKIPPED_INLINE = 10_000  # rows up to a page's end
MOST_COUNTED_INLINE = 200_000  # rows of a table


async def open_sqlite(address: Address, pool_size: int) -> SqliteStore:
    """Opens a file whose tables are there."""
    try:
        return SqliteStore(address.place, pool_size)
    except sqlite3.Error as error:
        raise DatabaseUnreachable(database=address.shown, problem=str(error)) from error


class SqliteStore:
    """Reads cheap things on the event loop, others in threads; one thread writes."""

    def __init__(self, path: str, pool_size: int) -> None:
        self._reader = connect(path, writes=False)
        self._writing = connect(path, writes=True)
        changes = Changes(self._writing)
        self._listeners = changes.listeners()
        self._readers = Readers(path, pool_size)
        self._writer = Writer(changes, self._keep_listeners)
        self._plans = Plans(JSON)
        self._documents: dict[str, Documents] = {}
        # By collection: a number that SQLite changes with each commit, and the count at that time.
        self._counted: dict[str, tuple[int, int]] = {}
        self._closed = False

    async def get(self, collection: Collection, id: str) -> Row | None:
        try:
            sql = self._documents[collection.name].get.sql
        except KeyError:
            sql = self._statements(collection).get.sql
        try:
            row: Row | None = self._reader.execute(sql, (id,)).fetchone()
        except UnicodeError:
            return None
        except sqlite3.Error as error:
            raise Unavailable(problem=str(error)) from error
        return row

    async def find(self, collection: Collection, query: Query) -> Page:
        plan, values = self._plans.plan(collection, query)
        if self._is_cheap(collection, query):
            total = None
            if query.filter is None:
                total = lambda connection: self._count(connection, collection)  # noqa: E731
            try:
                page = open_page(self._reader, plan, values, query, total)
                if page.cursor is None:
                    return Page(page.total, page.here, page.rows)
                page.cursor.close()
                self._reader.execute("ROLLBACK")
            except sqlite3.Error as error:
                raise Unavailable(problem=str(error)) from error
        with answering():
            return await self._readers.find(plan, values, query)

    async def count(self, collection: Collection) -> int:
        return (await self.find(collection, Query(limit=0))).total

    async def listeners(self) -> Listeners:
        return self._listeners

    async def commit(self, changes: Sequence[Change], listeners: int | None = None) -> None:
        await self._writer.commit(changes, listeners)

    async def ping(self) -> None:
        with answering():
            self._reader.execute(SYSTEM.version.sql).fetchone()

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        await self._writer.close()
        await self._readers.close()
        self._reader.close()
        self._writing.close()

    def _keep_listeners(self, listeners: Listeners) -> None:
        self._listeners = listeners

    def _statements(self, collection: Collection) -> Documents:
        made = self._documents[collection.name] = document_statements(collection.name, JSON)
        return made

    def _is_cheap(self, collection: Collection, query: Query) -> bool:
        if query.sort or query.limit > MOST_INLINE:
            return False
        if query.filter is not None:
            return _asks_for_ids(query.filter)
        known = self._counted.get(collection.name)
        return query.offset + query.limit <= MOST_SKIPPED_INLINE and (
            known is None or known[1] <= MOST_COUNTED_INLINE
        )

    def _count(self, connection: sqlite3.Connection, collection: Collection) -> int:
        """All documents, counted anew only when something was committed since."""
        moment: int = connection.execute("PRAGMA data_version").fetchone()[0]
        known = self._counted.get(collection.name)
        if known is not None and known[0] == moment:
            return known[1]
        statements = self._documents.get(collection.name) or self._statements(collection)
        count: int = connection.execute(statements.total.sql).fetchone()[0]
        self._counted[collection.name] = moment, count
        return count


def _asks_for_ids(node: Node) -> bool:
    match node:
        case Comparison(("id",), "eq"):
            return True
        case Or(parts):
            return all(map(_asks_for_ids, parts))
    return False
