"""What the databases add up of documents is what is meant, however odd the documents are."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.query.plainly import ATTRIBUTES, DOCUMENTS, added, asked_for
from tests.storage.databases import THINGS, Database, insert, opened
from tmfserver.query.ast import Comparison, Node
from tmfserver.query.jsonpath import Expressions
from tmfserver.query.match import matches

NAMES = st.lists(st.sampled_from(ATTRIBUTES), max_size=3, unique=True)
FILTERS: list[Node | None] = [
    None,
    Comparison(("kind",), "eq", "a"),
    # What SQL cannot say of a filter is looked for in whole documents.
    Expressions({}).condition("$[?(avg(@..amount.value)>=1)]"),
]


def test_any_totals(database: Database) -> None:
    """For any documents, groups, sums and filter the totals are those of the documents found."""
    with asyncio.Runner() as runner:
        store_opened = opened(database)
        store = runner.run(store_opened.__aenter__())

        async def example(documents: list[Any], asked: list[Any]) -> None:
            await asyncio.gather(*[store.commit([insert(document)]) for document in documents])
            for names, filter_ in asked:
                summing = asked_for(*names)
                fitting = [each for each in documents if filter_ is None or matches(filter_, each)]
                found = await store.fold(THINGS, filter_, summing)
                assert found == added(summing, fitting), (names, filter_)

        @settings(
            max_examples=200,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        )
        @given(
            st.lists(DOCUMENTS, max_size=5),
            st.lists(
                st.tuples(st.tuples(NAMES, NAMES, NAMES), st.sampled_from(FILTERS)),
                min_size=3,
                max_size=3,
            ),
        )
        def examples(documents: list[Any], asked: list[Any]) -> None:
            try:
                numbered = [{"id": f"{n}", **each} for n, each in enumerate(documents)]
                runner.run(example(numbered, asked))
            finally:
                database.rows("DELETE FROM thing_management_v4_some_thing")

        try:
            examples()
        finally:
            runner.run(store_opened.__aexit__(None, None, None))
