"""`python -m benchmarks.totals`: what adding up all that matches costs, by how much there is.

Beside it: SQL with GROUP BY, written by hand for that question alone, and the same documents read
whole and folded one by one in Python.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sqlite3
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import psutil
import psycopg
import uvloop

from benchmarks import databases
from benchmarks.filters.__main__ import kept
from benchmarks.filters.filling import collections, filled, say, usage
from benchmarks.report import RESULTS, describe, machine, table
from tmfserver import exact
from tmfserver.changes import Collection
from tmfserver.query.folding import Fold, Folded
from tmfserver.query.parse import parse
from tmfserver.query.summing import Summing, read_summing
from tmfserver.sql import Limits, open_store
from tmfserver.sql.tables import table_name

SIZES = (10_000, 100_000, 1_000_000)
AIM = 2.0
MOST_WHOLE = 100_000  # documents that are read whole: more only take longer
_AMOUNT = "ratedProductUsage.taxExcludedRatingAmount"
_PATIENT = Limits(totals_seconds=300)

Rows = Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Cell:
    """A question. groups: which groups the SQL by hand makes, of the expressions below."""

    name: str
    query: str
    groups: tuple[str, ...]
    where: str = ""
    sums: bool = True


CELLS = (
    Cell("count by type", "groupBy=usageType", ("type",), sums=False),
    Cell(
        "sum by type and month",
        f"groupBy=usageType,usageDate.month&sum={_AMOUNT}",
        ("type", "month"),
    ),
    Cell(
        "sum by type, party's role and month",
        f"groupBy=usageType,relatedParty.role,usageDate.month&sum={_AMOUNT}",
        ("type", "role", "month"),
    ),
    Cell("sum by party", f"groupBy=relatedParty.id&sum={_AMOUNT}", ("party",)),
    Cell(
        "status, sum by type and month",
        f"status=rated&groupBy=usageType,usageDate.month&sum={_AMOUNT}",
        ("type", "month"),
        "{status} = 'rated'",
    ),
    Cell(
        "a week, sum by type and party",
        "usageDate.gte=2025-03-01T00:00:00Z&usageDate.lt=2025-03-08T00:00:00Z"
        f"&groupBy=usageType,relatedParty.id&sum={_AMOUNT}",
        ("type", "party"),
        "{usageDate} >= 1740787200000000 AND {usageDate} < 1741392000000000",
    ),
)

_EXPRESSIONS: Mapping[str, Mapping[str, str]] = {
    "sqlite": {
        "type": "document ->> '$.usageType'",
        "month": "substr(document ->> '$.usageDate', 1, 7)",
        "role": "p.value ->> '$.role'",
        "party": "p.value ->> '$.id'",
        "parties": "json_each(document, '$.relatedParty') AS p",
        "unit": "document ->> '$.ratedProductUsage[0].taxExcludedRatingAmount.unit'",
        "sum": "sum(document ->> '$.ratedProductUsage[0].taxExcludedRatingAmount.value')",
    },
    "postgresql": {
        "type": "document ->> 'usageType'",
        "month": "substr(document ->> 'usageDate', 1, 7)",
        "role": "p.value ->> 'role'",
        "party": "p.value ->> 'id'",
        "parties": "jsonb_array_elements(document -> 'relatedParty') AS p(value)",
        "unit": "document #>> '{ratedProductUsage,0,taxExcludedRatingAmount,unit}'",
        "sum": "sum((document #>> '{ratedProductUsage,0,taxExcludedRatingAmount,value}')::numeric)",
    },
}


def by_hand(cell: Cell, database: str, collection: Collection, indexed: Mapping[str, str]) -> str:
    """SQL that gives (the groups' values, unit, sum, count), if it sums, else (values, count)."""
    words = _EXPRESSIONS[database]
    groups = [words[each] for each in cell.groups] + ([words["unit"]] if cell.sums else [])
    added = [words["sum"]] if cell.sums else []
    source = f'"{table_name(collection.name)}"'
    if {"role", "party"} & {*cell.groups}:
        source += f" CROSS JOIN {words['parties']}"
    where = f" WHERE {cell.where.format(**indexed)}" if cell.where else ""
    columns = ", ".join([*groups, *added, "count(*)"])
    order = ", ".join(str(at + 1) for at in range(len(groups)))
    return f"SELECT {columns} FROM {source}{where} GROUP BY {order}"


class _Bare:
    """One connection without anything else, as a program made for this would have it."""

    def __init__(self, database: str, url: str, collection: Collection) -> None:
        self.database, self._collection = database, collection
        self._connection: Any
        if database == "sqlite":
            self._connection = sqlite3.connect(url.removeprefix("sqlite:///"))
            self._connection.execute("PRAGMA cache_size = -32768")
        else:
            self._connection = psycopg.connect(url, autocommit=True)
            # As ours: no compiling, and the other processors are for others.
            self._connection.execute("SET jit = off")
            self._connection.execute("SET max_parallel_workers_per_gather = 0")
        found = self._connection.execute("SELECT collection, path, name FROM attribute_index")
        self._columns = {
            path: f'"{name}"' for of, path, name in found.fetchall() if of == collection.name
        }

    def read(self, cell: Cell) -> Rows:
        sql = by_hand(cell, self.database, self._collection, self._columns)
        rows: Rows = self._connection.execute(sql).fetchall()
        return rows

    def fold(self, cell: Cell) -> Folded:
        """Every document whole, added up in Python."""
        fold = Fold(read_summing(cell.query, {})[0])
        where = f" WHERE {cell.where.format(**self._columns)}" if cell.where else ""
        document = "document" if self.database == "sqlite" else "CAST(document AS text)"
        sql = f'SELECT {document} FROM "{table_name(self._collection.name)}"{where}'
        cursor = self._connection.cursor()
        for (text,) in cursor.execute(sql) if self.database == "sqlite" else cursor.stream(sql):
            fold.take(exact.loads(text))
        return fold.folded

    def close(self) -> None:
        self._connection.close()


def check(cell: Cell, ours: Folded, rows: Rows) -> None:
    """The SQL by hand counts the same, and its sums differ by no more than floats do."""
    found = {
        (*key, unit): (entry.value, entry.count)
        for key, total in ours.totals.items()
        for unit, entry in (total.sums[0].items() if cell.sums else ())
    } or {key: (Decimal(0), total.count) for key, total in ours.totals.items()}
    width = len(cell.groups) + cell.sums
    assert {tuple(row[:width]) for row in rows} == set(found), cell.name
    for row in rows:
        value, count = found[tuple(row[:width])]
        assert row[-1] == count, (cell.name, row, count)
        assert not cell.sums or abs(Decimal(row[-2]) - value) <= Decimal("1e-6"), (cell.name, row)


class Clock(NamedTuple):
    """What has passed, in seconds: time, and that of the processor, the database's included."""

    wall: float
    cpu: float

    @classmethod
    def now(cls, database: int | None) -> Clock:
        processes = set()
        for pid in filter(None, (os.getpid(), database)):
            processes |= {psutil.Process(pid), *psutil.Process(pid).children(recursive=True)}
        times = [process.cpu_times() for process in processes]
        return cls(perf_counter(), sum(each.user + each.system for each in times))

    def until(self, end: Clock) -> Clock:
        return Clock(end.wall - self.wall, end.cpu - self.cpu)


async def _measure(
    of: databases.Databases, count: int, runs: int, cells: Sequence[Cell]
) -> list[list[str]]:
    url, every, rows = await filled(of, count), collections(), []
    collection = usage(every)
    bare, store = _Bare(of.name, url, collection), await open_store(url, every, limits=_PATIENT)
    try:
        await store.fold(collection, None, Summing())  # its process is started
        for cell in cells:
            summing, others = read_summing(cell.query, {})
            filter_ = parse(others, collection.types).filter
            ours, hand, whole = [], [], None
            for _ in range(runs):  # in turns, so that a busy moment is everybody's
                began = Clock.now(of.pid)
                folded = await store.fold(collection, filter_, summing)
                between = Clock.now(of.pid)
                found = bare.read(cell)
                ours.append(began.until(between))
                hand.append(between.until(Clock.now(of.pid)))
            check(cell, folded, found)
            if count <= MOST_WHOLE:
                began = Clock.now(of.pid)
                same = bare.fold(cell)
                whole = began.until(Clock.now(of.pid))
                assert same == folded, cell.name
            rows.append(_row(cell, count, folded, *map(_median, (ours, hand)), whole))
            say(f"{of.name} {' '.join(rows[-1])}")
    finally:
        bare.close()
        await store.close()
    return rows


def _median(times: Sequence[Clock]) -> Clock:
    return Clock(*(statistics.median(each) for each in zip(*times, strict=True)))


_HEAD = (
    *("totals", "usages", "matching", "groups", "ours s", "by hand s", "times", "aim"),
    *("ours CPU s", "by hand CPU s", "times", "CPU µs a document"),
    *("whole documents CPU s", "times ours"),
)


def _row(
    cell: Cell, count: int, folded: Folded, ours: Clock, hand: Clock, whole: Clock | None
) -> list[str]:
    return [
        cell.name,
        f"{count:,}",
        f"{folded.documents:,}",
        f"{len(folded.totals):,}",
        f"{ours.wall:.2f}",
        f"{hand.wall:.2f}",
        f"{ours.wall / hand.wall:.2f}",
        f"≤ {AIM:g} {'met' if ours.wall <= AIM * hand.wall else 'MISSED'}",
        f"{ours.cpu:.2f}",
        f"{hand.cpu:.2f}",
        f"{ours.cpu / max(hand.cpu, 0.01):.2f}",
        f"{ours.cpu / max(folded.documents, 1) * 1e6:.1f}",
        "–" if whole is None else f"{whole.cpu:.2f}",
        "–" if whole is None else f"{whole.cpu / max(ours.cpu, 0.01):.1f}",
    ]


_INTRODUCTION = """\
Totals of all that matches (`groupBy`, `sum`), through the store with its process for slow queries
and back, decimal and exact. **By hand** is one SELECT … GROUP BY for that question alone, which on
SQLite adds floats. Both on the same tables in turns; what they find is compared. **Whole
documents**: each read, parsed and added up in Python. CPU is that of all processes, the database's
too; it says more than the time where a machine does other things as well, for the process for slow
queries lets them go first. What is fair about it and what is not: [README](../README.md).
"""


def main() -> int:
    """Prints, and keeps the results of a whole run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.totals", description=__doc__)
    parser.add_argument("--database", choices=(*databases.NAMES, "both"), default="both")
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default="", help="totals whose names have this in them")
    parser.add_argument("--keep", type=Path, help="the folder that benchmarks.filters keeps")
    given = parser.parse_args()
    cells = [cell for cell in CELLS if given.only in cell.name]
    sizes = tuple(int(each) for each in given.sizes.split(","))
    names = databases.NAMES if given.database == "both" else (given.database,)
    parts = ["# Totals\n", _INTRODUCTION, describe(machine())]
    with (
        kept(given.keep) as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        for name in names:
            with databases.opened(name, Path(folder)) as opened:
                rows = []
                for size in sizes:
                    rows += runner.run(_measure(opened, size, given.runs, cells))
                parts += [f"## {name} {opened.version}\n", table(_HEAD, rows)]
    text = "\n".join(parts)
    print(text)
    if sizes == SIZES and names == databases.NAMES and not given.only:
        (RESULTS / "totals.md").write_text(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
