"""`python -m benchmarks.startup`: how long from the command line until /health answers 200, and
with how much memory, for the two bundled contracts and for sixty."""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import psutil

from benchmarks import databases, report
from benchmarks.servers import COMMANDS, NotStartedError, cpu_seconds, running

_BUNDLED = sorted((Path(__file__).parents[1] / "specs").glob("TMF*.json"))
_MANY = 60
_AIMS = {len(_BUNDLED): (1.5, None), _MANY: (2.0, 150)}  # seconds, MB
_HEAD = ("database", "contracts", "state", "median s", "least s", "most s", "CPU s", "MB", "aim")


class _Start(NamedTuple):
    seconds: float
    cpu: float
    megabytes: float


def _start(server: str, url: str, log: Path, flags: Sequence[str]) -> _Start:
    began = time.perf_counter()
    with running(server, url, log, flags) as (pid, _):
        seconds = time.perf_counter() - began
        return _Start(seconds, cpu_seconds(pid), psutil.Process(pid).memory_info().rss / 2**20)


def _row(database: str, contracts: int, state: str, starts: Sequence[_Start]) -> list[str]:
    seconds = sorted(start.seconds for start in starts)
    megabytes = median(start.megabytes for start in starts)
    most, room = _AIMS[contracts]
    met = median(seconds) < most and (room is None or megabytes < room)
    aim = f"< {most} s" + (f", < {room} MB" if room else "")
    cpu = median(start.cpu for start in starts)
    numbers = [f"{each:.2f}" for each in (median(seconds), seconds[0], seconds[-1], cpu)]
    verdict = "met" if met else "MISSED"
    return [database, str(contracts), state, *numbers, f"{megabytes:.0f}", f"{aim} {verdict}"]


def write_contracts(folder: Path, count: int) -> None:
    """Copies of the bundled contracts under base paths, titles and resource names of their own."""
    for number in range(count):
        contract = json.loads(_BUNDLED[number % len(_BUNDLED)].read_text(encoding="utf-8"))
        contract["info"]["title"] += f" {number}"
        contract["basePath"] = f"/tmf-api/copy{number}/v4/"
        contract["paths"] = {
            path if path.startswith(("/hub", "/listener")) else f"/c{number}{path[1:]}": item
            for path, item in contract["paths"].items()
        }
        (folder / f"contract-{number:02}.json").write_text(json.dumps(contract), encoding="utf-8")


def _measure(name: str, server: str, times: int, contracts: int) -> list[list[str]]:
    """Each database is started on twice: once fresh, then as the first start left it. Contracts
    that were read once are kept, as for any user: the first start of all is not counted."""
    fresh, existing = [], []
    with (
        tempfile.TemporaryDirectory(prefix="tmfserver-benchmark-") as place,
        databases.opened(name, Path(place)) as opened,
    ):
        folder, flags = Path(place), ["--cache", f"{place}/cache"]
        if contracts != len(_BUNDLED):
            (folder / "specs").mkdir()
            write_contracts(folder / "specs", contracts)
            flags += ["--specs", f"{place}/specs"]
        _start(server, opened.create("first"), folder / "first.log", flags)
        for number in range(times):
            url = opened.create(f"start_{number}")
            log = folder / f"start-{number}.log"
            fresh.append(_start(server, url, log, flags))
            existing.append(_start(server, url, log, flags))
    return [_row(name, contracts, "fresh", fresh), _row(name, contracts, "existing", existing)]


def main() -> int:
    """Measures, prints and writes; 1 only when the server did not start."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.startup", description=__doc__)
    parser.add_argument("--database", choices=(*databases.NAMES, "both"), default="both")
    parser.add_argument("--server", choices=tuple(COMMANDS), default="tmfserver")
    parser.add_argument("--times", type=int, default=5)
    given = parser.parse_args()
    names = databases.NAMES if given.database == "both" else (given.database,)
    try:
        rows = [
            row
            for name in names
            for contracts in _AIMS
            for row in _measure(name, given.server, given.times, contracts)
        ]
    except NotStartedError as failure:
        print(failure)
        return 1
    title = f"# Start-up of {given.server}, {given.times} starts each\n"
    text = "\n".join([title, report.describe(report.machine()), report.table(_HEAD, rows)])
    print(text)
    if given.server == "tmfserver":
        report.RESULTS.mkdir(exist_ok=True)
        (report.RESULTS / "startup.md").write_text(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
