"""The slow lane: a few processes of their own, started when they are first needed.

What scans a million documents takes its time in another process, with a low priority and an
interpreter of its own, so that nothing the server does meanwhile waits for it.
"""

from __future__ import annotations

import asyncio
import pickle
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from tmfserver.errors import TooSlow, Unavailable
from tmfserver.query.folding import Folded
from tmfserver.query.summing import Summing
from tmfserver.sql.aside_jobs import LENGTH, Answer, Found, Job, Opening, Refused, frame
from tmfserver.sql.aside_spool import Spooled
from tmfserver.sql.lanes import SLOW_AT_ONCE
from tmfserver.sql.plans import Asked

GRACE_SECONDS = 2.0  # past its deadline, after which a process is taken for stuck
CLOSING_SECONDS = 1.0  # for a process to end by itself
LARGE = 512 * 1024  # bytes of an answer; a page is hardly ever so large
WORKER = "-P", "-m", "tmfserver.sql.aside_worker"

_LOST = (OSError, EOFError, RuntimeError)  # a pipe's other end is gone, as asyncio and uvloop say


@dataclass(frozen=True, slots=True)
class _Lane:
    """budget: seconds that one may take; places: of those that run at a time."""

    budget: float
    places: asyncio.Semaphore

    def too_slow(self) -> TooSlow:
        return TooSlow(seconds=f"{self.budget:g}")


class Aside:
    """Hands queries to its processes, one at a time to each. Lists and totals do not wait for each
    other: one who adds a million up may take longer."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        limits, places = opening.limits, SLOW_AT_ONCE
        self._lists = _Lane(limits.query_seconds, asyncio.Semaphore(places))
        self._totals = _Lane(limits.totals_seconds, asyncio.Semaphore(places))
        self._free: list[_Child] = []
        self._children: set[_Child] = set()
        self._jobs: set[asyncio.Task[Answer]] = set()
        self._closed = False

    async def find(
        self, asked: Asked, deadline: float, known: Callable[[], int | None] = lambda: None
    ) -> Found:
        """known: how many match, if that is known when the query's turn comes.

        Raises errors.TooSlow, errors.Unavailable, errors.NotServed.
        """
        return await self._found(self._lists, lambda left: Job(asked, left, known()), deadline)

    async def fold(self, asked: Asked, summing: Summing) -> Folded:
        """Adds up what matches. Raises as `find` does."""
        deadline = time.monotonic() + self._totals.budget
        found = await self._found(
            self._totals, lambda left: Job(asked, left, None, summing), deadline
        )
        return found.folded or Folded()

    async def close(self) -> None:
        """Ends the processes; what they are at fails."""
        self._closed = True
        await asyncio.gather(*[child.end() for child in self._children])
        if self._jobs:
            await asyncio.wait(self._jobs)

    async def _found(self, lane: _Lane, make: Callable[[float], Job], deadline: float) -> Found:
        """Who waited for half of the time is refused: it would hardly end in what is left."""
        try:
            async with asyncio.timeout(deadline - lane.budget / 2 - time.monotonic()):
                await lane.places.acquire()
        except TimeoutError:
            raise lane.too_slow() from None
        # The job keeps its place until it ends, also when who asked for it is gone.
        job = asyncio.create_task(self._run(lane, make, deadline))
        self._jobs.add(job)
        job.add_done_callback(partial(self._ended, lane))
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                answer = await asyncio.shield(job)
        except TimeoutError:
            raise lane.too_slow() from None
        if isinstance(answer, Found):
            return answer
        raise answer.failure(**answer.facts) if isinstance(answer, Refused) else lane.too_slow()

    async def _run(self, lane: _Lane, make: Callable[[float], Job], deadline: float) -> Answer:
        child = None
        try:
            async with asyncio.timeout(deadline + GRACE_SECONDS - time.monotonic()):
                child = self._take() or await self._start()
                answer: Answer = await child.ask(make(deadline - time.monotonic()))
                if isinstance(answer, Found) and answer.spool:
                    more = Spooled(answer.spool)
                    answer = replace(answer, page=replace(answer.page, more=more))
        except BaseException as error:
            if child is not None:
                await self._drop(child)
            if isinstance(error, TimeoutError):
                raise lane.too_slow() from error
            if isinstance(error, _LOST):
                raise self._gone() from error
            raise
        self._free.append(child)
        return answer

    def _take(self) -> _Child | None:
        if self._closed:
            raise self._gone()
        while self._free:
            child = self._free.pop()
            if child.lives:
                return child
            self._children.discard(child)
        return None

    async def _start(self) -> _Child:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *WORKER, stdin=PIPE, stdout=PIPE
        )
        child = _Child(process, process.stdin, process.stdout)  # type: ignore[arg-type]
        self._children.add(child)
        if self._closed:
            await self._drop(child)
            raise self._gone()
        try:
            await child.ask(self._opening)
        except BaseException:
            await self._drop(child)
            raise
        return child

    async def _drop(self, child: _Child) -> None:
        child.kill()
        await child.end()
        self._children.discard(child)

    def _ended(self, lane: _Lane, job: asyncio.Task[Answer]) -> None:
        self._jobs.discard(job)
        lane.places.release()
        if not job.cancelled():
            job.exception()  # perhaps nobody waits for it any more

    def _gone(self) -> Unavailable:
        shutting = "the server is shutting down"
        return Unavailable(problem=shutting if self._closed else "a reading process ended")


class _Child:
    """A process, from the outside."""

    def __init__(
        self, process: Process, to: asyncio.StreamWriter, by: asyncio.StreamReader
    ) -> None:
        self._process, self._in, self._out = process, to, by

    @property
    def lives(self) -> bool:
        return self._process.returncode is None and not self._out.at_eof()

    async def ask(self, value: object) -> Any:
        self._in.write(frame(value))
        await self._in.drain()
        size = LENGTH.unpack(await self._out.readexactly(LENGTH.size))[0]
        body = await self._out.readexactly(size)
        if size > LARGE:  # a hundred thousand groups: the event loop has its turns meanwhile
            return await asyncio.to_thread(pickle.loads, body)
        return pickle.loads(body)  # noqa: S301 - see aside_jobs.py

    def kill(self) -> None:
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()

    async def end(self) -> None:
        """Lets it end by itself, for a while."""
        self._in.close()
        try:
            async with asyncio.timeout(CLOSING_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self.kill()
            await self._process.wait()
