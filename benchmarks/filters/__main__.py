"""`python -m benchmarks.filters`: what queries cost, by how many documents there are."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import orjson
import uvloop

from benchmarks import databases
from benchmarks.filters import report
from benchmarks.filters.measure import Figure, Plan, measure
from benchmarks.report import RESULTS, machine

SIZES = (10_000, 100_000, 1_000_000)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.filters", description=__doc__)
    parser.add_argument("--database", choices=(*databases.NAMES, "both"), default="both")
    parser.add_argument(
        "--sizes", default=",".join(map(str, SIZES)), help="documents, by comma: %(default)s"
    )
    parser.add_argument(
        "--seconds", type=float, default=3.0, help="most for one query (default: %(default)s)"
    )
    parser.add_argument(
        "--keep", type=Path, help="a folder whose filled databases are used again by the next run"
    )
    parser.add_argument("--quick", action="store_true", help="10,000 documents, half a second each")
    given = parser.parse_args()
    given.sizes = tuple(sorted(int(each) for each in given.sizes.split(",")))
    return given


def kept(folder: Path | None) -> AbstractContextManager[str]:
    """That folder, or a temporary one."""
    if folder is None:
        return tempfile.TemporaryDirectory(prefix="tmfserver-benchmark-")
    folder.mkdir(parents=True, exist_ok=True)
    return nullcontext(str(folder))


async def _measure_all(
    names: tuple[str, ...], plan: Plan, folder: Path
) -> dict[str, report.Figures]:
    measured: dict[str, report.Figures] = {}
    for name in names:
        with databases.opened(name, folder) as opened:
            measured[f"{name} {opened.version}"] = await measure(opened, plan, folder)
    return measured


def main() -> int:
    """Measures, prints, and keeps the results of a whole run. Answers 1 when a query failed."""
    given = _arguments()
    plan = Plan(SIZES[:1], 0.5) if given.quick else Plan(given.sizes, given.seconds)
    names = databases.NAMES if given.database == "both" else (given.database,)
    with (
        kept(given.keep) as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        measured = runner.run(_measure_all(names, plan, Path(folder)))
    where = machine()
    text = report.text(measured, plan, where)
    print(text)
    if plan.sizes == SIZES and names == databases.NAMES:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "filters.md").write_text(text)
        data = orjson.dumps(report.as_json(measured, plan, where), option=orjson.OPT_INDENT_2)
        (RESULTS / "filters.json").write_bytes(data + b"\n")
    figures: list[Figure] = [each for of in measured.values() for each in of.values()]
    return 1 if any(figure.failure for figure in figures) else 0


if __name__ == "__main__":
    raise SystemExit(main())
