"""A listener in a process of its own, for the measuring of notifications."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

import uvloop


class _Ear(asyncio.Protocol):
    """Answers 204; puts down when each came and the event's own time."""

    came: list[tuple[float, bytes]] = []  # noqa: RUF012 one for the process

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport, self._received = transport, b""

    def data_received(self, data: bytes) -> None:
        received = self._received + data
        while (end := received.find(b"\r\n\r\n")) >= 0:
            head = received[:end].lower()
            length = int(head.partition(b"content-length: ")[2].split(b"\r", 1)[0])
            if len(received) < end + 4 + length:
                break
            self.came.append((time.time(), received[end + 4 : end + 4 + length]))
            received = received[end + 4 + length :]
            self._transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        self._received = received


def _listen(pipe: Connection) -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(_Ear, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        while True:
            await asyncio.sleep(0.005)
            if pipe.poll():
                asked = pipe.recv()
                pipe.send(len(_Ear.came) if asked == "count" else _Ear.came)
                if asked == "all":
                    _Ear.came = []

    uvloop.run(run())


class Ear:
    """The listener in its process."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self.port = pipe.recv()

    def _ask(self, what: str) -> object:
        self._pipe.send(what)
        return self._pipe.recv()

    def wait_for(self, count: int) -> list[tuple[float, bytes]]:
        while self._ask("count") < count:  # type: ignore[operator]
            time.sleep(0.02)
        return self._ask("all")  # type: ignore[return-value]


@contextmanager
def listening() -> Iterator[Ear]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=_listen, args=(theirs,))
    process.start()
    try:
        yield Ear(ours)
    finally:
        process.kill()
        process.join()
