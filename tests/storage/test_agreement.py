"""Any filter and any sort on any documents: the databases find what query.match and query.order
say, for every kind of condition and step."""

from __future__ import annotations

import asyncio
import os
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.storage.databases import THINGS, Database, ids, insert, opened
from tests.storage.drawn import Drawn
from tmfserver.changes import Collection, Remove
from tmfserver.query.ast import And
from tmfserver.query.match import matches
from tmfserver.query.order import order
from tmfserver.sql.rest import implied

QUERIES = 5  # of one example, on the same documents
EXAMPLES = int(os.environ.get("TMFSERVER_TEST_EXAMPLES", "80"))  # or, for a longer run, more
CHANCE = st.randoms(use_true_random=True)
INDEXED = Collection(
    "thingManagement/v4/indexed",
    "indexed",
    indexed=("status", "when", "amount", "done", "spec.id", "party.id", "party.role"),
    types={**THINGS.types, "party.role": "string"},
    arrays=frozenset({"party"}),
)


def test_any_query(database: Database) -> None:
    """For any documents, filter and sort, the database finds what match does, in order's order."""
    with asyncio.Runner() as runner:
        store_opened = opened(database)
        store = runner.run(store_opened.__aenter__())

        async def example(drawn: Drawn) -> None:
            documents = drawn.documents()
            await asyncio.gather(*[store.commit([insert(document)]) for document in documents])
            for _ in range(QUERIES):
                asked = drawn.query(documents)
                fitting = [each for each in documents if matches(asked.filter, each)]
                expected = [each["id"] for each in order(fitting, asked.sort)]
                assert await ids(store, asked) == expected, asked
            await asyncio.gather(
                *[store.commit([Remove(THINGS, each["id"], 1)]) for each in documents]
            )

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        )
        @given(CHANCE)
        def examples(chance: Random) -> None:
            try:
                runner.run(example(Drawn(chance)))
            finally:
                database.rows("DELETE FROM thing_management_v4_some_thing")

        try:
            examples()
        finally:
            runner.run(store_opened.__aexit__(None, None, None))


@settings(max_examples=EXAMPLES, deadline=None, database=None)
@given(CHANCE)
def test_what_a_filter_implies(chance: Random) -> None:
    """What a filter says of indexed attributes holds for every document that it finds."""
    drawn = Drawn(chance)
    documents = drawn.documents()
    for _ in range(10):
        filter_ = drawn.filter(documents, 2)
        more = And(implied(filter_, INDEXED))
        for document in documents:
            assert not matches(filter_, document) or matches(more, document), filter_
