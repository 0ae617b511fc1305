"""The hub (TMF630 10): who is told of changes; and what other parties' hubs tell us."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import orjson
from uuid_utils import uuid7

from tmfserver.errors import ListenersChanged, NotFound
from tmfserver.query.parse import parse
from tmfserver.repository import Listener, Listeners, Receive, Store, Subscribe, Unsubscribe


class Hub:
    """The listeners of one API, by its base path."""

    def __init__(self, api: str, store: Store) -> None:
        self._api, self._store = api, store

    async def subscribe(self, callback: str, query: str) -> Listener:
        """Raises BadQuery for a query that means nothing (TMF630 10: the grammar of GET), and
        AlreadySubscribed when this callback and query stand already."""
        parse(query, {})
        listener = Listener(str(uuid7()), self._api, callback, query)
        await self._store.commit([Subscribe(listener)])
        return listener

    async def find(self, id: str) -> Listener:
        for listener in (await self._fresh()).all:
            if listener.id == id and listener.api == self._api:
                return listener
        raise NotFound(resource="listener", id=id)

    async def _fresh(self) -> Listeners:
        """The listeners as they are now, whichever process registered them."""
        known = await self._store.listeners()
        with suppress(ListenersChanged):
            await self._store.commit([], known.version)
        return await self._store.listeners()

    async def unsubscribe(self, id: str) -> None:
        await self._store.commit([Unsubscribe(self._api, id)])

    async def receive(self, event: str, notification: Mapping[str, Any]) -> str:
        """Keeps what another party's hub sent, once per eventId; gives the id it is kept under."""
        given = notification.get("eventId")
        id = given if isinstance(given, str) and given.strip() else str(uuid7())
        text = orjson.dumps(dict(notification)).decode()
        await self._store.commit([Receive(self._api, id, event, text)])
        return id
