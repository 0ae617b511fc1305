from __future__ import annotations

import asyncio

from tests.storage.databases import THINGS, Database, ids, insert, opened
from tmfserver.query.ast import And, Comparison, Node, Operator, Or, Query, SortKey
from tmfserver.repository import Insert
from tmfserver.sql.statements import Plans


def by(path: str, value: str, operator: Operator = "eq") -> Comparison:
    return Comparison(tuple(path.split(".")), operator, value, THINGS.types[path])


ASKED: list[tuple[Node, str]] = [
    (by("status", "s7"), "status"),
    (by("status", "s7", "gt"), "status"),
    (by("status", "s7", "startswith"), "status"),
    (by("when", "2026-01-01T00:07:00Z"), "when"),
    (by("when", "2027-01-01T00:00:00Z", "gte"), "when"),
    (by("amount", "7"), "amount"),
    (by("amount", "1e6", "gt"), "amount"),
    (And((by("amount", "1e6", "gt"), Comparison(("free",), "eq", "x"))), "amount"),
    (by("spec.id", "it's"), "spec_id"),
    (Or((by("status", "s7"), by("status", "s8"))), "status"),
]


def thing(n: int) -> Insert:
    when = f"2026-01-01T{n // 60 % 24:02}:{n % 60:02}:00Z"
    status = f"s{n * 7919 % 1500:05}"
    return insert(
        {"id": str(n), "status": status, "when": when, "amount": n, "spec": {"id": f"{n}"}}
    )


async def test_filters_use_their_index(database: Database) -> None:
    """The database answers a filter on an indexed attribute by its index, for page and total."""
    async with opened(database) as store:
        await asyncio.gather(*[store.commit([thing(n)]) for n in range(1500)])
        for node, index in ASKED:
            plan, values = Plans(database.json).plan(THINGS, Query(node, limit=1000))
            for statement in (plan.total, plan.page):
                said = database.plan(statement.sql, statement.bind(values))
                assert f"thing_management_v4_some_thing_{index}" in said, node
                assert "Seq Scan" not in said
                assert "SCAN thing_management" not in said
        plan, values = Plans(database.json).plan(THINGS, Query(Comparison(("id",), "eq", "7")))
        said = database.plan(plan.page.sql, plan.page.bind(values))
        assert "thing_management_v4_some_thing_id_key" in said or "autoindex" in said


async def test_ranges_of_an_index(database: Database) -> None:
    """Pages of what lies in a range of an index are in order of age, each the right one."""
    async with opened(database) as store:
        await asyncio.gather(*[store.commit([thing(n)]) for n in range(300)])
        await store.commit([insert({"id": "odd", "status": "\U0010ffff" * 2})])
        whole = await ids(store, Query(by("status", "s00700", "gte"), limit=1000))
        everything = await ids(store, Query(limit=1000))
        asked = [f"s{n * 7919 % 1500:05}" >= "s00700" for n in range(300)]
        assert set(whole) == {str(n) for n in range(300) if asked[n]} | {"odd"}
        assert whole == [id for id in everything if id in whole]
        page = Query(by("status", "s00700", "gte"), offset=50, limit=20)
        assert await ids(store, page) == whole[50:70]
        begins = Query(by("status", "s006", "startswith"))
        assert set(await ids(store, begins)) == {
            str(n) for n in range(300) if f"s{n * 7919 % 1500:05}".startswith("s006")
        }
        highest = by("status", "\U0010ffff", "startswith")
        assert await ids(store, Query(highest)) == ["odd"]


async def test_sorting_by_an_indexed_attribute(database: Database) -> None:
    """The first page by an indexed attribute is read off the index."""
    async with opened(database) as store:
        await asyncio.gather(*[store.commit([thing(n)]) for n in range(1500)])
        query = Query(sort=(SortKey(("status",), type="string"),), limit=5)
        plan, values = Plans(database.json).plan(THINGS, query)
        said = database.plan(plan.page.sql, plan.page.bind(values))
        assert "thing_management_v4_some_thing_status" in said
        page = await store.find(THINGS, query)
        found = [n for _, text, _ in page.rows for n in range(5) if f"s{n:05}" in text]
        assert found == [0, 1, 2, 3, 4]
