"""`python -m benchmarks.startup`: how long from the command line until /health answers 200."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks import databases, report
from benchmarks.servers import COMMANDS, NotStartedError, running

_AIM = 1.5
_HEAD = ("database", "state", "median s", "least s", "most s", "aim")


def _seconds(server: str, url: str, log: Path) -> float:
    began = time.perf_counter()
    with running(server, url, log):
        return time.perf_counter() - began


def _row(database: str, state: str, taken: list[float]) -> list[str]:
    middle = median(taken)
    verdict = "met" if middle < _AIM else "MISSED"
    numbers = [f"{seconds:.2f}" for seconds in (middle, min(taken), max(taken))]
    return [database, state, *numbers, f"< {_AIM} {verdict}"]


def _measure(name: str, server: str, times: int) -> list[list[str]]:
    """Each database is started on twice: once fresh, then as the first start left it."""
    fresh, existing = [], []
    with (
        tempfile.TemporaryDirectory(prefix="tmfserver-benchmark-") as folder,
        databases.opened(name, Path(folder)) as opened,
    ):
        for number in range(times):
            url = opened.create(f"start_{number}")
            log = Path(folder) / f"start-{number}.log"
            fresh.append(_seconds(server, url, log))
            existing.append(_seconds(server, url, log))
    return [_row(name, "fresh", fresh), _row(name, "existing", existing)]


def main() -> int:
    """Measures, prints and writes; 1 only when the server did not start."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.startup", description=__doc__)
    parser.add_argument("--database", choices=(*databases.NAMES, "both"), default="both")
    parser.add_argument("--server", choices=tuple(COMMANDS), default="tmfserver")
    parser.add_argument("--times", type=int, default=5)
    given = parser.parse_args()
    names = databases.NAMES if given.database == "both" else (given.database,)
    try:
        rows = [row for name in names for row in _measure(name, given.server, given.times)]
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
