from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.storage.databases import THINGS, Database, ids, insert, opened
from tmfserver import errors
from tmfserver.query.ast import (
    And,
    Comparison,
    Exists,
    Node,
    Operator,
    Or,
    Path,
    Query,
    SortKey,
    ValueType,
)
from tmfserver.query.match import matches
from tmfserver.query.order import order
from tmfserver.repository import Remove

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
    """A regular expression finds what match finds, or is refused as not served."""
    node = c(path, "regex", "^[a-z1-3](_b|ct)?")
    async with opened(database) as store:
        for document in DOCUMENTS:
            await store.commit([insert(document)])
        try:
            found = await ids(store, Query(node))
        except errors.NotServed:
            assert database.json.name == "postgresql"
        else:
            assert found == [each["id"] for each in DOCUMENTS if matches(node, each)]


TEXTS = st.sampled_from(
    ["", "a", "b", "A", "ab", "a_b", "a%", "é", "🙂", "\U0010ffff", "'", '"', "\\", "5", "-1.5",
     "12.0", "true", "false", "null", "2026-01-01", "2026-01-01T00:00:00Z", "x" * 300, "x" * 299,
     "2026-01-01T02:00:00.000+02:00", "2026-01-01t00:00:00.0000009", "2026-06-30T23:59:60Z"]
)  # fmt: skip
MOMENTS = st.sampled_from(
    ["2026-01-01T00:00:00Z", "2026-01-01T02:00:00.000+02:00", "2025-12-31T23:59:59.999999Z",
     "2026-01-01t00:00:00.5z", "2024-02-29T12:00:00-23:59", "0001-01-01T00:00:00Z",
     "2026-06-30T23:59:60Z", "2026-07-01T00:00:00+00:00", "2026-01-01T00:00:00.1234567Z"]
)  # fmt: skip
NUMBERS = st.one_of(
    st.integers(-20, 20),
    st.sampled_from([0.5, -1.5, 12.0, 1e-9, 1e15, 2**53 + 1, -(2**62), 0.1, 1 / 3]),
)
SCALARS = st.one_of(TEXTS, MOMENTS, NUMBERS, st.booleans(), st.none())
NAMES = st.sampled_from(["a", "b", 'q"', "back\\slash", "it's", "dotted", "é:x", "$", "[0]", "0"])
ANY = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=6,
)
KNOWN: dict[str, Any] = {
    "status": TEXTS,
    "when": MOMENTS,
    "amount": NUMBERS,
    "done": st.booleans(),
    "name": TEXTS,
}
PARTIES = st.lists(st.fixed_dictionaries({}, optional={"id": TEXTS, "role": SCALARS}), max_size=3)
THING = st.fixed_dictionaries(
    {},
    optional={
        **{name: st.one_of(values, st.none()) for name, values in KNOWN.items()},
        "spec": st.fixed_dictionaries({}, optional={"id": TEXTS}),
        "party": PARTIES,
        "a": st.one_of(SCALARS, ANY),
        'q"': st.one_of(NUMBERS, ANY),
        "0": ANY,
    },
)
KNOWN_PATHS: list[Path] = [
    ("status",), ("when",), ("amount",), ("done",), ("name",), ("spec", "id"), ("party", "id"),
]  # fmt: skip
PATHS = st.one_of(
    st.sampled_from([*KNOWN_PATHS, ("spec",), ("party",)]),
    st.sampled_from([("a",), ('q"',), ("0",), ("party", "role"), ("a", "b"), ('q"', "a")]),
    st.lists(NAMES, min_size=1, max_size=3).map(tuple),
)
TYPES = st.sampled_from(["string", "number", "boolean", "date-time", None])
OPERATORS = st.sampled_from(["eq", "ne", "gt", "gte", "lt", "lte", "contains", "startswith"])
COMPARISONS = st.builds(
    Comparison, PATHS, OPERATORS, st.one_of(TEXTS, MOMENTS, NUMBERS.map(str)), TYPES
)
NODES = st.recursive(
    st.one_of(COMPARISONS, COMPARISONS, st.builds(Exists, PATHS, st.booleans())),
    lambda inner: (
        st.lists(inner, max_size=3)
        .map(tuple)
        .flatmap(lambda parts: st.sampled_from([And(parts), Or(parts)]))
    ),
    max_leaves=4,
)


def sort_key(path: Path, descending: bool, type: ValueType | None) -> SortKey:
    """Where the contract knows the path, the type is the contract's."""
    return SortKey(path, descending, THINGS.types.get(".".join(path), type))


SORTS = st.lists(st.builds(sort_key, PATHS, st.booleans(), TYPES), max_size=3).map(tuple)


def test_filters_and_sorts_agree_with_match_and_order(database: Database) -> None:
    """For any documents, filter and sort, the database finds what match does, in order's order."""
    with asyncio.Runner() as runner:
        store_opened = opened(database)
        store = runner.run(store_opened.__aenter__())

        async def example(
            documents: list[dict[str, Any]], queries: list[tuple[Node, tuple[SortKey, ...]]]
        ) -> None:
            await asyncio.gather(*[store.commit([insert(document)]) for document in documents])
            for node, sort in queries:
                expected = order([each for each in documents if matches(node, each)], sort)
                found = await ids(store, Query(node, sort))
                assert found == [each["id"] for each in expected], (node, sort)
            await asyncio.gather(
                *[store.commit([Remove(THINGS, each["id"], 1)]) for each in documents]
            )

        @settings(
            max_examples=300, deadline=None, suppress_health_check=list(HealthCheck), database=None
        )
        @given(
            st.lists(THING, min_size=1, max_size=6),
            st.lists(st.tuples(NODES, SORTS), min_size=1, max_size=2),
        )
        def examples(
            things: list[dict[str, Any]], queries: list[tuple[Node, tuple[SortKey, ...]]]
        ) -> None:
            documents = [{"id": f"{n}", **thing} for n, thing in enumerate(things)]
            try:
                runner.run(example(documents, queries))
            finally:
                database.rows("DELETE FROM thing_management_v4_some_thing")

        try:
            examples()
        finally:
            runner.run(store_opened.__aexit__(None, None, None))
