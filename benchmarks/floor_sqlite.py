"""The floor on SQLite: sqlite3's own statements on held connections, commits shared."""

from __future__ import annotations

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias

from benchmarks.floor_store import INDEXED, Row

# (statement, values, whether it changed a row)
Write: TypeAlias = tuple[str, tuple[Any, ...], asyncio.Future[bool]]


class SqliteStore:
    """Reads run on the loop; writes that queue up while one commits share the next commit."""

    _GET = "SELECT document, revision FROM usage WHERE id = ?"
    _INSERT = "INSERT INTO usage (document, revision, id) VALUES (?, ?, ?)"
    _REPLACE = "UPDATE usage SET document = ?, revision = ? WHERE id = ? AND revision = ?"
    _PAGE = "SELECT document FROM usage ORDER BY seq LIMIT ? OFFSET ?"
    _PAGE_OF = (
        "SELECT document FROM usage WHERE document ->> '$.status' = ? ORDER BY seq LIMIT ? OFFSET ?"
    )
    _COUNT = "SELECT count(*) FROM usage"
    _COUNT_OF = "SELECT count(*) FROM usage WHERE document ->> '$.status' = ?"

    def __init__(self, path: str) -> None:
        self._path = path
        self._queue: list[Write] = []
        self._writing: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1)

    async def open(self) -> None:
        self._writer = self._connect()
        self._writer.execute(
            "CREATE TABLE IF NOT EXISTS usage (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
            " document TEXT NOT NULL, revision INTEGER NOT NULL)"
        )
        for number, path in enumerate(INDEXED):
            self._writer.execute(
                f"CREATE INDEX IF NOT EXISTS usage_{number} ON usage (document ->> '$.{path}')"
            )
        self._reader = self._connect()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-65536"):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    async def close(self) -> None:
        self._thread.shutdown()
        self._reader.close()
        self._writer.close()

    async def get(self, id: str) -> Row | None:
        row: Row | None = self._reader.execute(self._GET, (id,)).fetchone()
        return row

    async def page(self, status: str | None, limit: int, offset: int) -> tuple[int, list[str]]:
        read = self._reader.execute
        if status is None:
            (total,) = read(self._COUNT).fetchone()
            rows = read(self._PAGE, (limit, offset))
        else:
            (total,) = read(self._COUNT_OF, (status,)).fetchone()
            rows = read(self._PAGE_OF, (status, limit, offset))
        return total, [text for (text,) in rows]

    async def insert(self, id: str, document: str, revision: int) -> None:
        await self._write(self._INSERT, (document, revision, id))

    async def replace(self, id: str, document: str, revision: int, seen: int) -> bool:
        return await self._write(self._REPLACE, (document, revision, id, seen))

    def _write(self, statement: str, values: tuple[Any, ...]) -> asyncio.Future[bool]:
        loop = asyncio.get_running_loop()
        written: asyncio.Future[bool] = loop.create_future()
        self._queue.append((statement, values, written))
        if self._writing is None:
            self._writing = loop.create_task(self._write_queued())
        return written

    async def _write_queued(self) -> None:
        loop = asyncio.get_running_loop()
        while self._queue:
            batch, self._queue = self._queue, []
            try:
                done = await loop.run_in_executor(self._thread, self._commit, batch)
            except sqlite3.Error as failure:
                for _, _, written in batch:
                    written.set_exception(failure)
                continue
            for (_, _, written), changed in zip(batch, done, strict=True):
                written.set_result(changed)
        self._writing = None

    def _commit(self, batch: list[Write]) -> list[bool]:
        write = self._writer.execute
        write("BEGIN IMMEDIATE")
        try:
            done = [write(statement, values).rowcount == 1 for statement, values, _ in batch]
            write("COMMIT")
        except sqlite3.Error:
            write("ROLLBACK")
            raise
        return done
