from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.storage.databases import THINGS, Database, ids, insert, opened
from tests.storage.databases import replace as replaced
from tmfserver.changes import Insert, Remove
from tmfserver.query.ast import And, Comparison, Node, Operator, Or, Query, SortKey
from tmfserver.query.match import matches, values
from tmfserver.query.scalars import instant
from tmfserver.sql.indexed import Index, indexes
from tmfserver.sql.plans import Plans

EXAMPLES = int(os.environ.get("TMFSERVER_TEST_EXAMPLES", "40"))  # or, for a longer run, more
INSIDE = replace(
    THINGS,
    indexed=(*THINGS.indexed, "party.id", "party.since", "part.piece.size", "part.piece.spare"),
    types={
        **THINGS.types,
        "party.since": "date-time",
        "part.piece.size": "number",
        "part.piece.spare": "boolean",
    },
    arrays=frozenset({"party", "part", "part.piece"}),
)


def by(path: str, value: str, operator: Operator = "eq") -> Comparison:
    return Comparison(tuple(path.split(".")), operator, value, INSIDE.types[path])


def scans(said: str) -> bool:
    """Whether a plan reads a whole table of documents."""
    return (
        "Seq Scan on thing_management_v4_some_thing " in said
        or "SCAN thing_management_v4_some_thing'" in said
    )


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
    (by("party.id", "p7"), "_party_id"),
    (by("party.since", "2026-01-01T00:07:00Z"), "_party_since"),
    (by("part.piece.size", "7"), "_part_piece_"),
    (And((by("part.piece.size", "7"), by("done", "true"))), "_part_piece_"),
]


def thing(n: int) -> Insert:
    when = f"2026-01-01T{n // 60 % 24:02}:{n % 60:02}:00Z"
    status = f"s{n * 7919 % 1500:05}"
    document = {"id": str(n), "status": status, "when": when, "amount": n, "spec": {"id": f"{n}"}}
    document["party"] = [{"id": f"p{n}", "since": when}, {"id": "all"}]
    document["part"] = [{"piece": [{"size": n}, {"size": -1}]}]
    return insert(document, INSIDE)


async def test_filters_use_their_index(database: Database) -> None:
    """The database answers a filter on an indexed attribute by its index, for page and total."""
    async with opened(database, INSIDE) as store:
        await asyncio.gather(*[store.commit([thing(n)]) for n in range(1500)])
        await asyncio.to_thread(analyze, database)
        for node, index in ASKED:
            plan, values = Plans(database.json).plan(INSIDE, Query(node, limit=1000))
            for statement in (plan.total, plan.page):
                said = database.plan(statement.sql, statement.bind(values))
                assert f"thing_management_v4_some_thing_{index}" in said, node
                assert not scans(said), (node, said)
        plan, values = Plans(database.json).plan(INSIDE, Query(Comparison(("id",), "eq", "7")))
        said = database.plan(plan.page.sql, plan.page.bind(values))
        assert "thing_management_v4_some_thing_id_key" in said or "autoindex" in said


def analyze(database: Database) -> None:
    database.rows("ANALYZE")


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
        found = [n for _, text, *_ in page.rows for n in range(5) if f"s{n:05}" in text]
        assert found == [0, 1, 2, 3, 4]


async def test_sorting_by_an_indexed_moment(database: Database) -> None:
    """Either way, what is sorted by an indexed date-time is read off its index."""
    async with opened(database) as store:
        await asyncio.gather(*[store.commit([thing(n)]) for n in range(1500)])
        await asyncio.to_thread(analyze, database)
        for descending in (False, True):
            query = Query(sort=(SortKey(("when",), descending, "date-time"),), limit=5)
            plan, values = Plans(database.json).plan(THINGS, query)
            said = database.plan(plan.keys.sql, plan.keys.bind(values))
            assert "thing_management_v4_some_thing_when" in said
            assert not scans(said), said


def kept(index: Index, document: dict[str, Any]) -> set[Any]:
    """What an index must hold of a document, by match's own reading."""
    found = [each for each in values(document, index.path) if not isinstance(each, dict)]
    if index.type == "string":
        return {each[:256] for each in found if isinstance(each, str)}
    if index.type == "date-time":
        moments = [instant(each) for each in found if isinstance(each, str)]
        return {each for each in moments if each is not None}
    if index.type == "boolean":
        return {str(each).lower() for each in found if isinstance(each, bool)}
    return {each for each in found if isinstance(each, int | float) and not isinstance(each, bool)}


def check_indexes(database: Database, documents: dict[str, dict[str, Any]]) -> None:
    """Every column and side table holds what these documents, by id, have, and nothing more."""
    for index in indexes(INSIDE, database.json):
        rows = (
            f'SELECT t.id, s.value FROM "{index.name}" s LEFT JOIN "{index.table}" t USING (seq)'
            if index.kind == "members"
            else f'SELECT id, "{index.name}" FROM "{index.table}"'
        )
        found: dict[str, set[Any]] = {id: set() for id in documents}
        for id, value in database.rows(rows):
            if value is not None:
                found[id].add(float(value) if index.type == "number" else value)
        expected = {id: kept(index, document) for id, document in documents.items()}
        if index.type == "number":
            expected = {id: {float(each) for each in held} for id, held in expected.items()}
        assert found == expected, index.dotted


TEXTS = st.sampled_from(
    ["", "a", "b", "ab", "é", "🙂", "\U0010ffff", "'", "5", "true", "2026-01-01", "x" * 300,
     "x" * 256 + "y", "x" * 256, "x" * 255, "2026-01-01T00:00:00Z", "2026-01-01T02:00:00+02:00"]
)  # fmt: skip
NUMBERS = st.one_of(st.integers(-20, 20), st.sampled_from([0.5, -1.5, 12.0, 1e-9, 2**53 + 1]))
OPERATORS = st.sampled_from(["eq", "ne", "gt", "gte", "lt", "lte", "contains", "startswith"])
THING = st.fixed_dictionaries(
    {},
    optional={
        "status": st.one_of(TEXTS, st.none()),
        "when": TEXTS,
        "amount": NUMBERS,
        "done": st.booleans(),
        "spec": st.fixed_dictionaries({}, optional={"id": TEXTS}),
    },
)
PIECES = st.lists(
    st.one_of(
        st.fixed_dictionaries({}, optional={"size": st.integers(-3, 3), "spare": st.booleans()}),
        st.none(),
    ),
    max_size=2,
)
PARTIES = st.lists(
    st.one_of(st.fixed_dictionaries({}, optional={"id": TEXTS, "since": TEXTS}), st.none()),
    max_size=3,
)
WHOLE = st.builds(
    lambda thing, inside: {**thing, **inside},
    THING,
    st.fixed_dictionaries(
        {"party": st.one_of(PARTIES, st.none())},
        optional={"part": st.lists(st.fixed_dictionaries({}, optional={"piece": PIECES}))},
    ),
)
ON_INDEXED = st.builds(
    lambda path, operator, value: Comparison(
        tuple(path.split(".")), operator, value, INSIDE.types[path]
    ),
    st.sampled_from(INSIDE.indexed),
    OPERATORS,
    st.one_of(TEXTS, NUMBERS.map(str), st.sampled_from(["true", "false", "-3", "3"])),
)


def test_indexes_agree_with_match(database: Database) -> None:
    """Whatever is written and changed, indexes hold what is there, and find what match finds."""
    with asyncio.Runner() as runner:
        store_opened = opened(database, INSIDE)
        store = runner.run(store_opened.__aenter__())

        async def example(old: list[Any], new: list[Any], nodes: list[Node]) -> None:
            documents = {each["id"]: each for each in old}
            await asyncio.gather(*[store.commit([insert(each, INSIDE)]) for each in old])
            for each in new:
                documents[each["id"]] = each
                await store.commit([replaced(each, 1, 2, INSIDE)])
            check_indexes(database, documents)
            for node in nodes:
                expected = [id for id, each in documents.items() if matches(node, each)]
                assert await ids(store, Query(node), INSIDE) == expected, node
            seen = dict.fromkeys(documents, 1) | {each["id"]: 2 for each in new}
            await asyncio.gather(
                *[store.commit([Remove(INSIDE, id, seen[id])]) for id in documents]
            )
            check_indexes(database, {})

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        )
        @given(
            st.lists(WHOLE, min_size=1, max_size=4),
            st.lists(WHOLE, max_size=2),
            st.lists(ON_INDEXED, min_size=1, max_size=4),
        )
        def examples(old: list[Any], new: list[Any], nodes: list[Node]) -> None:
            old = [{**each, "id": str(n)} for n, each in enumerate(old)]
            new = [{**each, "id": str(n)} for n, each in enumerate(new[: len(old)])]
            try:
                runner.run(example(old, new, nodes))
            finally:
                database.rows("DELETE FROM thing_management_v4_some_thing")

        try:
            examples()
        finally:
            runner.run(store_opened.__aexit__(None, None, None))
