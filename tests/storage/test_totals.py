"""What the databases add up of documents is what is meant, however odd the documents are."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.query.plainly import ATTRIBUTES, DOCUMENTS, added, asked_for
from tests.storage.databases import THINGS, Database, Sqlite, insert, opened
from tmfserver.changes import Remove
from tmfserver.query.ast import Comparison, Node
from tmfserver.query.folding import Folded
from tmfserver.query.jsonpath import Expressions
from tmfserver.query.match import matches
from tmfserver.query.summing import MOST_NAMES, Group, Summing
from tmfserver.sql import Limits
from tmfserver.sql.aside_jobs import Job, Opening, Source
from tmfserver.sql.plans import Plans
from tmfserver.sql.postgres.aside import PostgresSource
from tmfserver.sql.sqlite.aside import SqliteSource

NAMES = st.lists(st.sampled_from(ATTRIBUTES), max_size=3, unique=True)
FILTERS: list[Node | None] = [
    None,
    Comparison(("kind",), "eq", "a"),
    # What SQL cannot say of a filter is looked for in whole documents.
    Expressions({}).condition("$[?(avg(@..amount.value)>=1)]"),
]
ASKED = st.tuples(st.tuples(NAMES, NAMES, NAMES), st.sampled_from(FILTERS))
SECONDS = 300


@contextmanager
def source(database: Database) -> Iterator[Source]:
    """As in a process for slow queries, but in this one."""
    if isinstance(database, Sqlite):
        yield SqliteSource(Opening("sqlite", str(database.path), Limits()))
        return
    postgres = PostgresSource(Opening("postgresql", database.url, Limits()))
    yield postgres
    if postgres._connection is not None:
        postgres._connection.close()


def totals(found: Source, plans: Plans, filter_: Node | None, summing: Summing) -> Folded | None:
    job = Job(plans.scan(THINGS, filter_, summing), SECONDS, summing=summing)
    return found.read(job, time.monotonic() + SECONDS).folded


def test_any_totals(database: Database) -> None:
    """For any documents, groups, sums and filter the totals are those of the documents found."""
    with asyncio.Runner() as runner, source(database) as reader:
        store_opened = opened(database)
        store = runner.run(store_opened.__aenter__())
        plans = Plans(database.json)

        async def insert_all(documents: list[Any]) -> None:
            await asyncio.gather(*[store.commit([insert(document)]) for document in documents])

        def example(documents: list[Any], asked: list[Any]) -> None:
            runner.run(insert_all(documents))
            for names, filter_ in asked:
                summing = asked_for(*names)
                fitting = [each for each in documents if filter_ is None or matches(filter_, each)]
                expected = added(summing, fitting)
                assert totals(reader, plans, filter_, summing) == expected, (names, filter_)

        @settings(
            max_examples=200,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        )
        @given(st.lists(DOCUMENTS, max_size=5), st.lists(ASKED, min_size=4, max_size=4))
        def examples(documents: list[Any], asked: list[Any]) -> None:
            try:
                example([{"id": f"{n}", **each} for n, each in enumerate(documents)], asked)
            finally:
                database.rows("DELETE FROM thing_management_v4_some_thing")

        try:
            examples()
        finally:
            runner.run(store_opened.__aexit__(None, None, None))


async def test_as_many_attributes_as_may_be_named(database: Database) -> None:
    """Thirty of them, each behind an array, are one statement."""
    names = [f"a{n}.b.c" for n in range(3 * MOST_NAMES)]
    document = {"id": "1", **{f"a{n}": [{"b": {"c": n}}] for n in range(len(names))}}
    groups, sums, distinct = (names[n::3] for n in range(3))
    await _agree(database, asked_for(groups, sums, distinct), document)


async def test_names_that_no_path_can_hold(database: Database) -> None:
    """A contract may have them, and then documents are read whole."""
    group = Group('q"', ('q"', "x"))
    await _agree(database, Summing((group,), (group,)), {"id": "1", 'q"': [{"x": 1}, {"x": 2}]})


async def _agree(database: Database, summing: Summing, document: Any) -> None:
    async with opened(database) as store:
        await store.commit([insert(document)])
        with source(database) as reader:
            found = totals(reader, Plans(database.json), None, summing)
            assert found == added(summing, [document])
        await store.commit([Remove(THINGS, document["id"], 1)])


async def test_very_many_groups(database: Database) -> None:
    """They come from the process for slow queries as few do."""
    ids = [f"{n:03}" for n in range(120)]
    document = {"id": "1", "party": [{"id": id} for id in ids], "part": [{"tag": id} for id in ids]}
    summing = asked_for(["party.id", "part.tag"], [], [])
    async with opened(database, limits=Limits(totals_seconds=120)) as store:
        await store.commit([insert(document)])
        assert await store.fold(THINGS, None, summing) == added(summing, [document])
