"""The rows of an export, as one statement gives them: all of one moment, however many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tmfserver import exact
from tmfserver.changes import Collection
from tmfserver.errors import NotServed
from tmfserver.query.ast import Query
from tmfserver.query.match import compile_match
from tmfserver.repository import Row
from tmfserver.sql.dialects import Json
from tmfserver.sql.plans import ALL, Asked, Plans

CHUNK = 50  # rows at a time: what a processor keeps at hand


def asked(
    collection: Collection, collections: Mapping[str, Collection], query: Query, json: Json
) -> Asked:
    """The query as one statement that gives its rows from the first to the last that it wants.

    Raises errors.NotServed for an order that the database does not know: all would have to be held.
    """
    most = min(ALL, query.offset + query.limit)
    plans = Plans(json, collections, scan_limit=ALL)
    made = plans.ask(collection, replace(query, offset=0, limit=most), form="plain")
    if made.sort:
        raise NotServed(what="an export in this order; name an attribute that is a text or number")
    return replace(made, query=query)


def chosen(asked: Asked, batches: Iterable[Sequence[Any]]) -> Iterator[Sequence[Row]]:
    """What of the rows is asked for: what SQL could not say, and the offset."""
    skip, left = asked.query.offset, asked.query.limit
    matches = None if asked.rest is None else compile_match(asked.rest)
    for batch in batches:
        rows: Sequence[Any] = batch
        if matches is not None:
            rows = [row for row in batch if matches(exact.loads(row[1]))]
        if skip:
            passed = min(skip, len(rows))
            rows, skip = rows[passed:], skip - passed
        rows = rows[:left]
        left -= len(rows)
        if rows:
            yield rows
        if not left:
            return


def total(asked: Asked, matching: int) -> int:
    """How many rows there will be, of so many that match."""
    return max(0, min(matching - asked.query.offset, asked.query.limit))
