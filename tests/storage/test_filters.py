from __future__ import annotations

from typing import Any

import pytest

from tests.storage.databases import Database, ids, insert, opened
from tmfserver.query.ast import And, Comparison, Exists, Node, Operator, Or, Query, ValueType
from tmfserver.query.match import matches

DOCUMENTS: list[dict[str, Any]] = [
    {
        "id": "1",
        "status": "active",
        "when": "2026-01-01T00:00:00Z",
        "amount": 12.0,
        "done": True,
        "party": [{"id": "x", "role": "buyer"}, {"id": "y", "role": "seller"}],
        "spec": {"id": "s1"},
        "free": 5,
    },
    {
        "id": "2",
        "status": "Active",
        "when": "2026-01-01T02:00:00.000+02:00",
        "amount": 3,
        "done": False,
        "party": [{"id": "y", "role": "buyer"}],
        "spec": {"id": "s2"},
        "free": "5",
    },
    {
        "id": "3",
        "status": "éa",
        "when": "2025-12-31T23:59:59.999999Z",
        "amount": 100,
        "party": [],
        "free": [1, [2, [5]], "five", True, None],
    },
    {"id": "4", "status": "100%", "free": {"5": 5}, "amount": -0.5, "tags": ["a_b", "a%b", "ab"]},
    {"id": "5", "free": None, "party": [{"name": "no id"}], "tags": "a_b"},
]


def c(path: str, operator: Operator, value: str, type: ValueType | None = None) -> Comparison:
    return Comparison(tuple(path.split(".")), operator, value, type)


TABLE: list[tuple[Node, str]] = [
    (c("status", "eq", "active", "string"), "1"),
    (c("status", "ne", "active", "string"), "2345"),
    (c("status", "gt", "a", "string"), "13"),
    (c("status", "lt", "a", "string"), "24"),
    (c("status", "startswith", "acti", "string"), "1"),
    (c("status", "contains", "ctiv", "string"), "12"),
    (c("status", "contains", "%", "string"), "4"),
    (c("status", "startswith", "", "string"), "1234"),
    (c("when", "eq", "2026-01-01T00:00:00.000Z", "date-time"), "12"),
    (c("when", "eq", "2025-12-31T22:00:00-02:00", "date-time"), "12"),
    (c("when", "lt", "2026-01-01", "date-time"), "3"),
    (c("when", "gte", "2025-12-31T23:59:59.999999Z", "date-time"), "123"),
    (c("when", "gt", "2025-12-31T23:59:59.999999Z", "date-time"), "12"),
    (c("when", "eq", "yesterday", "date-time"), ""),
    (c("when", "ne", "yesterday", "date-time"), "12345"),
    (c("amount", "eq", "12", "number"), "1"),
    (c("amount", "eq", "1.2e1", "number"), "1"),
    (c("amount", "gt", "3", "number"), "13"),
    (c("amount", "lte", "3.0", "number"), "24"),
    (c("amount", "gt", "many", "number"), ""),
    (c("amount", "ne", "many", "number"), "12345"),
    (c("amount", "lt", "1e400", "number"), "1234"),
    (c("done", "eq", "true", "boolean"), "1"),
    (c("done", "eq", "false", "boolean"), "2"),
    (c("done", "ne", "true", "boolean"), "2345"),
    (c("done", "gt", "false", "boolean"), ""),
    (c("party.id", "eq", "y", "string"), "12"),
    (c("party.id", "ne", "y", "string"), "345"),
    (c("party.role", "eq", "buyer"), "12"),
    (c("party", "eq", "x"), ""),
    (c("spec.id", "eq", "s1", "string"), "1"),
    (c("free", "eq", "5"), "123"),
    (c("free", "eq", "true"), "3"),
    (c("free", "gt", "4"), "123"),
    (c("free", "lt", "2"), "3"),
    (c("free", "contains", "iv"), "3"),
    (c("free.5", "eq", "5"), "4"),
    (c("tags", "eq", "a_b"), "45"),
    (c("tags", "startswith", "a_"), "45"),
    (c("id", "eq", "3"), "3"),
    (c("id", "gt", "3", "string"), "45"),
    (c("id", "contains", "3"), "3"),
    (Exists(("free",)), "1234"),
    (Exists(("free",), present=False), "5"),
    (Exists(("party",)), "125"),
    (Exists(("party", "id")), "12"),
    (Exists(("spec",)), "12"),
    (Exists(("done",), present=False), "345"),
    (Exists(("id",)), "12345"),
    (And(()), "12345"),
    (Or(()), ""),
    (And((c("status", "ne", "active"), c("party.id", "eq", "y"))), "2"),
    (Or((c("status", "eq", "active"), c("amount", "lt", "0", "number"))), "14"),
    (And((Or((c("free", "eq", "5"), c("id", "eq", "5"))), Exists(("when",)))), "123"),
]


async def test_filters(database: Database) -> None:
    """Each filter of a table finds the documents that stand beside it, and match agrees."""
    async with opened(database) as store:
        for document in DOCUMENTS:
            await store.commit([insert(document)])
        for node, expected in TABLE:
            assert "".join(await ids(store, Query(node))) == expected, node
            assert "".join(each["id"] for each in DOCUMENTS if matches(node, each)) == expected


@pytest.mark.parametrize("path", ["status", "free", "tags", "party.id", "id"])
async def test_regex(database: Database, path: str) -> None:
    """A regular expression finds what match finds."""
    node = c(path, "regex", "^[a-z1-3](_b|ct)?")
    async with opened(database) as store:
        for document in DOCUMENTS:
            await store.commit([insert(document)])
        found = await ids(store, Query(node))
        assert found == [each["id"] for each in DOCUMENTS if matches(node, each)]
