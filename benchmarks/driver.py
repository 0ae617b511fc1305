"""The load: a fixed number of ready-made requests over some kept-alive connections.

Plain sockets and as little Python per request as will do, so that the servers are the slow side.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import cast


class WrongAnswerError(Exception):
    """A server answered something else than the operation's answer: its figures mean nothing."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it goes over the wire, and the text that its answer must hold."""

    wire: bytes
    expects: str = ""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: its head as it came, in lower case, and its body."""

    head: bytes
    body: bytes

    def header(self, name: str) -> str | None:
        marker = b"\r\n%s: " % name.lower().encode()
        _, found, rest = self.head.partition(marker)
        return rest.split(b"\r\n", 1)[0].decode() if found else None


@dataclass(slots=True)
class Load:
    """What came of one phase: how long each request took, and the answers that were kept."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    kept: list[tuple[Request, Response]] = field(default_factory=list)


@dataclass(slots=True)
class _Phase:
    """Requests still to send, shared by all connections."""

    requests: Iterator[tuple[int, Request]]
    status: bytes
    keep_every: int
    load: Load
    left: int
    done: asyncio.Future[None]

    def fail(self, reason: str) -> None:
        if not self.done.done():
            self.done.set_exception(WrongAnswerError(reason))


class _Connection(asyncio.Protocol):
    """One connection: sends the next request as soon as the last is answered."""

    def __init__(self) -> None:
        self._received = b""
        self._phase: _Phase | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._phase:
            self._phase.fail(f"the server closed a connection: {exc}")

    def work(self, phase: _Phase) -> None:
        self._phase = phase
        following = next(phase.requests, None)
        if following is not None:
            self._number, self._request = following
            self._sent = perf_counter()
            self.transport.write(self._request.wire)

    def data_received(self, data: bytes) -> None:
        received = self._received = self._received + data if self._received else data
        body = received.find(b"\r\n\r\n") + 4
        if body < 4 or self._phase is None:
            return
        head = received[: body - 2].lower()
        _, sized, length = head.partition(b"\r\ncontent-length: ")
        if sized:
            complete = len(received) >= body + int(length[: length.index(b"\r")])
        else:
            complete = received.endswith(b"0\r\n\r\n")  # chunked
        if complete:
            self._answered(self._phase, head, received[body:])

    def _answered(self, phase: _Phase, head: bytes, body: bytes) -> None:
        self._received = b""
        phase.load.latencies.append(perf_counter() - self._sent)
        if head[9:12] != phase.status or not body:
            phase.fail(f"{self._request.wire!r}\nwas answered\n{head!r}\n{body[:2000]!r}")
            return
        if self._number % phase.keep_every == 0:
            phase.load.kept.append((self._request, Response(head, body)))
        phase.left -= 1
        if phase.left:
            self.work(phase)
        else:
            phase.done.set_result(None)


class Driver:
    """Connections to one server."""

    def __init__(self, connections: Sequence[_Connection]) -> None:
        self._connections = connections

    @classmethod
    async def connect(cls, port: int, connections: int) -> Driver:
        loop = asyncio.get_running_loop()
        made = [
            (await loop.create_connection(_Connection, "127.0.0.1", port))[1]
            for _ in range(connections)
        ]
        return cls(made)

    async def run(
        self, requests: Sequence[Request], status: int, *, keep_every: int = 50, limit: float = 600
    ) -> Load:
        """Sends all requests, one at a time on each connection; keeps every n-th answer."""
        load = Load()
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        phase = _Phase(
            iter(enumerate(requests)), b"%d" % status, keep_every, load, len(requests), done
        )
        began = perf_counter()
        for connection in self._connections:
            connection.work(phase)
        await asyncio.wait_for(done, limit)
        load.seconds = perf_counter() - began
        return load

    def close(self) -> None:
        for connection in self._connections:
            connection.transport.close()
