"""The same queries over HTTP: the real server, asked on one connection, one request at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.driver import Driver, Request
from benchmarks.filters.cells import Cell
from benchmarks.filters.filling import COLLECTION, environment
from benchmarks.operations import wire
from benchmarks.servers import running
from tmfserver.http.cursors import Cursors, mark
from tmfserver.query.ast import Position, ValueType
from tmfserver.query.parse import parse


@dataclass(frozen=True, slots=True)
class Web:
    """The ports of two servers on one database: `counting` has its default settings, `plain`
    counts no further than one."""

    counting: int
    plain: int
    cursors: Cursors
    types: Mapping[str, ValueType]

    def requests(
        self, targets: Sequence[str], start: Position | None, offset: int
    ) -> list[Request]:
        """For the page at that place of each query string."""
        return [
            Request(wire("GET", f"{COLLECTION}?{target}{self._place(target, start, offset)}"))
            for target in targets
        ]

    def _place(self, target: str, start: Position | None, offset: int) -> str:
        if start is None:
            return f"&offset={offset}" if offset else ""
        return f"&cursor={self.cursors.write(start, mark(COLLECTION, parse(target, self.types)))}"

    @asynccontextmanager
    async def reader(
        self, cell: Cell, requests: Sequence[Request]
    ) -> AsyncIterator[Callable[[int], Awaitable[tuple[bytes, int]]]]:
        """Sends the request of a number, and waits for its answer, on one connection."""
        driver = await Driver.connect(self.counting if cell.counted else self.plain, 1)

        async def read(number: int) -> tuple[bytes, int]:
            load = await driver.run([requests[number]], 200, keep_every=1)
            return load.kept[0][1].body, 0

        try:
            yield read
        finally:
            driver.close()


def start(
    url: str, types: Mapping[str, ValueType], secret: bytes, folder: Path, stack: AsyncExitStack
) -> Web:
    """Both servers, until the stack is left. `secret`: the database's, which signs cursors."""
    ports = []
    for limit in (0, 1):
        with environment(total_limit=limit):
            log = folder / f"server-{limit}.log"
            _, port = stack.enter_context(running("tmfserver", url, log))
        ports.append(port)
    return Web(ports[0], ports[1], Cursors(secret), types)
