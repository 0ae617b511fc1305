"""A real listener over HTTP in a thread of its own; the callback's path says how it behaves."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

OK = b"HTTP/1.1 204 No Content\r\n\r\n"
HUGE = 100 * 1024 * 1024


@dataclass
class Heard:
    """One notification as it came."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass
class Ears:
    """What came, by path: all of it in `heard`, what was answered by 2xx in `taken`."""

    port: int = 0
    heard: dict[str, list[Heard]] = field(default_factory=lambda: defaultdict(list))
    taken: dict[str, list[Heard]] = field(default_factory=lambda: defaultdict(list))
    open: Counter[str] = field(default_factory=Counter)
    most_open: Counter[str] = field(default_factory=Counter)
    sent_bytes: int = 0
    connections: int = 0
    says: bytes = b""
    scheme: str = "http"

    def url(self, path: str) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}{path}"

    def ids(self, path: str) -> list[str]:
        return [each.event["eventId"] for each in self.taken[path]]


@contextmanager
def listening(context: ssl.SSLContext | None = None) -> Iterator[Ears]:
    ears = Ears(scheme="https" if context else "http")
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)  # clients that go away are no fault here
    ready = threading.Event()
    stop = asyncio.Event()

    async def run() -> None:
        server = await asyncio.start_server(
            lambda reader, writer: _connection(ears, reader, writer),
            "127.0.0.1", 0, ssl=context, limit=2**22, backlog=1024,
        )  # fmt: skip
        ears.port = server.sockets[0].getsockname()[1]
        ready.set()
        await stop.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield ears
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


async def _connection(
    ears: Ears, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    ears.connections += 1
    with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
        while head := await reader.readuntil(b"\r\n\r\n"):
            line, *lines = head.decode().strip().split("\r\n")
            headers = {
                name.lower(): value.strip()
                for name, _, value in (each.partition(":") for each in lines)
            }
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            path = line.split(" ")[1]
            heard = Heard(path, headers, body, monotonic())
            ears.heard[path].append(heard)
            ears.open[path] += 1
            ears.most_open[path] = max(ears.most_open[path], ears.open[path])
            try:
                if line.startswith("POST /hanging"):
                    await reader.read(1)  # until the other side has had enough
                    break
                if not await _answer(ears, heard, writer):
                    break
            finally:
                ears.open[path] -= 1
    with suppress(Exception):
        writer.close()


async def _answer(ears: Ears, heard: Heard, writer: asyncio.StreamWriter) -> bool:
    """Whether the connection stays."""
    _, kind, *words = heard.path.split("/")
    times = sum(each.body == heard.body for each in ears.heard[heard.path])
    answer, stays = OK, True
    match kind:
        case "slow":
            await asyncio.sleep(float(words[0]))
        case "failing" if times <= int(words[0]):
            answer = b"HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\noops"
        case "busy" if times <= int(words[0]):
            answer = (
                f"HTTP/1.1 429 Later\r\nRetry-After: {words[1]}\r\nContent-Length: 0\r\n\r\n"
            ).encode()
        case "closing" if times <= int(words[0]):
            answer, stays = b"HTTP/1.1 20", False
        case "redirecting":
            place = ears.url("/redirected")
            answer = (
                f"HTTP/1.1 302 Found\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n".encode()
            )
        case "saying":
            answer, stays = ears.says, False
        case "leaving":
            stays = False
        case "gone":
            answer = b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"
        case "huge":
            ears.taken[heard.path].append(heard)
            await _huge(ears, writer)
            answer, stays = b"", False
        case "dripping":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            ears.taken[heard.path].append(heard)
            for _ in range(1000):
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.2)
    if answer.startswith(b"HTTP/1.1 204"):
        ears.taken[heard.path].append(heard)
    writer.write(answer)
    await writer.drain()
    return stays


async def _huge(ears: Ears, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % HUGE)
    part = b"x" * 65536
    with suppress(ConnectionError):
        for _ in range(HUGE // len(part)):
            writer.write(part)
            await writer.drain()
            ears.sent_bytes += len(part)
