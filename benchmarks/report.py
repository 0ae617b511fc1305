"""The results as a table to read and as JSON, with the machine and the versions they hold for."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.measure import CONNECTIONS, Figure, Measured, Plan
from benchmarks.operations import OPERATIONS, Operation

RESULTS = Path(__file__).parent / "results"
_LIBRARIES = (
    *("tmfserver", "connexion", "fastapi", "pydantic", "sqlalchemy", "aiosqlite", "psycopg"),
    *("uvicorn", "uvloop", "httptools", "orjson", "jsonschema-rs"),
)
_INTRODUCTION = """\
CPU is the server process's own, its threads and children included, in microseconds per request;
the database's is that of PostgreSQL's processes. Medians of the rounds. What the ratios mean and
what is compared: [README](../README.md).
"""


def machine() -> dict[str, Any]:
    """Where and with what the figures came about."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "libraries": {name: _version(name) for name in _LIBRARIES},
    }


def describe(where: dict[str, Any]) -> str:
    """The machine as lines to read."""
    libraries = ", ".join(f"{name} {number}" for name, number in where["libraries"].items())
    return (
        f"- Date: {where['date']}, commit {where['commit']}\n"
        f"- Machine: {where['cpu']}, {where['cores']} cores, {where['system']}\n"
        f"- Python {where['python']}; {libraries}\n"
    )


def text(measured: Sequence[Measured], plan: Plan, where: dict[str, Any]) -> str:
    """All results as Markdown that is also readable as it is."""
    parts = ["# Request benchmarks\n", _INTRODUCTION, describe(where) + _amounts(plan)]
    for one in measured:
        parts.append(f"## {one.database} {one.version}\n")
        parts.append(table(_RATIO_HEAD, [_ratios(one, operation) for operation in OPERATIONS]))
        parts.append(table(_FIGURE_HEAD, _figures(one, plan)))
        parts += [f"FAILED: {failure}\n" for failure in one.failures]
    return "\n".join(parts)


def as_json(measured: Sequence[Measured], plan: Plan, where: dict[str, Any]) -> dict[str, Any]:
    """All results as data."""
    figures = [
        {"database": one.database, "operation": operation, "server": server, **asdict(figure)}
        for one in measured
        for (operation, server), figure in one.figures.items()
    ]
    versions = {one.database: one.version for one in measured}
    failures = [failure for one in measured for failure in one.failures]
    settings = {**asdict(plan), "connections": CONNECTIONS}
    return {
        "machine": where,
        "databases": versions,
        "plan": settings,
        "figures": figures,
        "failures": failures,
    }


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table with even columns."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        first, *rest = zip(cells, widths, strict=True)
        padded = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)]
        return "| " + " | ".join(padded) + " |\n"

    rule = "|" + "|".join(
        ["-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:])]
    )
    return line(head) + rule + "|\n" + "".join(map(line, rows))


_RATIO_HEAD = (
    *("operation", "tmfserver µs", "FastAPI µs", "floor µs"),
    *("less than FastAPI", "aim", "times the floor", "aim", "FastAPI to floor"),
)
_FIGURE_HEAD = (
    *("operation", "server", "CPU µs", "database CPU µs", "requests/s", "p50 ms", "p99 ms"),
)


def _ratios(one: Measured, operation: Operation) -> list[str]:
    ours, fastapi, floor = (
        one.figures.get((operation.name, server)) for server in ("tmfserver", "fastapi", "floor")
    )
    at_least = operation.less_than_fastapi[one.database]
    at_most = operation.times_the_floor
    less, times = _ratio(fastapi, ours), _ratio(ours, floor)
    return [
        operation.name,
        *(f"{figure.server_cpu:,.0f}" if figure else "–" for figure in (ours, fastapi, floor)),
        f"{less:.1f}" if less else "–",
        _aim("≥", at_least, less and less >= at_least),
        f"{times:.2f}" if times else "–",
        _aim("≤", at_most, times and times <= at_most) if at_most else "–",
        f"{to_floor:.1f}" if (to_floor := _ratio(fastapi, floor)) else "–",
    ]


def _ratio(above: Figure | None, below: Figure | None) -> float | None:
    return above.server_cpu / below.server_cpu if above and below else None


def _aim(sign: str, bound: float, met: bool | float | None) -> str:
    verdict = "" if met is None else " met" if met else " MISSED"
    return f"{sign} {bound:g}{verdict}"


def _figures(one: Measured, plan: Plan) -> list[list[str]]:
    return [
        [
            operation.name,
            server,
            f"{figure.server_cpu:,.0f}",
            "–" if figure.database_cpu is None else f"{figure.database_cpu:,.0f}",
            f"{figure.requests_per_second:,.0f}",
            f"{figure.p50_ms:.2f}",
            f"{figure.p99_ms:.2f}",
        ]
        for operation in OPERATIONS
        for server in plan.servers
        if (figure := one.figures.get((operation.name, server)))
    ]


def _amounts(plan: Plan) -> str:
    return (
        f"- {plan.documents:,} documents before, {CONNECTIONS} connections, {plan.rounds} rounds"
        f" of {plan.requests:,} requests per operation and server\n"
    )


def _commit() -> str:
    asked = ["git", "rev-parse", "--verify", "--quiet", "HEAD"]
    answer = subprocess.run(asked, capture_output=True, text=True, check=False, cwd=RESULTS.parent)
    return answer.stdout.strip() or "none"


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
