"""Notifications: how many a second, how late, what they cost a request, and claiming at a million.

`python -m benchmarks.events [--database sqlite|postgresql|both] [--quick]`; the listener is a
process of its own, which answers 204 and notes when each notification came.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime
from pathlib import Path
from statistics import median, quantiles

import psycopg
import uvloop

from benchmarks import databases, report
from benchmarks.ear import listening
from benchmarks.servers import cpu_seconds, free_port
from tmfserver.changes import Event, Listener, Subscribe
from tmfserver.deliveries import Outcome
from tmfserver.delivery.exchange import Link, post
from tmfserver.sql import open_outbox, open_store

COMMAND = str(Path(sys.executable).with_name("tmfserver"))
USAGES = "/tmf-api/usageManagement/v4"
NETWORKS = ("--callback-networks", "127.0.0.0/8")
CONNECTIONS = 16
RATE = 500  # changes a second
BUSY = 2.0  # load, from which on others were at work


@contextmanager
def program(*words: str) -> Iterator[int]:
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen([COMMAND, *words], stdout=log, stderr=log)
        try:
            yield process.pid
        finally:
            process.terminate()
            process.wait()


async def fill(url: str, callback: str, count: int) -> None:
    """So many deliveries to one listener that are due, each of an instance of its own."""
    store = await open_store(url, [])
    await store.commit([Subscribe(Listener("one", "/x/", callback, "", "whsec_" + "A" * 43 + "="))])
    document = json.dumps({"eventType": "Tried", "event": {"thing": {"text": "x" * 500}}})
    events = [Event(f"e{n}", "/x/", "Tried", str(n), document, ("one",)) for n in range(count)]
    for start in range(0, count, 500):
        await store.commit(events[start : start + 500])
    await store.close()


def throughput(url: str, count: int) -> float:
    """Notifications a second, by one dispatcher in its own process."""
    with listening() as ear:
        asyncio.run(fill(url, f"http://127.0.0.1:{ear.port}/", count))
        with program("deliver", "--database", url, *NETWORKS):
            times = sorted(at for at, _ in ear.wait_for(count))
    return (count - 1) / (times[-1] - times[0])


def _request(port: int, path: str, body: Mapping[str, object]) -> bytes:
    headers = {"Content-Type": "application/json"}
    return post(f"127.0.0.1:{port}", path, headers, json.dumps(body).encode())


async def _links(port: int) -> list[Link]:
    loop = asyncio.get_running_loop()
    for _ in range(500):
        try:
            made = [
                await loop.create_connection(Link, "127.0.0.1", port) for _ in range(CONNECTIONS)
            ]
        except OSError:
            await asyncio.sleep(0.02)
        else:
            return [link for _, link in made]
    raise TimeoutError


async def _create(port: int, count: int, rate: float | None) -> float:
    """Creates so many usages, at a rate or as fast as it goes; seconds that it took."""
    links = await _links(port)
    body = {
        "description": "x" * 500,
        "usageType": "voice",
        "usageDate": "2026-01-31T12:00:00Z",
        "usageCharacteristic": [{"name": "duration", "value": 61}, {"name": "cell", "value": 7}],
    }
    numbers, start = iter(range(count)), time.perf_counter()

    async def work(link: Link) -> None:
        for n in numbers:
            if rate is not None:
                await asyncio.sleep(max(0.0, start + n / rate - time.perf_counter()))
            status, _ = await link.ask(_request(port, f"{USAGES}/usage", body))
            if status != 201:
                raise ValueError(status)

    await asyncio.gather(*map(work, links))
    seconds = time.perf_counter() - start
    for link in links:
        link.abort()
    return seconds


async def _subscribe(port: int, callback: str, queries: Sequence[str] = ("",)) -> None:
    (link, *others) = await _links(port)
    for query in queries:
        asked = {"callback": callback, "query": query}
        status, _ = await link.ask(_request(port, f"{USAGES}/hub", asked))
        if status != 201:
            raise ValueError(status)
    for each in (link, *others):
        each.abort()


def delays(url: str, seconds: int, *, apart: bool) -> tuple[float, float]:
    """p50 and p99, in ms, from the event's time in the request to its coming, at a steady rate;
    sent by the server itself or by a dispatcher apart."""
    port, count = free_port(), seconds * RATE
    mode = "--no-deliver" if apart else "--deliver"
    with (
        listening() as ear,
        program("serve", "--port", str(port), "--database", url, mode, *NETWORKS),
    ):
        asyncio.run(_subscribe(port, f"http://127.0.0.1:{ear.port}/"))
        if apart:
            with program("deliver", "--database", url, *NETWORKS):
                time.sleep(1.5)
                uvloop.run(_create(port, count, RATE))
                came = ear.wait_for(count)
        else:
            uvloop.run(_create(port, count, RATE))
            came = ear.wait_for(count)
    late = [1000 * (at - _moment(body)) for at, body in came[RATE:]]
    return median(late), quantiles(late, n=100)[98]


def _moment(body: bytes) -> float:
    return datetime.fromisoformat(json.loads(body)["eventTime"]).timestamp()


# What listeners may ask for; nothing that is created here is so.
QUERIES = (
    "event.usage.usageType=kind{n}",
    "event.usage.description.contains=word{n}",
    "event.usage.usageDate.gt=2999-01-01T10:00:{n}Z",
    "event.usage.usageType.ne=voice&event.usage.status.ne=kind{n}",
    "filter=event.usage.usageCharacteristic[?(@.name=='kind{n}' %26%26 @.value>{n})]",
)
ASKED: Mapping[str, Sequence[str]] = {
    "none": (),
    "one": ("",),
    "hundred": ("", *[QUERIES[n % len(QUERIES)].format(n=10 + n // 5) for n in range(99)]),
}
ROUNDS = 5


def cost(url_of: Mapping[str, str], count: int) -> dict[str, float]:
    """Seconds of the server's CPU for so many creates, by who is to be told: nobody, one listener,
    or one of a hundred whose queries differ."""
    with ExitStack() as stack:
        servers = {}
        for name, url in url_of.items():
            port = free_port()
            words = ("--port", str(port), "--database", url, "--no-deliver", *NETWORKS)
            servers[name] = stack.enter_context(program("serve", *words)), port
            asyncio.run(_subscribe(port, "http://127.0.0.1:9/", ASKED[name]))
            uvloop.run(_create(port, count, None))
        used: dict[str, list[float]] = {name: [] for name in servers}
        for _ in range(ROUNDS):
            for name, (pid, port) in servers.items():  # in turn, for the machine changes its pace
                before = cpu_seconds(pid)
                uvloop.run(_create(port, count, None))
                used[name].append(cpu_seconds(pid) - before)
    return {name: median(times) for name, times in used.items()}


def claims(url: str, sizes: Sequence[int]) -> list[float]:
    """Milliseconds of a claim of 64 at these numbers of due rows."""

    async def measure() -> float:
        outbox = await open_outbox(url)
        times = []
        for _ in range(100):
            start = time.perf_counter()
            batch = await outbox.claim(64, 64, {}, 60)
            times.append(1000 * (time.perf_counter() - start))
            at = time.time_ns() // 1000
            await outbox.settle([Outcome(each, "due", at, tried=False) for each in batch.claimed])
        await outbox.close()
        return median(times[20:])

    asyncio.run(fill(url, "http://127.0.0.1:9/", 1))
    found, have = [], 10
    for size in sizes:
        _more(url, have, size)
        found.append(asyncio.run(measure()))
        have = size
    return found


MORE = (
    """INSERT INTO event (seq, id, api, type, subject, document, created)
    SELECT n, 'm' || n, '/x/', 'Tried', n % 100000, '{}', 1 FROM n""",
    """INSERT INTO delivery (event, listener, state, attempts, next_attempt_at, subject)
    SELECT n, 'one', 'due', 0, n, n % 100000 FROM n""",
)


def _more(url: str, have: int, size: int) -> None:
    """Puts rows in by the database itself: a million take too long one by one."""
    numbers = f"WITH RECURSIVE n(n) AS (SELECT {have + 1} UNION ALL SELECT n + 1 FROM n"
    into = [f"{numbers} WHERE n < {size}) {statement}" for statement in MORE]
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            for statement in into:
                connection.execute(statement)
            connection.commit()
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in (*into, "VACUUM ANALYZE"):
            connection.execute(statement.encode())


def measured(name: str, folder: Path, *, quick: bool) -> list[tuple[str, str, str]]:
    """(figure, value, aim) of one database."""
    with databases.opened(name, folder) as made:
        many = throughput(made.create("many"), 2_000 if quick else 20_000)
        own = delays(made.create("own"), 3 if quick else 10, apart=False)
        apart = delays(made.create("apart"), 3 if quick else 10, apart=True)
        cpu = cost({each: made.create(f"cost_{each}") for each in ASKED}, 300 if quick else 2_000)
        few, most = claims(made.create("claims"), [1_000, 50_000 if quick else 1_000_000])
    told = "{:.0f} ms, {:.0f} ms"
    pairs = (("one", "none"), ("hundred", "one"))
    ratios = [f"{cpu[more] / cpu[less]:.2f}" for more, less in pairs]
    size = "50,000" if quick else "1,000,000"
    return [
        ("notifications a second, one dispatcher", f"{many:,.0f}", "≥ 2,000"),
        ("delay at 500 changes/s, sent by the server: p50, p99", told.format(*own), ""),
        ("delay at 500 changes/s, a dispatcher apart: p50, p99", told.format(*apart), ""),
        ("server's CPU of a create with a listener, to one without", ratios[0], ""),
        ("the same with 100 listeners that ask different things, to one", ratios[1], "< 2"),
        ("claiming 64 of 1,000 due", f"{few:.2f} ms", ""),
        (f"claiming 64 of {size} due", f"{most:.2f} ms, {most / few:.2f} times", "≤ 1.5 times"),
    ]


def _others() -> str:
    """What else the machine had to do before the first measurement."""
    load = os.getloadavg()[0]
    busy = "; it was busy with other work, so the figures are too bad" if load > BUSY else ""
    return f"- Load of the machine before: {load:.1f}{busy}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", default="both", choices=[*databases.NAMES, "both"])
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args()
    names = databases.NAMES if asked.database == "both" else (asked.database,)
    lines = ["# Notifications", "", "Written by `python -m benchmarks.events`.", ""]
    lines += report.describe(report.machine()).splitlines()
    lines += [_others(), ""]
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            lines += [f"## {name}", "", "| figure | value | aim |", "| --- | --- | --- |"]
            for row in measured(name, Path(folder), quick=asked.quick):
                lines.append(f"| {' | '.join(row)} |")
                print(*row, sep="  ", flush=True)
            lines.append("")
    if not asked.quick and asked.database == "both":
        Path(__file__).parent.joinpath("results", "events.md").write_text("\n".join(lines))


if __name__ == "__main__":
    main()
