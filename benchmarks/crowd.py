"""`python -m benchmarks.crowd`: whether quick requests stay quick while many ask for slow things.

A process of its own asks at a steady rate for documents by id, and for lists by an indexed
attribute: first alone, then while fifty clients ask for what every document must be read for.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle, islice
from math import inf, isinf
from pathlib import Path
from time import perf_counter
from typing import TypeAlias
from urllib.parse import quote

import orjson
import uvloop

from benchmarks import databases, report
from benchmarks.filters.__main__ import kept
from benchmarks.filters.documents import document_id, specification
from benchmarks.filters.filling import (
    COLLECTION,
    collections,
    environment,
    filled,
    say,
    usage,
)
from benchmarks.operations import wire
from benchmarks.servers import running
from tmfserver.changes import Insert, Remove
from tmfserver.sql import open_store

_CONNECTIONS = 4
_QUERY_SECONDS, _GRACE = 3, 1.0
_MOST_TIMES = 3.0
_LONG_ONES, _LENGTH = 200, 64 * 1024
_HEAD = (
    "while",
    "asked",
    "requests",
    "refused",
    "p50 ms",
    "p99 ms",
    "most ms",
    "times idle",
    "aim",
)
_SLOW_HEAD = ("slow query", "answers", "median s", "longest s", "aim")

# What scans all: name → query string.
SLOW = {
    "contains": "description.contains=zebra",
    "regex": "description.regex=(a%2B)%2B%24",
    "JSONPath": f"filter={quote('$[?(avg(@..value)>100000000)]')}",
}

# From what was asked to how many seconds each request took.
Quick: TypeAlias = dict[str, list[float]]


@dataclass(slots=True)
class Crowd:
    """How the slow requests ended: status and seconds of each."""

    answers: list[tuple[str, float]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Plan:
    documents: int
    seconds: float
    rate: int
    clients: int


def steady(port: int, wires: dict[str, list[bytes]], rate: int, seconds: float) -> Quick:
    """Asks for each kind, at the rate for all together, over four connections. What had to wait
    for the request before it has waited since its own time."""
    return asyncio.run(_steady(port, wires, rate, seconds))


async def _steady(port: int, wires: dict[str, list[bytes]], rate: int, seconds: float) -> Quick:
    taken: Quick = {kind: [] for kind in wires}
    began, every = perf_counter(), _CONNECTIONS / rate
    # Each kind has connections of its own, or one would wait for the other.
    kinds = list(wires)
    await asyncio.gather(
        *[
            _one_connection(
                port,
                islice(cycle(wires[kind]), number, None),
                taken[kind],
                began + number / rate,
                every,
                seconds,
            )
            for number in range(_CONNECTIONS)
            for kind in [kinds[number % len(kinds)]]
        ]
    )
    return taken


async def _one_connection(
    port: int,
    requests: Iterator[bytes],
    taken: list[float],
    due: float,
    every: float,
    seconds: float,
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    ends = due + seconds
    while due < ends:
        await asyncio.sleep(max(0.0, due - perf_counter()))
        writer.write(next(requests))
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r")[0]
        await reader.readexactly(int(length))
        # What is refused is as bad as what never comes.
        taken.append(perf_counter() - due if head[9:12] == b"200" else inf)
        due += every
    writer.close()


@asynccontextmanager
async def _crowd(port: int, query: str, clients: int) -> AsyncIterator[Crowd]:
    """So many clients ask again and again, until the block ends and the last is answered."""
    crowd, stop = Crowd(), asyncio.Event()

    async def client() -> None:
        while not stop.is_set():
            began = perf_counter()
            status = await _ask(port, f"{COLLECTION}?{query}&limit=20")
            crowd.answers.append((status, perf_counter() - began))

    asking = [asyncio.create_task(client()) for _ in range(clients)]
    try:
        await asyncio.sleep(1)
        yield crowd
    finally:
        stop.set()
        await asyncio.gather(*asking)


async def _ask(port: int, target: str) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(wire("GET", target).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
    try:
        answer = await reader.read()
    except OSError as error:
        return type(error).__name__
    finally:
        writer.close()
    return answer[9:12].decode() or "closed"


async def _long_ones(url: str, *, there: bool) -> None:
    """Puts documents with a long description in, or takes them away again."""
    every = collections()
    store, into = await open_store(url, every), usage(every)
    try:
        for number in range(_LONG_ONES):
            id = f"long-{number:04}"
            row = await store.get(into, id)
            if row and not there:
                await store.commit([Remove(into, id, row[2])])
            elif there and not row:
                text = {"id": id, "description": "a" * (_LENGTH - 1) + "b"}
                await store.commit([Insert(into, id, orjson.dumps(text).decode(), 1)])
    finally:
        await store.close()


async def _measure(
    database: str, url: str, plan: Plan, folder: Path, executor: Executor
) -> list[str]:
    """Tables of one database."""
    rng = random.Random(1)
    numbers = [rng.randrange(plan.documents) for _ in range(500)]
    lists = [f"?usageSpecification.id={specification(each, plan.documents)}" for each in numbers]
    wires = {
        "GET by id": [wire("GET", f"{COLLECTION}/{document_id(each)}") for each in numbers],
        "list of 50": [wire("GET", f"{COLLECTION}{each}&limit=20") for each in lists],
    }
    loop = asyncio.get_running_loop()
    quick: dict[str, Quick] = {}
    crowds: dict[str, Crowd] = {}
    with (
        environment(query_seconds=_QUERY_SECONDS),
        running("tmfserver", url, folder / f"crowd-{database}.log") as (_, port),
    ):
        asked = port, wires, plan.rate
        await loop.run_in_executor(executor, steady, *asked, 1.0)
        say(f"{database}: idle")
        quick["idle"] = await loop.run_in_executor(executor, steady, *asked, plan.seconds)
        for name, query in SLOW.items():
            say(f"{database}: {plan.clients} clients ask for {name}")
            async with _crowd(port, query, plan.clients) as crowd:
                quick[name] = await loop.run_in_executor(executor, steady, *asked, plan.seconds)
            crowds[name] = crowd
    return [_quick_table(quick), _slow_table(crowds)]


def _quick_table(quick: dict[str, Quick]) -> str:
    rows = []
    for name, taken in quick.items():
        for kind, seconds in taken.items():
            p99 = _part(seconds, 99)
            times = p99 / _part(quick["idle"][kind], 99)
            numbers = [f"{each * 1e3:.2f}" for each in (_part(seconds, 50), p99, max(seconds))]
            verdict = "met" if times <= _MOST_TIMES else "MISSED"
            aim = "–" if name == "idle" else f"≤ {_MOST_TIMES:g} {verdict}"
            refused = str(sum(map(isinf, seconds)))
            rows.append([name, kind, f"{len(seconds):,}", refused, *numbers, f"{times:.2f}", aim])
    return report.table(_HEAD, rows)


def _slow_table(crowds: dict[str, Crowd]) -> str:
    rows = []
    most = _QUERY_SECONDS + _GRACE
    for name, crowd in crowds.items():
        seconds = [taken for _, taken in crowd.answers]
        answers = ", ".join(
            f"{count} × {status}" for status, count in Counter(s for s, _ in crowd.answers).items()
        )
        verdict = "met" if max(seconds) <= most else "MISSED"
        numbers = [f"{each:.2f}" for each in (_part(seconds, 50), max(seconds))]
        rows.append([SLOW[name], answers, *numbers, f"≤ {most:g} {verdict}"])
    return report.table(_SLOW_HEAD, rows)


def _part(seconds: Sequence[float], percent: int) -> float:
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


async def _measure_all(names: Sequence[str], plan: Plan, folder: Path) -> list[str]:
    spawned = multiprocessing.get_context("spawn")
    parts = []
    for name in names:
        with (
            databases.opened(name, folder) as opened,
            ProcessPoolExecutor(1, mp_context=spawned) as executor,
        ):
            url = await filled(opened, plan.documents)
            await _long_ones(url, there=True)
            try:
                tables = await _measure(name, url, plan, folder, executor)
            finally:
                await _long_ones(url, there=False)
            parts += [f"## {name} {opened.version}\n", *tables]
    return parts


def main() -> int:
    """Measures and prints; keeps the results of both databases."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crowd", description=__doc__)
    parser.add_argument("--database", choices=(*databases.NAMES, "both"), default="both")
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=15.0, help="of each phase")
    parser.add_argument("--rate", type=int, default=200, help="quick requests per second")
    parser.add_argument("--clients", type=int, default=50, help="that ask for slow things")
    parser.add_argument("--keep", type=Path, help="as of benchmarks.filters, and the same folder")
    given = parser.parse_args()
    names = databases.NAMES if given.database == "both" else (given.database,)
    plan = Plan(given.documents, given.seconds, given.rate, given.clients)
    with (
        kept(given.keep) as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        parts = runner.run(_measure_all(names, plan, Path(folder)))
    amounts = (
        f"- {plan.documents:,} documents, {plan.rate} quick requests/s over {_CONNECTIONS}"
        f" connections, {plan.clients} slow clients, query_seconds {_QUERY_SECONDS}\n"
    )
    title = "# Quick requests in a crowd of slow ones\n"
    text = "\n".join([title, report.describe(report.machine()) + amounts, *parts])
    print(text)
    if names == databases.NAMES:
        report.RESULTS.mkdir(exist_ok=True)
        (report.RESULTS / "crowd.md").write_text(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
