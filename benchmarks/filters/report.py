"""What was measured: as Markdown to read, as JSON to compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, TypeAlias

from benchmarks.filters.cells import CELLS, PAGE, Cell
from benchmarks.filters.measure import Figure, Plan, Times
from benchmarks.report import describe, table

Figures: TypeAlias = Mapping[tuple[str, int], Figure]

_MOST_TIMES, _MOST_GROWTH, _MOST_TO_LAST = 2.0, 1.5, 1.2
_INTRODUCTION = f"""
What a query costs in the process of the server, from its meaning to the body of the answer
(`ours`), beside SQL written by hand for this query alone on the same tables (`by hand`). Both give
the same {PAGE} documents and, unless the query says "page", the same total; bodies and totals are
compared. Medians of many runs in turns. HTTP: the whole request to the real server, on one
connection. "Times when quiet" compares the runs of which one in ten was quicker, for a median
moves where other programs take the processor. "Total known": ours while nothing is committed, so
that SQLite knows the total from before; else something is committed between any two. What is fair
about it and what is not: [README](../README.md).

Aims: at most {_MOST_TIMES:g} times what it takes by hand; at most {_MOST_GROWTH:g} times as long
among the most documents as among the fewest, where the answer does not grow; the last page by
cursor at most {_MOST_TO_LAST:g} times as long as the first.
"""


def text(measured: Mapping[str, Figures], plan: Plan, where: dict[str, Any]) -> str:
    """All results as Markdown that is also readable as it is."""
    sizes = ", ".join(f"{size:,}" for size in plan.sizes)
    asked = f"- {sizes} documents; at most {plan.seconds:g} s for one query\n"
    parts = ["# Query benchmarks\n", _INTRODUCTION, describe(where) + asked]
    for database, figures in measured.items():
        parts.append(f"## {database}\n")
        parts.append(_ratios(figures, plan.sizes))
        parts.append("Milliseconds, median and (95th percentile):\n")
        parts.append(_details(figures, plan.sizes))
        parts += [
            f"FAILED: {name}, {size:,} documents: {figure.failure}\n"
            for (name, size), figure in figures.items()
            if figure.failure
        ]
    return "\n".join(parts)


def as_json(measured: Mapping[str, Figures], plan: Plan, where: dict[str, Any]) -> dict[str, Any]:
    """All results as data."""
    figures = [
        {"database": database, "query": name, "documents": size, **asdict(figure)}
        for database, of in measured.items()
        for (name, size), figure in of.items()
    ]
    return {"machine": where, "plan": asdict(plan), "figures": figures}


def _ratios(figures: Figures, sizes: Sequence[int]) -> str:
    """For each query what the aims are about."""
    most = sizes[-1]
    head = (
        "query",
        f"ours ms at {most:,}",
        "by hand ms",
        "times",
        "aim",
        "growth",
        "aim",
        "times when quiet",
    )
    rows = []
    for cell in CELLS:
        figure = figures.get((cell.name, most))
        if figure is None or figure.ours is None or figure.bare is None:
            continue
        times, grown = figure.ratio, _growth(cell, figures, sizes)
        rows.append(
            [
                cell.name,
                _number(figure.ours.median),
                _number(figure.bare.median),
                f"{times:.2f}",
                _aim(times, _MOST_TIMES),
                f"{grown:.2f}" if grown else "–",
                _aim(grown, _MOST_GROWTH) if cell.few else "–",
                f"{figure.quiet_ratio:.2f}",
            ]
        )
    return table(head, rows) + "\n" + "".join(_to_last(figures, most))


def _growth(cell: Cell, figures: Figures, sizes: Sequence[int]) -> float | None:
    there = [
        figure.ours.median
        for size in (sizes[0], sizes[-1])
        if (figure := figures.get((cell.name, size))) and figure.ours
    ]
    return there[1] / there[0] if len(there) == 2 and len(sizes) > 1 else None


def _to_last(figures: Figures, size: int) -> list[str]:
    lines = []
    for order in ("by age", "by date", "by -date"):
        first, last = [
            figures.get((f"{order}, {place} page", size)) for place in ("first", "last by cursor")
        ]
        if first and last and first.ours and last.ours:
            times = last.ours.median / first.ours.median
            aim = _aim(times, _MOST_TO_LAST)
            lines.append(
                f"- {order}: the last page by cursor takes {times:.2f} times the first; {aim}\n"
            )
    return lines


def _details(figures: Figures, sizes: Sequence[int]) -> str:
    head = ("query", "documents", "ours", "by hand", "times", "total known", "HTTP", "runs")
    rows = [
        [
            cell.name,
            f"{size:,}",
            _both(figure.ours),
            _both(figure.bare),
            f"{figure.ratio:.2f}" if figure.ratio else figure.failure.partition(":")[0],
            _both(figure.remembered),
            _both(figure.web),
            f"{figure.ours.runs}" if figure.ours else "–",
        ]
        for cell in CELLS
        for size in sizes
        if (figure := figures.get((cell.name, size)))
    ]
    return table(head, rows)


def _both(times: Times | None) -> str:
    return f"{_number(times.median)} ({_number(times.p95)})" if times else "–"


def _number(milliseconds: float) -> str:
    return f"{milliseconds:,.2f}" if milliseconds < 100 else f"{milliseconds:,.0f}"


def _aim(came: float | None, most: float) -> str:
    if came is None:
        return "–"
    return f"≤ {most:g} {'met' if came <= most else 'MISSED'}"
