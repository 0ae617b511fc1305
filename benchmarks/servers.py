"""The servers that are compared: how each is started, when it is ready, what CPU it has used."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

_READY_WITHIN = 60.0
_POLL_EVERY = 0.005


def tmfserver_command(port: int, database: str) -> list[str]:
    """The server itself, by its command line: one process for the requests, as the others have."""
    program = str(Path(sys.executable).with_name("tmfserver"))
    return [program, "serve", "--host", "127.0.0.1", "--port", str(port), "--database", database]


def _module_command(module: str) -> Callable[[int, str], list[str]]:
    return lambda port, database: [
        *(sys.executable, "-m", f"benchmarks.{module}"),
        *("--port", str(port), "--database", database),
    ]


# name → (port, database URL) → command line
COMMANDS: Mapping[str, Callable[[int, str], list[str]]] = {
    "tmfserver": tmfserver_command,
    "fastapi": _module_command("fastapi_server"),
    "floor": _module_command("floor_server"),
}


class NotStartedError(Exception):
    """A server ended, or was not ready in time; its last words are the message."""


def cpu_seconds(pid: int) -> float:
    """CPU time that a process and its descendants have used, the ended ones included."""
    process = psutil.Process(pid)
    alive = [pid, *(child.pid for child in process.children(recursive=True))]
    used = process.cpu_times()
    ended: float = used.children_user + used.children_system
    return ended + sum(map(_own_cpu_seconds, alive))


def _own_cpu_seconds(pid: int) -> float:
    """Of one process with all its threads: by its CPU clock, which is exact where /proc is not."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


def free_port() -> int:
    """A TCP port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(
    name: str, database: str, log: Path, more: Sequence[str] = ()
) -> Iterator[tuple[int, int]]:
    """A server while it runs and answers: (its process id, its port). `more`: flags of its own."""
    port = free_port()
    with run(name, [*COMMANDS[name](port, database), *more], port, log) as pid:
        yield pid, port


@contextmanager
def run(name: str, command: Sequence[str], port: int, log: Path) -> Iterator[int]:
    """Any server while it runs and answers: its process id."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=Path(__file__).parent.parent,
            env=_environment(),
        )
    try:
        _wait_until_ready(name, process, port, log)
        yield process.pid
    finally:
        _stop(process)


def _environment() -> dict[str, str]:
    """This one's, but that Python may keep what it compiled, as it does where nobody forbids it."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _wait_until_ready(name: str, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    give_up = time.monotonic() + _READY_WITHIN
    while not _healthy(port):
        if process.poll() is not None or time.monotonic() > give_up:
            last_words = log.read_text(errors="replace")[-3_000:]
            raise NotStartedError(f"{name} did not start:\n{last_words}")
        time.sleep(_POLL_EVERY)


def _healthy(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
