"""Where the pages before and after a page are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tmfserver.query.ast import Query
from tmfserver.repository import Page, Row
from tmfserver.sql.keys import position


def made_page(
    query: Query,
    total: int,
    rows: Sequence[Row],
    fetched: int,
    total_limit: int,
    last: Sequence[Any] | None = None,
) -> Page:
    """A page as far as its `rows` were read.

    total: all that match, or one more than `total_limit` (0: none) if they are more than that.
    fetched: how many rows there are from the page's beginning on, one more than its limit at most.
    last: (seq, keys ...) of its last row, where that is not among `rows`.
    """
    here, start = min(fetched, query.limit), query.start
    capped = bool(total_limit) and total > total_limit
    total = total_limit if capped else max(total, here)
    if not here:
        return Page(total, 0, rows, capped=capped)
    if start is None:
        goes_on = fetched == query.limit if capped else query.offset + here < total
        has_before = query.offset > 0
    elif start.backwards:
        goes_on, has_before = start.seq is not None, fetched > query.limit
    else:
        goes_on, has_before = fetched > query.limit, True
    before = replace(position(rows[0]), backwards=True) if has_before else None
    after = None
    if goes_on:
        after = position(rows[-1] if last is None else (None, None, None, *last))
    return Page(total, here, rows, capped=capped, before=before, after=after)
