"""`tmfserver` in processes that are forked from one that has loaded it: they start in no time.

For tests that kill many: what is killed has begun to work, instead of to import.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.serving import QUIET, flags, plain_environment

# What `serve` and `deliver` import in the course of their work.
LOADED = (
    "tmfserver.cli", "tmfserver.running", "tmfserver.delivering", "tmfserver.http.protocol",
    "tmfserver.delivery.connecting", "tmfserver.delivery.dispatcher", "tmfserver.delivery.sender",
    "uvicorn", "uvicorn.lifespan.on", "uvloop", "psycopg", "psycopg_pool",
    "sqlalchemy.dialects.postgresql.psycopg",
)  # fmt: skip


class Forked:
    """A program with these words and settings, which writes into a log of its own."""

    def __init__(self, context: Any, folder: Path, command: str, **settings: Any) -> None:
        self.log = folder / f"{command}-{time.monotonic_ns()}.log"
        words = ["tmfserver", command, *flags(settings)]
        arguments = (words, folder, self.log, plain_environment(QUIET))
        self._process = context.Process(target=_run, args=arguments, daemon=True)
        self._process.start()

    @property
    def is_running(self) -> bool:
        return bool(self._process.is_alive())

    def printed(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def kill(self) -> None:
        self._process.kill()
        self._process.join(30)


def _run(words: list[str], folder: Path, log: Path, environment: dict[str, str]) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    output = os.open(log, os.O_WRONLY | os.O_CREAT, 0o644)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.argv = words
    from tmfserver.cli import main

    main()


@contextmanager
def forking() -> Iterator[Any]:
    """The context whose processes are forked from a loaded one."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["__main__", *LOADED])
    yield context
    for process in multiprocessing.active_children():
        process.kill()
        process.join(30)
