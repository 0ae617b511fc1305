"""What the floor asks of a database: one table of documents, and no more than it needs."""

from __future__ import annotations

from typing import Protocol, TypeAlias

INDEXED = ("status", "usageDate", "usageType", "usageSpecification.id")

# (document, revision)
Row: TypeAlias = tuple[str, int]


class Store(Protocol):
    """A table of documents in insertion order, found by id and by status."""

    async def open(self) -> None: ...
    async def close(self) -> None: ...
    async def get(self, id: str) -> Row | None: ...
    async def page(self, status: str | None, limit: int, offset: int) -> tuple[int, list[str]]: ...
    async def insert(self, id: str, document: str, revision: int) -> None: ...
    async def replace(self, id: str, document: str, revision: int, seen: int) -> bool: ...
