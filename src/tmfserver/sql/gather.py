"""Collects what many requests ask for while earlier batches are on their way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

E = TypeVar("E")

MOST_ROWS = 256  # in one batch
CROWD = 32  # waiting entries that are worth a batch of their own while others are on their way


class Gather(Generic[E]):
    """Hands entries to `run` in batches: those of one round of the event loop go together, and
    while a batch is on its way the next one grows; a crowd does not wait for it.

    run: settles every entry of its batch, whatever goes wrong; it returns those that it would
    rather have in the next batch.
    """

    def __init__(self, run: Callable[[list[E]], Awaitable[list[E]]], at_once: int) -> None:
        self._run, self._at_once = run, at_once
        self._waiting: list[E] = []
        self._scheduled = False
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, entry: E) -> None:
        self._waiting.append(entry)
        if not self._scheduled and self._may_start():
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._start)

    async def drain(self) -> None:
        """Returns when all that was added is settled."""
        while self._waiting or self._tasks:
            if self._tasks:
                await asyncio.wait(self._tasks)
            await asyncio.sleep(0)

    def _may_start(self) -> bool:
        if not self._tasks:
            return bool(self._waiting)
        return len(self._waiting) >= CROWD and len(self._tasks) < self._at_once

    def _start(self) -> None:
        self._scheduled = False
        while self._may_start():
            batch, self._waiting = self._waiting[:MOST_ROWS], self._waiting[MOST_ROWS:]
            task = asyncio.get_running_loop().create_task(self._carry(batch))
            self._tasks.add(task)
            task.add_done_callback(self._end)

    async def _carry(self, batch: list[E]) -> None:
        self._waiting = await self._run(batch) + self._waiting

    def _end(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._start()
