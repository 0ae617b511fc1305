"""`python -m benchmarks`: what a request costs tmfserver, beside FastAPI and beside the floor."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

import orjson
import uvloop

from benchmarks import databases, report
from benchmarks.measure import Measured, Plan, measure
from benchmarks.servers import COMMANDS


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--database", choices=(*databases.NAMES, "both"), default="both")
    parser.add_argument(
        "--servers", default=",".join(COMMANDS), help="which, by comma (default: %(default)s)"
    )
    parser.add_argument(
        "--requests", type=int, default=1_000, help="per operation and round (default: %(default)s)"
    )
    parser.add_argument(
        "--rounds", type=int, default=3, help="medians are over these (default: %(default)s)"
    )
    parser.add_argument("--quick", action="store_true", help="a small run to see that it works")
    given = parser.parse_args()
    given.servers = tuple(given.servers.split(","))
    if unknown := set(given.servers) - set(COMMANDS):
        parser.error(f"no such server: {', '.join(sorted(unknown))}; there are {given.servers}")
    return given


async def _measure_all(names: tuple[str, ...], plan: Plan) -> list[Measured]:
    measured = []
    for name in names:
        with (
            tempfile.TemporaryDirectory(prefix="tmfserver-benchmark-") as folder,
            databases.opened(name, Path(folder)) as opened,
        ):
            measured.append(await measure(opened, plan, Path(folder)))
    return measured


def main() -> int:
    """Measures, prints, and keeps the results of a whole run: all servers on both databases.

    Answers 1 when something failed to run, however fast the rest was.
    """
    given = _arguments()
    if given.quick:
        plan = Plan(given.servers, requests=200, rounds=1, documents=300)
    else:
        plan = Plan(given.servers, given.requests, given.rounds, documents=10_000)
    names = databases.NAMES if given.database == "both" else (given.database,)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        measured = runner.run(_measure_all(names, plan))
    where = report.machine()
    text = report.text(measured, plan, where)
    print(text)
    if not given.quick and set(given.servers) == set(COMMANDS) and names == databases.NAMES:
        report.RESULTS.mkdir(exist_ok=True)
        (report.RESULTS / "requests.md").write_text(text)
        data = orjson.dumps(report.as_json(measured, plan, where), option=orjson.OPT_INDENT_2)
        (report.RESULTS / "requests.json").write_bytes(data + b"\n")
    return 1 if any(one.failures for one in measured) else 0


if __name__ == "__main__":
    raise SystemExit(main())
