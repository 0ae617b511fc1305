"""The command in processes of its own, forked from one that has loaded it, so that they start fast.

From its imports on such a process does what `tmfserver` does. Tests of stopping, of commands that
other programs feed, and of memory run `tmfserver` as it is installed.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

COMMAND = Path(sys.executable).with_name("tmfserver")
# What the commands import in the course of their work.
LOADED = (
    "tests.programs", "tmfserver.cli", "tmfserver.running", "tmfserver.delivering",
    "tmfserver.beginning", "tmfserver.transitioning", "tmfserver.jobbing", "tmfserver.explaining",
    "tmfserver.http.protocol", "tmfserver.delivery.connecting", "tmfserver.delivery.dispatcher",
    "tmfserver.delivery.sender", "tmfserver.sql.sqlite.bulk", "tmfserver.sql.postgres.bulk",
    "uvicorn", "uvicorn.lifespan.on", "uvloop", "psycopg", "psycopg_pool",
    "sqlalchemy.dialects.postgresql.psycopg",
)  # fmt: skip


class Program:
    """A command at work; its methods are as those of subprocess.Popen.

    It leads a session of its own, and adds what it prints to files: `errors` beside `output`, or
    in the same.
    """

    def __init__(
        self,
        words: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        output: Path,
        errors: Path | None = None,
    ) -> None:
        arguments = (list(words), folder, dict(environment), output, errors or output)
        self._process = _context().Process(target=_run, args=arguments, daemon=True)
        self._process.start()
        self.pid: int = self._process.pid
        while self._process.is_alive() and os.getpgid(self.pid) != self.pid:
            time.sleep(0.001)

    def poll(self) -> int | None:
        code: int | None = self._process.exitcode
        return code

    def wait(self, timeout: float) -> int:
        self._process.join(timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired("tmfserver", timeout)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


@cache
def _context() -> Any:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["__main__", *LOADED])
    return context


def _run(
    words: list[str], folder: Path, environment: dict[str, str], output: Path, errors: Path
) -> None:
    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, path, stream in (1, output, sys.stdout), (2, errors, sys.stderr):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(opened, number)
        os.close(opened)
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    sys.argv = [str(COMMAND), *words]
    from tmfserver.cli import main

    main()
