"""The measuring: each query in turn, ours and the one by hand one after the other, many times."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from time import perf_counter, perf_counter_ns
from typing import TypeAlias

from benchmarks.databases import Databases
from benchmarks.filters import bare, web
from benchmarks.filters.bare import Bare, Neighbour
from benchmarks.filters.cells import CELLS, PAGE, Cell, Values, exists, offset, values
from benchmarks.filters.filling import COLLECTION, collections, filled, say, usage
from benchmarks.servers import NotStartedError
from tmfserver.changes import Collection
from tmfserver.errors import Failure
from tmfserver.http import paging
from tmfserver.query.ast import Position, Query
from tmfserver.query.parse import parse
from tmfserver.repository import Store
from tmfserver.sql import Limits, open_store

BASE = "http://127.0.0.1:8080" + COLLECTION + "/"
VARIANTS = 20  # values that a query is asked with in turn
_COMPARE_SECONDS = 2.0
_MOST = 200  # runs
_FEWEST = ((100.0, 30), (1_000.0, 7), (inf, 3))  # by how many milliseconds one takes, at most


@dataclass(frozen=True, slots=True)
class Plan:
    """How long one query is measured, and whether over HTTP too."""

    sizes: tuple[int, ...]
    seconds: float
    web: bool = True


@dataclass(frozen=True, slots=True)
class Times:
    """Of many runs, in milliseconds. `tenth`: one in ten was quicker; it hardly changes where other
    programs take the processor, as the median does."""

    median: float
    p95: float
    tenth: float
    runs: int


@dataclass(frozen=True, slots=True)
class Figure:
    """What one query took. remembered: ours while nothing was committed, on SQLite, which then
    knows the total from before. failure: why there is no more."""

    ours: Times | None = None
    bare: Times | None = None
    remembered: Times | None = None
    web: Times | None = None
    failure: str = ""

    @property
    def quiet_ratio(self) -> float | None:
        """By what other programs change least."""
        return self.ours.tenth / self.bare.tenth if self.ours and self.bare else None

    @property
    def ratio(self) -> float | None:
        return self.ours.median / self.bare.median if self.ours and self.bare else None


@dataclass(frozen=True, slots=True)
class Side:
    """What a size of one database is measured with. `counting` has the server's own settings,
    `plain` counts no further than one, so that the page alone takes time."""

    database: str
    count: int
    collection: Collection
    counting: Store
    plain: Store
    bare: Bare
    neighbour: Neighbour | None
    web: web.Web | None

    def store(self, cell: Cell) -> Store:
        return self.counting if cell.counted else self.plain


# From the number of a variant to (the body, the total).
Read: TypeAlias = Callable[[int], Awaitable[tuple[bytes, int]]]


async def measure(databases: Databases, plan: Plan, folder: Path) -> dict[tuple[str, int], Figure]:
    """The figures of one database by query and size."""
    figures: dict[tuple[str, int], Figure] = {}
    for count in plan.sizes:
        url = await filled(databases, count)
        async with AsyncExitStack() as stack:
            side = await _open(databases.name, url, count, folder, stack, with_web=plan.web)
            for cell in CELLS:
                if not exists(cell, count):
                    continue
                try:
                    figure = await _measure(cell, side, plan)
                except Failure as failure:
                    figure = Figure(failure=f"{type(failure).__name__}: {failure}")
                figures[cell.name, count] = figure
                say(f"{databases.name} {count:,} {cell.name}: {_shown(figure)}")
    return figures


async def _open(
    database: str, url: str, count: int, folder: Path, stack: AsyncExitStack, *, with_web: bool
) -> Side:
    every = collections()
    counting = await open_store(url, every)
    stack.push_async_callback(counting.close)
    plain = await open_store(url, every, limits=Limits(total_limit=1))
    stack.push_async_callback(plain.close)
    collection = usage(every)
    by_hand = await bare.connect(database, url, collection)
    stack.push_async_callback(by_hand.close)
    neighbour = None
    if database == "sqlite":
        neighbour = Neighbour(url)
        stack.callback(neighbour.close)
    clients = None
    if with_web:
        secret = await counting.secret("cursor")
        try:
            clients = web.start(url, collection.types, secret, folder, stack)
        except NotStartedError as failure:
            say(f"nothing over HTTP: {failure}")
    return Side(database, count, collection, counting, plain, by_hand, neighbour, clients)


async def _measure(cell: Cell, side: Side, plan: Plan) -> Figure:
    """Raises errors.Failure where ours refuses or breaks off."""
    start = await _start(cell, side)
    asked = [_values(number, side.count, start) for number in range(VARIANTS)]
    queries = [_query(cell, side, each, start) for each in asked]
    page, total = side.bare.statements(cell)
    store = side.store(cell)

    async def ours(number: int) -> tuple[bytes, int]:
        found = await store.find(side.collection, queries[number])
        return paging.array(found.rows, BASE), found.total

    async def by_hand(number: int) -> tuple[bytes, int]:
        rows, counted = await side.bare.read(page, total, asked[number])
        chosen = rows[::-1] if cell.backwards else rows
        return _body(chosen), counted

    began = perf_counter()
    for number in range(VARIANTS):
        if perf_counter() - began > _COMPARE_SECONDS:
            break
        _compare(cell, await ours(number), await by_hand(number))
    commits = side.neighbour if cell.counted else None
    mine, theirs = await _take_turns((ours, by_hand), commits, plan.seconds)
    remembered = took = None
    if commits:
        (remembered,) = await _take_turns((ours,), None, plan.seconds / 4)
    if side.web is not None:
        targets = [cell.target.format(**each) for each in asked]
        wires = side.web.requests(targets, start, offset(cell.place, side.count))
        async with side.web.reader(cell, wires) as over_http:
            (took,) = await _take_turns((over_http,), commits, plan.seconds / 3)
    return Figure(mine, theirs, remembered, took)


async def _take_turns(
    readers: Sequence[Read], neighbour: Neighbour | None, seconds: float
) -> list[Times]:
    """Each reader once per round, the first one changing, until all took so long together; slow
    ones are not waited for thirty times. The neighbour commits before each is begun."""
    taken: list[list[float]] = [[] for _ in readers]
    order = list(enumerate(readers))
    spent, runs = 0.0, 0
    gc.collect()
    gc.disable()
    try:
        while runs < _MOST:
            each = spent / max(1, runs * len(readers))
            fewest = next(least for most, least in _FEWEST if each < most)
            if runs >= fewest and spent > seconds * 1e3:
                break
            order = order[1:] + order[:1]
            for place, read in order:
                if neighbour is not None:
                    neighbour.commit()
                began = perf_counter_ns()
                await read(runs % VARIANTS)
                milliseconds = (perf_counter_ns() - began) / 1e6
                taken[place].append(milliseconds)
                spent += milliseconds
            runs += 1
    finally:
        gc.enable()
    return [_times(each) for each in taken]


def _times(taken: list[float]) -> Times:
    ordered = sorted(taken)
    p95, tenth = [ordered[len(ordered) * percent // 100] for percent in (95, 10)]
    return Times(round(statistics.median(ordered), 4), round(p95, 4), round(tenth, 4), len(ordered))


async def _start(cell: Cell, side: Side) -> Position | None:
    """Where the page begins that a cursor leads to: the last page's by itself, another by going
    there, a thousand documents at a time."""
    if cell.place == "last by cursor":
        return Position(backwards=True)
    if cell.place != "1,000th by cursor":
        return None
    left, query = 999 * PAGE, parse(cell.text, side.collection.types)
    position = None
    while left:
        size = min(left, 1_000)
        # Not the store that is measured, which would take this query for a slow one from now on.
        found = await side.counting.find(
            side.collection, replace(query, limit=size, start=position)
        )
        if found.more is not None:
            await found.more.aclose()
        position, left = found.after, left - size
    return position


def _values(number: int, count: int, start: Position | None) -> Values:
    found = values(number, count)
    if start is not None and start.seq is not None:
        found["seq"] = start.seq
        if start.keys:
            found["key"] = int(start.keys[0])
    return found


def _query(cell: Cell, side: Side, asked: Values, start: Position | None) -> Query:
    text = cell.target.format(**asked)
    query = parse(text, side.collection.types)
    return replace(query, start=start, offset=offset(cell.place, side.count))


def _body(rows: Sequence[Sequence[str]]) -> bytes:
    whole = [f'{{"href":"{BASE}{row[0]}",{row[1][1:]}' for row in rows]
    return f"[{','.join(whole)}]".encode()


def _compare(cell: Cell, ours: tuple[bytes, int], bare: tuple[bytes, int]) -> None:
    same_total = not cell.counted or ours[1] == bare[1]
    if ours[0] != bare[0] or not same_total:
        raise AssertionError(
            f"{cell.name}: ours has {len(ours[0])} bytes of {ours[1]},"
            f" the one by hand {len(bare[0])} bytes of {bare[1]}"
        )


def _shown(figure: Figure) -> str:
    if figure.ours is None or figure.bare is None:
        return figure.failure
    over = f", HTTP {figure.web.median:.2f}" if figure.web else ""
    return (
        f"{figure.ours.median:.3f} ms, by hand {figure.bare.median:.3f} ms,"
        f" {figure.ratio:.2f} times ({figure.quiet_ratio:.2f}), {figure.ours.runs} runs{over}"
    )
