"""Connections to a SQLite file; reading ends where its time is over."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from math import inf
from typing import Any

import re2

from tmfserver.errors import BadQuery, Unavailable, Unwritable
from tmfserver.query.conditions import RE2
from tmfserver.sql.lanes import Late

BUSY_SECONDS = 10.0
CACHE = 32 * 1024
CACHE_OF_READERS = 4 * 1024  # KiB each; the operating system keeps what they share
STEPS = 1000  # of SQLite's machine between two looks at the clock: some 50 µs, 2 ms at most


def connect(path: str, *, writes: bool, cache: int = CACHE) -> sqlite3.Connection:
    """A connection for one thread at a time; without `writes` it refuses to write.

    cache: KiB of the file that the connection keeps in memory.
    """
    connection = sqlite3.connect(
        path,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=512,
    )
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA cache_size = -{cache}")
    if not writes:
        connection.execute("PRAGMA query_only = ON")
        connection.create_function("regexp", 2, _regexp, deterministic=True)
    return connection


class Reader:
    """A connection to read by, whose statements are stopped at `deadline` (time.monotonic)."""

    __slots__ = ("connection", "deadline", "run")

    def __init__(self, path: str, cache: int = CACHE) -> None:
        self.connection = connect(path, writes=False, cache=cache)
        self.run = self.connection.execute
        self.deadline = inf
        self.connection.set_progress_handler(self._is_late, STEPS)

    def _is_late(self) -> bool:
        return time.monotonic() > self.deadline

    def begin(self, deadline: float) -> None:
        self.deadline = deadline

    def stop(self) -> None:
        """Ends what another thread is at."""
        self.deadline = 0.0
        self.connection.interrupt()

    def end(self) -> None:
        """Ends the transaction, which takes no time: even a COMMIT is stopped past a deadline."""
        self.deadline = inf
        self.run("COMMIT")

    def undo(self) -> None:
        """The same after a failure. What stopped another statement may stop this: see is_busy."""
        self.deadline = inf
        with suppress(sqlite3.Error):
            self.run("ROLLBACK")

    @property
    def is_busy(self) -> bool:
        return self.connection.in_transaction

    def close(self) -> None:
        self.connection.close()


@contextmanager
def answering() -> Iterator[None]:
    """Turns the driver's failures into errors.Unavailable, and what was stopped into Late."""
    try:
        yield
    except sqlite3.Error as error:
        raise explained(error) from error


def explained(error: sqlite3.Error) -> Exception:
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
        return Late()
    return unavailable(error)


def unavailable(error: sqlite3.Error) -> Unavailable:
    # Of the extended code the last byte tells the kind; a quota is an I/O error.
    kind = getattr(error, "sqlite_errorcode", 0) & 0xFF
    is_disk = kind in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
    return (Unwritable if is_disk else Unavailable)(problem=str(error))


def _regexp(pattern: str, value: str | None) -> bool:
    return value is not None and _compiled(pattern).search(value) is not None


@lru_cache(maxsize=128)
def _compiled(pattern: str) -> Any:
    try:
        return re2.compile(pattern, RE2)
    except re2.error as error:
        raise BadQuery(parameter="regex", came=f"'{pattern}'", expected="an RE2 regex") from error
