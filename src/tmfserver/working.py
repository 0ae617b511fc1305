"""Has jobs carried out beside a server, in a process of its own: started when there are jobs."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import fields

from tmfserver.settings import Settings, variable

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0  # between two looks for jobs that others entered, or left
CLOSING_SECONDS = 10.0
WORKER = "-P", "-m", "tmfserver.job_process"


class Working:
    """has_jobs: whether there are jobs that nobody works on."""

    def __init__(self, settings: Settings, has_jobs: Callable[[], Awaitable[bool]]) -> None:
        self._settings, self._has_jobs = settings, has_jobs
        self._entered = asyncio.Event()
        self._process: Process | None = None
        self._task = asyncio.create_task(self._work())

    def wake(self) -> None:
        """There is a new job."""
        self._entered.set()

    async def stop(self) -> None:
        """What is under way is given back, for others or for later."""
        self._task.cancel()
        await asyncio.wait([self._task])
        if self._process is None or self._process.returncode is not None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(CLOSING_SECONDS):
                await self._process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    async def _work(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._entered.wait(), LOOK_SECONDS)
            self._entered.clear()
            try:
                if await self._has_jobs():
                    await self._run()
            except Exception as failure:  # noqa: BLE001 - a database comes back, most often
                log.warning("Jobs cannot be carried out: %s", failure)
                await asyncio.sleep(LOOK_SECONDS)

    async def _run(self) -> None:
        """Returns when the process has ended; as long as there are jobs, it does not."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, *WORKER, stdin=PIPE, env=environment(self._settings)
        )
        code = await self._process.wait()
        if code:
            log.warning("The process for jobs ended with exit code %d.", code)
            await asyncio.sleep(LOOK_SECONDS)


def environment(settings: Settings) -> dict[str, str]:
    """This process's, with the settings in it."""
    found = dict(os.environ)
    for entry in fields(Settings):
        value = getattr(settings, entry.name)
        text = os.pathsep.join(value) if entry.name == "specs" else str(value)
        if text:
            found[variable(entry.name)] = text
        else:
            found.pop(variable(entry.name), None)
    return found
