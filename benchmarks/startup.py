"""`python -m benchmarks.startup`: how long from the command line until /health answers 200, and
with how much CPU and memory: one contract, the two bundled ones and sixty, beside Connexion as it
comes and a server written by hand with FastAPI."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import NamedTuple

import psutil

from benchmarks import databases, report
from benchmarks.servers import COMMANDS, NotStartedError, cpu_seconds, free_port, run

_SPECS = Path(__file__).parents[1] / "specs"
_PUBLISHED = sorted(_SPECS.glob("TMF*Management*.json"))
_MANY = 60
_AIMS = {(2, "warm"): (1.5, None), (_MANY, "warm"): (2.0, 150)}  # seconds, MB
_HEAD = (
    *("server", "contracts", "database", "start"),
    *("median s", "least s", "most s", "CPU s", "peak MB", "aim"),
)
_ABOUT = """\
Seconds from the command line until /health answers 200; CPU of the process and its children until
then; the most memory that the process held. A *first* start finds an empty database, and nothing
kept of the contracts; a *fresh* one an empty database; a *warm* one what the start before left.
Medians of {times} starts; of a first start there is one. On average {load:.1f} programs wanted the
processor when it ended: with more than the machine has cores, only CPU and memory say something.
The sixty are the two published contracts in specs/, thirty times each under base paths of their
own, each with the rules and indexes of the handlers: 270 tables with 1,470 indexed attributes.
Connexion is given the two files, and neither stores nor adapts anything; the server written with
FastAPI has one resource (`fastapi_server.py`).
"""
# (port, database URL) → command line
_Command = Callable[[int, str], list[str]]


class _Start(NamedTuple):
    seconds: float
    cpu: float
    megabytes: float


class _Started(NamedTuple):
    """What is measured: a server with so many contracts, on a database, in a state."""

    server: str
    contracts: int
    database: str
    state: str


def _start(name: str, command: _Command, url: str, log: Path) -> _Start:
    port = free_port()
    line = command(port, url)
    began = time.perf_counter()
    with run(name, line, port, log) as pid:
        seconds = time.perf_counter() - began
        return _Start(seconds, cpu_seconds(pid), _peak(pid) / 2**20)


def _peak(pid: int) -> int:
    """Bytes of memory: the most that a process held (Linux), or what it holds now."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return int(psutil.Process(pid).memory_info().rss)
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def write_contracts(folder: Path, count: int) -> None:
    """Copies of the published contracts with base paths and titles of their own."""
    folder.mkdir()
    for number in range(count):
        contract = json.loads(_PUBLISHED[number % len(_PUBLISHED)].read_text(encoding="utf-8"))
        contract["info"]["title"] += f" {number}"
        contract["basePath"] = f"/tmf-api/copy{number}/v4/"
        (folder / f"contract-{number:02}.json").write_text(json.dumps(contract), encoding="utf-8")


def _ours(specs: Sequence[str], cache: str, port: int, url: str) -> list[str]:
    more = [part for each in specs for part in ("--specs", each)]
    return [*COMMANDS["tmfserver"](port, url), "--cache", cache, *more]


def _connexion(specs: Sequence[str], port: int, _url: str) -> list[str]:
    return [sys.executable, "-m", "benchmarks.connexion_server", "--port", str(port), *specs]


def _measure_ours(
    opened: databases.Databases, folder: Path, specs: Sequence[str], contracts: int, times: int
) -> Iterator[tuple[_Started, list[_Start]]]:
    """Each fresh database is started on twice: what is empty, then as the first start left it."""
    command = partial(_ours, specs, f"{folder}/cache-{contracts}")
    logs = (folder / f"{contracts}-{number}.log" for number in range(2 * times + 1))
    one = partial(_start, "tmfserver", command)
    first = [one(opened.create(f"first_{contracts}"), next(logs))]
    fresh, warm = [], []
    for number in range(times):
        url = opened.create(f"start_{contracts}_{number}")
        fresh.append(one(url, next(logs)))
        warm.append(one(url, next(logs)))
    for state, starts in (("first", first), ("fresh", fresh), ("warm", warm)):
        yield _Started("tmfserver", contracts, opened.name, state), starts


def _measure(name: str, times: int, folder: Path) -> Iterator[tuple[_Started, list[_Start]]]:
    many = f"{folder}/sixty"
    write_contracts(Path(many), _MANY)
    sets: dict[int, list[str]] = {1: [str(_PUBLISHED[0])], 2: [], _MANY: [many]}
    with databases.opened(name, folder) as opened:
        for contracts, specs in sets.items():
            yield from _measure_ours(opened, folder, specs, contracts, times)
        if name != "sqlite":
            return
        log = folder / "others.log"
        command = partial(_connexion, list(map(str, _PUBLISHED)))
        starts = [_start("connexion", command, "", log) for _ in range(times)]
        yield _Started("connexion", len(_PUBLISHED), "none", "warm"), starts
        url = opened.create("fastapi")
        starts = [_start("fastapi", COMMANDS["fastapi"], url, log) for _ in range(times + 1)]
        yield _Started("fastapi", 0, name, "warm"), starts[1:]


def _row(what: _Started, starts: Sequence[_Start]) -> list[str]:
    seconds = sorted(start.seconds for start in starts)
    numbers = [median(seconds), seconds[0], seconds[-1], median(start.cpu for start in starts)]
    megabytes = median(start.megabytes for start in starts)
    told = [*[f"{each:.2f}" for each in numbers], f"{megabytes:.0f}"]
    aims = _AIMS.get((what.contracts, what.state)) if what.server == "tmfserver" else None
    aim = ""
    if aims:
        most, room = aims
        met = numbers[0] < most and (room is None or megabytes < room)
        aim = f"< {most} s" + (f", < {room} MB" if room else "") + (" met" if met else " MISSED")
    contracts = str(what.contracts) if what.contracts else "–"
    return [what.server, contracts, what.database, what.state, *told, aim]


def main() -> int:
    """Measures, prints and writes; 1 only when a server did not start."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.startup", description=__doc__)
    parser.add_argument("--database", choices=(*databases.NAMES, "both"), default="both")
    parser.add_argument("--times", type=int, default=3)
    given = parser.parse_args()
    names = databases.NAMES if given.database == "both" else (given.database,)
    rows = []
    try:
        for name in names:
            with tempfile.TemporaryDirectory(prefix="tmfserver-benchmark-") as place:
                for what, starts in _measure(name, given.times, Path(place)):
                    rows.append(_row(what, starts))
                    print(*rows[-1])
    except NotStartedError as failure:
        print(failure)
        return 1
    about = _ABOUT.format(times=given.times, load=os.getloadavg()[1])
    machine = report.describe(report.machine())
    text = "\n".join(["# Start-up\n", about, machine, report.table(_HEAD, rows)])
    print(text)
    if given.database == "both":
        report.RESULTS.mkdir(exist_ok=True)
        (report.RESULTS / "startup.md").write_text(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
