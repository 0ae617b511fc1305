"""A PostgreSQL database as the repository's Store."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

import psycopg
from psycopg_pool import PoolTimeout

from tmfserver.changes import Answer, Change, Collection
from tmfserver.errors import DatabaseUnreachable, Failure
from tmfserver.query.ast import Node, Query
from tmfserver.query.folding import Folded
from tmfserver.query.summing import Summing
from tmfserver.repository import Listeners, Page, Row
from tmfserver.sql.address import Address
from tmfserver.sql.engines import conninfo
from tmfserver.sql.filters import is_text
from tmfserver.sql.gather import Gather
from tmfserver.sql.limits import Limits
from tmfserver.sql.plans import Plans
from tmfserver.sql.postgres.batches import JSON, gets
from tmfserver.sql.postgres.changes import SYSTEM, has_jobs, kept, load_listeners, secret
from tmfserver.sql.postgres.outbox import PostgresOutbox
from tmfserver.sql.postgres.pool import Connection, Connections, again
from tmfserver.sql.postgres.reader import Pages
from tmfserver.sql.postgres.writer import Writer

AT_ONCE = 4  # batches of reads from one collection that are on their way

_Asked: TypeAlias = tuple[str, asyncio.Future[Row | None]]


async def open_postgres(
    address: Address, limits: Limits, collections: Mapping[str, Collection]
) -> PostgresStore:
    """Opens a database whose tables are there."""
    connections = Connections(conninfo(address), limits.pool_size)
    try:
        await connections.open()
        listeners = await connections.read(load_listeners)
    except (PoolTimeout, psycopg.Error, Failure) as error:
        await connections.close()
        raise DatabaseUnreachable(database=address.shown, problem=str(error)) from error
    return PostgresStore(connections, limits, collections, listeners)


async def open_postgres_outbox(address: Address, limits: Limits) -> PostgresOutbox:
    """Opens the deliveries alone, of a database whose tables are there."""
    connections = Connections(conninfo(address), limits.pool_size)
    try:
        await connections.open()
    except (PoolTimeout, psycopg.Error) as error:
        await connections.close()
        raise DatabaseUnreachable(database=address.shown, problem=str(error)) from error
    return PostgresOutbox(connections, closing=True)


class PostgresStore:
    """Gathers reads by id and changes of documents; lists go one by one through the pool."""

    def __init__(
        self,
        connections: Connections,
        limits: Limits,
        collections: Mapping[str, Collection],
        listeners: Listeners,
    ) -> None:
        self._connections, self._listeners = connections, listeners
        self._gets: dict[str, Gather[_Asked]] = {}
        self._plans = Plans(
            JSON, collections, total_limit=limits.total_limit, scan_limit=limits.scan_limit
        )
        self._pages = Pages(connections, limits)
        self._writer = Writer(connections, self._keep_listeners)
        self.outbox = PostgresOutbox(connections)
        self._closed = False

    async def get(self, collection: Collection, id: str) -> Row | None:
        if not is_text(id):
            return None
        gather = self._gets.get(collection.name)
        if gather is None:
            gather = Gather(partial(self._get_many, collection.name), AT_ONCE)
            self._gets[collection.name] = gather
        found: asyncio.Future[Row | None] = asyncio.get_running_loop().create_future()
        gather.add((id, found))
        return await found

    async def find(self, collection: Collection, query: Query) -> Page:
        return await self._pages.find(self._plans.ask(collection, query))

    async def count(self, collection: Collection) -> int:
        return (await self.find(collection, Query(limit=0))).total

    async def fold(self, collection: Collection, filter: Node | None, summing: Summing) -> Folded:
        return await self._pages.fold(self._plans.scan(collection, filter, summing), summing)

    async def secret(self, name: str) -> bytes:
        return await self._connections.run(partial(secret, name))

    async def kept(self, api: str, key: str) -> Answer | None:
        return await self._connections.read(partial(kept, api, key))

    async def listeners(self) -> Listeners:
        return self._listeners

    async def commit(self, changes: Sequence[Change], listeners: int | None = None) -> None:
        await self._writer.commit(changes, listeners)
        if len(changes) > 1:
            self.outbox.arrived.set()

    async def has_jobs(self) -> bool:
        return await self._connections.read(has_jobs)

    async def ping(self) -> None:
        await self._connections.read(_ping)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        await self._writer.close()
        await self._pages.close()
        await asyncio.gather(*[gather.drain() for gather in self._gets.values()])
        await self._connections.close()

    def _keep_listeners(self, listeners: Listeners) -> None:
        self._listeners = listeners

    async def _get_many(self, collection: str, asked: list[_Asked]) -> list[_Asked]:
        ids = list({id: None for id, _ in asked})
        try:
            rows = await self._connections.read(partial(_rows, collection, ids))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told to who waits
            for _, found in asked:
                if not found.done():
                    found.set_exception(again(error))
            return []
        by_id = {row[0]: row for row in rows}
        for id, found in asked:
            if not found.done():
                found.set_result(by_id.get(id))
        return []


async def _rows(collection: str, ids: list[str], connection: Connection) -> list[Any]:
    return await (await connection.execute(gets(collection).sql, (ids,))).fetchall()


async def _ping(connection: Connection) -> None:
    await connection.execute(SYSTEM.version.sql)
