"""What people ask about deliveries, on either database."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from sqlalchemy import ClauseElement

from tmfserver.deliveries import Delivery, Health, Hour, Received, Told, Wanted
from tmfserver.sql import outbox


class Lists(ABC):
    """The part of deliveries.Outbox that only reads."""

    @abstractmethod
    async def _rows(self, statement: ClauseElement) -> list[Any]: ...

    async def find(
        self, wanted: Wanted, limit: int, before: tuple[int, str] | None = None
    ) -> list[Delivery]:
        return [Delivery(*row) for row in await self._rows(outbox.found(wanted, limit, before))]

    async def listeners(self) -> list[Health]:
        return [Health(*row) for row in await self._rows(outbox.health())]

    async def hours(self, since: int) -> list[Hour]:
        return [Hour(*row) for row in await self._rows(outbox.hours(since))]

    async def event(self, id: str) -> Told | None:
        return next((Told(*row) for row in await self._rows(outbox.told(id))), None)

    async def received(self, limit: int) -> list[Received]:
        return [Received(*row) for row in await self._rows(outbox.inbox(limit))]
