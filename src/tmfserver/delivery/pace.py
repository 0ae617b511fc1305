"""A connection that must not drip: who sends or takes a byte now and then would hold a job for
ever, and every job behind it, for no single wait is too long."""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Callable
from typing import Any, cast

PIECE = 64 * 1024  # bytes that are sent at a time

Clock = Callable[[], float]


class Dripping(OSError):
    """Fewer bytes came through than must."""


class Pace:
    """Counts what comes through, from its first byte on, one window after the other.

    least: bytes a second, on the average of a window; 0: any. window: seconds.
    """

    def __init__(self, least: int, window: float, clock: Clock = time.monotonic) -> None:
        self._least, self._window, self._clock = least, window, clock
        self._since: float | None = None
        self._count = 0

    def passed(self, count: int) -> None:
        """Raises Dripping at the end of a window in which too little did."""
        now = self._clock()
        if self._since is None:
            self._since = now
        self._count += count
        seconds = now - self._since
        if seconds < self._window:
            return
        if self._count < self._least * seconds:
            problem = (
                f"it is too slow: {self._count} bytes in {seconds:.0f} s, expected {self._least}"
                " a second (the setting transfer_speed)"
            )
            raise Dripping(problem)
        self._since, self._count = now, 0


class PacedSocket:
    """A connected socket as http.client uses one, its two directions each at a pace of its own."""

    def __init__(self, raw: socket.socket, make_pace: Callable[[], Pace]) -> None:
        self._raw, self._make_pace = raw, make_pace
        self._sending = make_pace()

    def sendall(self, content: Any) -> None:
        rest = memoryview(content)
        while rest:
            sent = self._raw.send(rest[:PIECE])
            self._sending.passed(sent)
            rest = rest[sent:]

    def makefile(self, mode: str) -> io.BufferedReader:
        raw = cast("io.RawIOBase", self._raw.makefile("rb", buffering=0))
        return io.BufferedReader(_Paced(raw, self._make_pace()))

    def close(self) -> None:
        self._raw.close()


class _Paced(io.RawIOBase):
    def __init__(self, raw: io.RawIOBase, pace: Pace) -> None:
        self._raw, self._pace = raw, pace

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        count = self._raw.readinto(buffer)
        if count:
            self._pace.passed(count)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()
