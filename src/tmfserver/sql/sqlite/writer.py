"""Writing to SQLite: one thread, one connection; what has queued up is one transaction."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import SimpleQueue

from tmfserver.changes import Change
from tmfserver.errors import Unavailable
from tmfserver.repository import Listeners
from tmfserver.sql.sqlite.changes import Changes, Results, Work

MOST_AT_ONCE = 512  # change lists in one transaction


@dataclass(slots=True)
class Job:
    """A change list that waits to be written."""

    changes: Sequence[Change | Work]
    listeners: int | None
    done: asyncio.Future[None]


class Writer:
    """Queues change lists and writes all that queued up while the last transaction was written.

    `changed` is told of the listeners whenever they were found to have changed, before the change
    lists concerned are answered.
    """

    def __init__(self, changes: Changes, changed: Callable[[Listeners], None]) -> None:
        self._changes, self._changed = changes, changed
        self._loop = asyncio.get_running_loop()
        self._waiting: list[Job] = []
        self._busy = False
        self._closed = False
        self._idle: asyncio.Future[None] | None = None
        self._batches: SimpleQueue[list[Job] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="sqlite-writer", daemon=True)
        self._thread.start()

    def commit(
        self, changes: Sequence[Change | Work], listeners: int | None
    ) -> asyncio.Future[None]:
        """Done when the changes are on the disk."""
        done = self._loop.create_future()
        if self._closed:
            done.set_exception(Unavailable(problem="the server is shutting down"))
            return done
        self._waiting.append(Job(changes, listeners, done))
        if not self._busy:
            self._busy = True
            # Later in this round of the loop, so that all that is asked for now goes together.
            self._loop.call_soon(self._next)
        return done

    async def close(self) -> None:
        """Writes what is queued, then ends the thread."""
        self._closed = True
        if self._busy:
            self._idle = self._loop.create_future()
            await self._idle
        self._batches.put(None)
        await asyncio.to_thread(self._thread.join)

    def _next(self) -> None:
        jobs, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
        if jobs:
            self._batches.put(jobs)
            return
        self._busy = False
        if self._idle is not None:
            self._idle.set_result(None)

    def _work(self) -> None:
        while (jobs := self._batches.get()) is not None:
            results = self._changes.write([(job.changes, job.listeners) for job in jobs])
            self._loop.call_soon_threadsafe(self._settle, jobs, results)

    def _settle(self, jobs: list[Job], results: Results) -> None:
        problems, listeners = results
        if listeners is not None:
            self._changed(listeners)
        for job, problem in zip(jobs, problems, strict=True):
            if job.done.done():
                continue
            if problem is None:
                job.done.set_result(None)
            else:
                job.done.set_exception(problem)
        self._next()
