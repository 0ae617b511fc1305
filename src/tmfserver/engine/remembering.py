"""A store as one import sees it: what its documents refer to is read once."""

from __future__ import annotations

import time
from typing import Any

from tmfserver.changes import Collection
from tmfserver.query.ast import Query
from tmfserver.repository import Page, Row, Store

MOST = 10_000  # rows that are remembered
SECONDS = 1.0  # for which they are


class Remembering:
    """Answers `get` from memory for a moment: a million records have few specifications."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rows: dict[tuple[str, str], Row | None] = {}
        self._until = 0.0

    async def get(self, collection: Collection, id: str) -> Row | None:
        now = time.monotonic()
        if now > self._until or len(self._rows) >= MOST:
            self._rows.clear()
            self._until = now + SECONDS
        key = collection.name, id
        if key not in self._rows:
            self._rows[key] = await self._store.get(collection, id)
        return self._rows[key]

    async def find(self, collection: Collection, query: Query) -> Page:
        return await self._store.find(collection, query)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)
