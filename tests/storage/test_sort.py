from __future__ import annotations

from typing import Any

from tests.storage.databases import THINGS, Database, ids, insert, opened
from tmfserver.query.ast import Comparison, Query, SortKey
from tmfserver.query.order import order

DOCUMENTS: list[dict[str, Any]] = [
    {"id": "1", "status": "b", "amount": 10, "when": "2026-01-01T01:00:00+02:00", "free": "zz"},
    {"id": "2", "status": "a", "amount": 9.5, "when": "2026-01-01T00:00:00Z", "free": 2},
    {"id": "3", "amount": 10, "free": [3, "z", True], "party": [{"id": "m"}, {"id": "c"}]},
    {"id": "4", "status": "B", "done": True, "free": None, "party": [{"id": "d"}]},
    {"id": "5", "status": "é", "done": False, "free": {"x": 1}, "party": []},
    {"id": "6", "status": "b", "amount": -1, "free": False, "party": [{"id": "b"}, {"id": "x"}]},
    {"id": "7", "status": None, "amount": 1e3, "when": "2025-12-31T22:30:00Z", "free": 11},
]


def by(path: str, *, down: bool = False) -> SortKey:
    return SortKey(tuple(path.split(".")), down, THINGS.types.get(path))


ORDERS: list[tuple[list[SortKey], str]] = [
    ([], "1234567"),
    ([by("status")], "4216537"),
    ([by("status", down=True)], "5612473"),
    ([by("amount")], "6213745"),
    ([by("amount", down=True)], "7312654"),
    ([by("when")], "7123456"),
    ([by("when", down=True)], "2176543"),
    ([by("done")], "5412367"),
    ([by("party.id")], "6341257"),
    ([by("party.id", down=True)], "6347521"),
    ([by("free")], "2371645"),
    ([by("free", down=True)], "3617254"),
    ([by("amount"), by("id", down=True)], "6231754"),
    ([by("status", down=True), by("amount")], "5612437"),
    ([by("id", down=True)], "7654321"),
    ([by("nothing")], "1234567"),
]


async def test_orders(database: Database) -> None:
    """A list comes in the order asked for, what lacks the attribute last, and ties by age: the
    oldest first, but the newest first if the last key descends."""
    async with opened(database) as store:
        for document in DOCUMENTS:
            await store.commit([insert(document)])
        for sort, expected in ORDERS:
            found = await ids(store, Query(sort=tuple(sort)))
            assert "".join(found) == expected, sort
            assert found == [each["id"] for each in order(DOCUMENTS, sort)]


async def test_pages_of_a_sorted_and_filtered_list(database: Database) -> None:
    """Pages of a sorted, filtered list are its slices, each with the same total."""
    filter_ = Comparison(("amount",), "gt", "0", "number")
    sort = (by("amount", down=True), by("status"))
    async with opened(database) as store:
        for document in DOCUMENTS:
            await store.commit([insert(document)])
        whole = await ids(store, Query(filter_, sort))
        assert whole == ["7", "1", "3", "2"]
        for offset in range(6):
            page = await store.find(THINGS, Query(filter_, sort, offset, 2))
            assert [row[0] for row in page.rows] == whole[offset : offset + 2]
            assert page.total == 4
