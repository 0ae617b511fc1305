"""Imports and exports against what the databases do bare, side by side in one run.

`python -m benchmarks.jobs [--records N]` writes benchmarks/results/jobs.md. Bare means: the same
rows, already made, by `executemany` on SQLite and COPY on PostgreSQL into a table of the same
shape with the same indexes; and reading all rows by one statement, and no more.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import orjson
import psycopg

from benchmarks.databases import NAMES, Databases, opened
from benchmarks.documents import usages
from tmfserver import sql, transfers
from tmfserver.planning import make_plan
from tmfserver.records import open_writer, records_of
from tmfserver.settings import read

TABLE = "usage_management_v4_usage"
AT_ONCE = 1_000  # rows in a transaction, as imports have it
PATTERNS = 5_000
RESULTS = Path(__file__).with_name("results") / "jobs.md"
SLICES, READINGS = 10, 3
HANDLER = """from tmfserver.rules import Rules

rules = Rules(indexed=["status", "usageDate", "usageType", "relatedParty.id"])
"""


def texts(first: int, count: int) -> Iterator[tuple[str, str]]:
    """(id, document) of each, as it is stored."""
    patterns = [orjson.dumps(each).decode()[1:] for each in islice(usages(635), PATTERNS)]
    for number in range(first, first + count):
        id = f"0198{number:08x}-7f00-8a00-{number:012x}"
        yield id, f'{{"id":"{id}",{patterns[number % PATTERNS]}'


def batches(first: int, count: int) -> Iterator[list[tuple[str, str, int]]]:
    rows = ((id, text, number) for number, (id, text) in enumerate(texts(first, count)))
    while some := list(islice(rows, AT_ONCE)):
        yield some


def bare_write(url: str, first: int, count: int) -> float:
    """Seconds that the database took; making the rows does not count."""
    seconds = 0.0
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as to:
            to.execute("PRAGMA synchronous = FULL")
            to.execute("PRAGMA cache_size = -32768")
            for rows in batches(first, count):
                begun = time.perf_counter()
                to.execute("BEGIN IMMEDIATE")
                to.executemany(
                    f'INSERT INTO "{TABLE}" (id, document, revision) VALUES (?, ?, ?)', rows
                )
                to.execute("COMMIT")
                seconds += time.perf_counter() - begun
        return seconds
    with psycopg.connect(url, autocommit=True) as connection:
        for rows in batches(first, count):
            lines = [f"{id}\t{text.replace(chr(92), chr(92) * 2)}\t{n}\n" for id, text, n in rows]
            data = "".join(lines).encode()
            begun = time.perf_counter()
            with connection.cursor().copy(
                f"COPY {TABLE} (id, document, revision) FROM STDIN"
            ) as to:
                to.write(data)
            seconds += time.perf_counter() - begun
    return seconds


def bare_read(url: str) -> tuple[float, int]:
    """(seconds, characters) of reading all documents by one statement."""
    begun, size = time.perf_counter(), 0
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            cursor = connection.execute(f'SELECT id, document FROM "{TABLE}" ORDER BY seq')
            while rows := cursor.fetchmany(500):
                size += sum(len(text) for _, text in rows)
    else:
        with psycopg.connect(url) as connection, connection.cursor("reading") as cursor:
            cursor.itersize = 2000
            cursor.execute(f"SELECT id, CAST(document AS text) FROM {TABLE} ORDER BY seq")
            for _, text in cursor:
                size += len(text)
    return time.perf_counter() - begun, size


def ours(what: str, url: str, folder: Path) -> dict[str, float]:
    """Runs `_ours` in a process of its own: seconds without its start, and most memory."""
    words = [sys.executable, "-m", "benchmarks.jobs", "--ours", what, url, str(folder)]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    found: dict[str, float] = orjson.loads(done.stdout.splitlines()[-1])
    return found


def _ours(what: str, url: str, folder: Path) -> None:
    """What `tmfserver import` and `tmfserver export` do."""
    settings = read({"database": url, "handlers": str(folder / "handlers")})
    plan = make_plan(settings)
    target = transfers.targets_of(plan).find("usage")
    base, columns = target.base("http://localhost"), transfers.columns_of(target)
    transfers.tune_process()
    count = 0
    with closing(sql.open_bulk(url, list(plan.collections.values()))) as bulk:
        begun = time.perf_counter()
        if what == "import":
            with (
                transfers.opened_loader(plan, target, base) as loader,
                (folder / "in.ndjson").open("rb") as file,
            ):
                records = records_of(file, "ndjson", settings.record_limit, columns)
                for loaded in loader.load_all(bulk, loader.batches(records), lambda _: None):
                    count += loaded.created
        elif what == "export":
            query = transfers.read_query(target, "")
            found = transfers.find(bulk, target, base, query)
            with (folder / "out.ndjson").open("wb") as out:
                writer = open_writer(out, "ndjson", columns)
                for rows in found.batches:
                    writer.write(transfers.texts(base, query, rows))
                    count += len(rows)
                writer.close()
            found.close()
        seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(orjson.dumps({"seconds": seconds, "count": count, "peak": peak}).decode())


def measure(databases: Databases, count: int, folder: Path) -> Iterator[str]:
    """Bare and ours take turns, slice by slice, so that what else the machine does is both's."""
    mine, bare = databases.create("mine"), databases.create("bare")
    for url in (mine, bare):
        ours("tables", url, folder)
    bare_seconds = seconds = peak = 0.0
    size = count // SLICES
    for first in range(0, size * SLICES, size):
        with (folder / "in.ndjson").open("w", encoding="utf-8") as file:
            file.writelines(f"{text}\n" for _, text in texts(first, size))
        bare_seconds += bare_write(bare, first, size)
        found = ours("import", mine, folder)
        assert found["count"] == size
        seconds, peak = seconds + found["seconds"], max(peak, found["peak"])
    yield _row(databases.name, "import", size * SLICES, bare_seconds, seconds, peak)
    databases.settle(mine)
    bare_seconds = seconds = peak = 0.0
    for _ in range(READINGS):
        # A new file each time: to overwrite one that is still on its way to the disk takes as long
        # as the disk does, and a bare read writes none.
        (folder / "out.ndjson").unlink(missing_ok=True)
        bare_seconds += bare_read(mine)[0]
        found = ours("export", mine, folder)
        assert found["count"] == size * SLICES
        seconds, peak = seconds + found["seconds"], max(peak, found["peak"])
    records = size * SLICES * READINGS
    yield _row(databases.name, "export", records, bare_seconds, seconds, peak)


def _row(name: str, what: str, count: int, bare: float, mine: float, memory: float) -> str:
    return (
        f"| {name} | {what} | {count / bare:,.0f} | {count / mine:,.0f} | {bare / mine:.2f} |"
        f" {memory / 2**20:,.0f} MB |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--ours", nargs=3, metavar=("WHAT", "URL", "FOLDER"))
    given = parser.parse_args()
    if given.ours:
        _ours(given.ours[0], given.ours[1], Path(given.ours[2]))
        return
    about = (
        f"{given.records:,} usages of about 1.5 KB, NDJSON, checked against the contract, four"
        f" indexes; {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} processors, load"
        f" {os.getloadavg()[0]:.1f} when it began, Python {platform.python_version()}."
        " `python -m benchmarks.jobs` makes this page anew."
    )
    head = "| database | what | bare, records/s | tmfserver, records/s | ratio | peak memory |"
    lines = ["# Imports and exports beside the bare database", "", about, "", head,
             "|---|---|---|---|---|---|"]  # fmt: skip
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "handlers").mkdir()
        (folder / "handlers" / "usage.py").write_text(HANDLER, encoding="utf-8")
        for name in NAMES:
            with opened(name, folder) as databases:
                for row in measure(databases, given.records, folder):
                    print(row, flush=True)
                    lines.append(row)
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
