from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.serving import plain_environment
from tests.storage.databases import THINGS, Database, opened
from tmfserver.query.ast import Query

ROOT = Path(__file__).parents[2]
WRITER = """
import asyncio, sys
from tests.storage.databases import THINGS, insert
from tmfserver.sql import open_store

async def main(url, name, most):
    store = await open_store(url, [THINGS])
    print("open", flush=True)

    async def write(task):
        for n in range(most):
            id = f"{name}-{task}-{n}"
            await store.commit([insert({"id": id, "status": "s"})], 0)
            print(id, flush=True)

    await asyncio.gather(*[write(task) for task in range(8)])
    await store.close()

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


def start(database: Database, name: str, most: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, database.url, name, str(most)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=plain_environment({"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}),
    )


async def test_processes_share_a_database(database: Database) -> None:
    """Processes that start at once on an empty database and write at once lose nothing."""
    processes = [start(database, name, 20) for name in ("a", "b")]
    printed = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    said = {line for text in printed for line in text.split() if line != "open"}
    async with opened(database) as store:
        page = await store.find(THINGS, Query(limit=1000))
        assert page.total == len(said) == 2 * 8 * 20
        assert {row[0] for row in page.rows} == said


@pytest.mark.parametrize("after", [1, 120])
async def test_what_was_acknowledged_survives(database: Database, after: int) -> None:
    """Every commit that returned before the process was killed is there afterwards."""
    process = start(database, "a", 100_000)
    assert process.stdout is not None
    said = [process.stdout.readline() for _ in range(after + 1)]
    process.send_signal(signal.SIGKILL)
    # A line that the kill cut short was not acknowledged.
    said += process.stdout.read().splitlines(keepends=True)
    process.stdout.close()
    process.wait()
    acknowledged = {line.strip() for line in said[1:] if line.endswith("\n")}
    async with opened(database) as store:
        rows = [await store.get(THINGS, id) for id in acknowledged]
        assert len(acknowledged) >= after
        assert None not in rows
