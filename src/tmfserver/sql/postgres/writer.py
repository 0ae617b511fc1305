"""Writing to PostgreSQL: what many requests change in one collection is one statement."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from psycopg import errors as pg

from tmfserver.changes import Change, Event, Insert, Remove, Replace, Subscribe, Unsubscribe
from tmfserver.errors import (
    Failure,
    Invalid,
    ListenersChanged,
    Stale,
    Taken,
    Unavailable,
)
from tmfserver.repository import Listeners
from tmfserver.sql.gather import Gather
from tmfserver.sql.postgres.batches import Kind, changes, columns_of, entry
from tmfserver.sql.postgres.changes import carry_out, kind_of, load_listeners, refused, refused_key
from tmfserver.sql.postgres.pool import Connection, Connections, again
from tmfserver.sql.statements import now

DOCUMENT_CHANGES = (Insert, Replace, Remove)
AT_ONCE = 4  # batches of one collection that are on their way


@dataclass(slots=True)
class Entry:
    """A change of one document, that waits to be carried out; `text` says it with its events."""

    change: Insert | Replace | Remove
    text: str
    told: bool
    listeners: int | None
    done: asyncio.Future[None]

    def refuse(self, failure: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(again(failure))


class Writer:
    """Carries change lists out: one document's change with its events in batches, others alone.

    `changed` is told of the listeners whenever they were found to have changed, before the change
    lists concerned are answered.
    """

    def __init__(self, connections: Connections, changed: Callable[[Listeners], None]) -> None:
        self._connections, self._changed = connections, changed
        self._gathers: dict[tuple[Kind, str, tuple[str, ...]], Gather[Entry]] = {}
        self._closed = False

    def commit(self, asked: Sequence[Change], listeners: int | None) -> Awaitable[None]:
        """Done when the changes are on the disk."""
        if self._closed:
            raise Unavailable(problem="the server is shutting down")
        change = asked[0] if asked else None
        if isinstance(change, DOCUMENT_CHANGES):
            events = asked[1:]
            if not events or all(type(each) is Event for each in events):
                return self._gathered(change, events, listeners)  # type: ignore[arg-type]
        return self._alone(asked, listeners)

    async def close(self) -> None:
        """Carries out what is queued."""
        self._closed = True
        await asyncio.gather(*[gather.drain() for gather in self._gathers.values()])

    def _gathered(
        self, change: Insert | Replace | Remove, events: Sequence[Event], listeners: int | None
    ) -> asyncio.Future[None]:
        try:
            text = entry(change, events)
        except TypeError as error:
            raise Invalid(attribute="the document", problem=str(error)) from error
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        key = kind_of(change), change.collection.name, columns_of(change)
        gather = self._gathers.get(key)
        if gather is None:
            gather = self._gathers[key] = Gather(partial(self._flush, *key), AT_ONCE)
        gather.add(Entry(change, text, bool(events), listeners, done))
        return done

    async def _alone(self, asked: Sequence[Change], listeners: int | None) -> None:
        try:
            await self._connections.run(lambda each: carry_out(each, asked, listeners))
        except ListenersChanged:
            await self._refresh()
            raise
        except pg.UniqueViolation as error:
            raise await self._shared(asked) from error
        if any(isinstance(change, Subscribe | Unsubscribe) for change in asked):
            await self._refresh()

    async def _refresh(self) -> Listeners:
        listeners = await self._connections.read(load_listeners)
        self._changed(listeners)
        return listeners

    async def _shared(self, asked: Sequence[Change]) -> Failure:
        """Which of the changes it was that a unique index refused."""
        for change in asked:
            if isinstance(change, Insert | Replace) and columns_of(change):
                failure = await self._connections.read(partial(refused_key, change))
                if not isinstance(failure, Stale):
                    return failure
        return Stale(resource="document", id="?")

    async def _flush(
        self, kind: Kind, collection: str, keys: tuple[str, ...], entries: list[Entry]
    ) -> list[Entry]:
        """Carries out what can go together: one version of the listeners, no id twice."""
        version = entries[0].listeners
        together: dict[str, Entry] = {}
        later = []
        for each in entries:
            if each.listeners != version or each.change.id in together:
                later.append(each)
            else:
                together[each.change.id] = each
        try:
            await self._carry(kind, collection, keys, list(together.values()))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told to who waits
            for each in together.values():
                each.refuse(error)
        return later

    async def _carry(
        self, kind: Kind, collection: str, keys: tuple[str, ...], entries: list[Entry]
    ) -> None:
        try:
            done = await self._connections.run(partial(_execute, kind, collection, keys, entries))
            missing = [each for each in entries if each.change.id not in done]
            changed = missing and await self._listeners_changed(entries[0].listeners)
        except Failure as failure:
            await self._each_alone(kind, collection, keys, entries, failure)
            return
        except pg.UniqueViolation as error:
            taken: Failure = Taken(resource="event", id="?")
            if keys and len(entries) == 1 and error.diag.table_name != "event":
                taken = await self._shared([entries[0].change])
            await self._each_alone(kind, collection, keys, entries, taken)
            return
        for each in entries:
            if each.change.id in done:
                if not each.done.done():
                    each.done.set_result(None)
            elif changed:
                each.refuse(ListenersChanged())
            else:
                each.refuse(await self._refusal(each.change))

    async def _refusal(self, change: Insert | Replace | Remove) -> Failure:
        if isinstance(change, Insert) and columns_of(change):
            return await self._connections.read(partial(refused_key, change))
        return refused(change)

    async def _each_alone(
        self,
        kind: Kind,
        collection: str,
        keys: tuple[str, ...],
        entries: list[Entry],
        failure: Failure,
    ) -> None:
        """After a batch failed: one entry may have spoiled it for all."""
        if len(entries) == 1 or isinstance(failure, Unavailable):
            for each in entries:
                each.refuse(failure)
            return
        for each in entries:
            await self._carry(kind, collection, keys, [each])

    async def _listeners_changed(self, version: int | None) -> bool:
        return version is not None and (await self._refresh()).version != version


async def _execute(
    kind: Kind, collection: str, keys: tuple[str, ...], entries: list[Entry], connection: Connection
) -> set[str]:
    """The ids of the entries that were carried out."""
    told = any(each.told for each in entries)
    statement = changes(kind, collection, keys, told=told)
    array = f"[{','.join([each.text for each in entries])}]"
    version = entries[0].listeners
    values = [array, None if version is None else str(version), str(now())]
    cursor = await connection.execute(statement.sql, statement.bind(values))
    return {id for (id,) in await cursor.fetchall()}
