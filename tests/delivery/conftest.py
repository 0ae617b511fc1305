"""Servers that send, dispatchers on their own, and listeners to send to."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.delivery.listening import Ears, listening
from tests.serving import begin, flags

# Attempts that follow each other fast enough for a test to wait for.
HURRY: Mapping[str, Any] = {
    "delivery_delays": "0.2,0.2,0.2,0.2,0.2,0.2",
    "delivery_timeout": 2,
    "delivery_connect_timeout": 1,
}


class Dispatcher:
    """`tmfserver deliver` as a program of its own."""

    def __init__(self, folder: Path, database: str, **settings: Any) -> None:
        self.log = folder / f"dispatcher-{time.monotonic_ns()}.log"
        words = ["deliver", *flags({"database": database, **HURRY, **settings})]
        self.process = begin(words, folder, self.log)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(30)

    def stop(self) -> int:
        """Asks it to stop and gives its exit code."""
        self.process.terminate()
        return self.process.wait(30)


class StartDispatcher(Protocol):
    def __call__(self, database: str, **settings: Any) -> Dispatcher: ...


@pytest.fixture
def start_dispatcher(tmp_path: Path) -> Iterator[StartDispatcher]:
    """Starts dispatchers of a test's own; they must end quietly."""
    started: list[Dispatcher] = []

    def start(database: str, **settings: Any) -> Dispatcher:
        started.append(Dispatcher(tmp_path, database, **settings))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            assert each.stop() == 0
            printed = each.log.read_text(encoding="utf-8")
            assert "Traceback" not in printed, printed
    for each in started:
        with suppress(ProcessLookupError):
            each.process.kill()


@pytest.fixture
def ears() -> Iterator[Ears]:
    """A listener, whose callbacks' paths say how it behaves; see listening.py."""
    with listening() as made:
        yield made
