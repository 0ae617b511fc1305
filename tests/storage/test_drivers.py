"""Which index a list goes by on SQLite changes how fast it is, never what it finds."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from tests.storage.databases import THINGS, Database, ids, insert, opened
from tmfserver.query.ast import And, Comparison, Node, Operator, Position, Query, SortKey
from tmfserver.query.match import matches
from tmfserver.query.order import order
from tmfserver.repository import Store
from tmfserver.sql.dialects import SqliteJson
from tmfserver.sql.drivers import going_by, index_of_part, parts_of, worth_walking
from tmfserver.sql.filters import AllShape, Reading, shape

ROWS = 3000


def thing(n: int) -> dict[str, Any]:
    day, minute = n // 1440 + 1, n % 1440
    when = f"2026-01-{day:02}T{minute // 60:02}:{minute % 60:02}:00Z"
    status = "rare" if n % 150 == 0 else "common"
    return {"id": f"{n:05}", "status": status, "when": when, "amount": n % 7}


def by(path: str, operator: Operator, value: str) -> Comparison:
    return Comparison(tuple(path.split(".")), operator, value, THINGS.types[path])


COMMON, RARE = by("status", "eq", "common"), by("status", "eq", "rare")
HOUR = And((by("when", "gte", "2026-01-02T05:00:00Z"), by("when", "lt", "2026-01-02T06:00:00Z")))
HALF = by("when", "gte", "2026-01-02T00:00:00Z")
NEWEST = SortKey(("when",), True, "date-time")
OLDEST = SortKey(("when",), False, "date-time")
LARGEST = SortKey(("amount",), True, "number")

FILTERS: list[Node] = [
    COMMON, RARE, HALF, HOUR, And((COMMON, *HOUR.parts)), And((RARE, HALF)), And((COMMON, HALF)),
    And((RARE, by("amount", "eq", "0"), *HOUR.parts)),
]  # fmt: skip


async def pages(store: Store, query: Query) -> list[str]:
    """The ids of the first three pages and of the last one, by cursor."""
    page = await store.find(THINGS, query)
    found = [row[0] for row in page.rows]
    for _ in range(2):
        if page.after is not None:
            page = await store.find(THINGS, replace(query, start=page.after))
            found += [row[0] for row in page.rows]
    last = await store.find(THINGS, replace(query, start=Position(backwards=True)))
    return [*found, "last:", *[row[0] for row in last.rows]]


async def test_whichever_index_a_list_goes_by(database: Database) -> None:
    """Filters that find few or many, sorted by an index or by age, give the right pages."""
    things = {each["id"]: each for each in map(thing, range(ROWS))}
    async with opened(database) as store:
        await asyncio.gather(*[store.commit([insert(each)]) for each in things.values()])
        documents = [things[id] for id in await ids(store, Query(limit=ROWS))]
        for filter_ in FILTERS:
            found = [each for each in documents if matches(filter_, each)]
            for sort in ((), (NEWEST,), (OLDEST,), (LARGEST, NEWEST)):
                expected = [each["id"] for each in order(found, sort)]
                query = Query(filter_, sort, limit=10)
                shown = [*expected[:30], "last:", *expected[-10:]]
                assert await pages(store, query) == shown, (filter_, sort)
                middle = await store.find(THINGS, replace(query, offset=len(expected) // 2))
                assert middle.total == len(expected)
                start = len(expected) // 2
                assert [row[0] for row in middle.rows] == expected[start : start + 10]


def read(node: Node) -> tuple[Any, ...]:
    return parts_of(shape(node, Reading(THINGS, SqliteJson())))


def test_parts_and_their_indexes() -> None:
    """Conditions on one attribute share its index; what no index can answer has none."""
    parts = read(And((COMMON, *HOUR.parts, by("name", "eq", "x"), by("status", "ne", "rare"))))
    status, low, high, name, other = map(index_of_part, parts)
    assert low == high != status
    assert (name, other) == ("", "")
    chosen = going_by(parts, {status})
    assert isinstance(chosen, AllShape)
    asides = [getattr(getattr(part, "place", None), "aside", None) for part in chosen.parts]
    assert asides == [False, True, True, False, None]


@pytest.mark.parametrize(
    ("found", "rows", "end", "expected"),
    [
        (100, 1_000_000, 20, False),
        (100_000, 1_000_000, 20, True),
        (1_000_000, 1_000_000, 20, True),
        (100_000, 1_000_000, 50_000, False),
        (0, 10, 20, False),
        (3_162, 1_000_000, 20, False),
        (3_163, 1_000_000, 20, True),
    ],
)
def test_walking_the_order(found: int, rows: int, end: int, expected: bool) -> None:
    """The order's index is walked to a page among many, but few are sorted."""
    assert (found >= worth_walking(rows, end)) is expected
