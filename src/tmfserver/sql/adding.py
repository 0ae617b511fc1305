"""Adding up what a query finds, row by row, in the process for slow queries."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

from tmfserver import exact
from tmfserver.errors import NotServed
from tmfserver.query.folding import Fold, Total
from tmfserver.query.match import compile_match
from tmfserver.query.summing import Summing
from tmfserver.repository import Page
from tmfserver.sql.aside_jobs import Found
from tmfserver.sql.lanes import Late
from tmfserver.sql.plans import Asked
from tmfserver.sql.shares import MOST_KEPT, Shares, cut, moments

LOOKS = 64  # rows between two looks at the clock


def added_up(
    rows: Iterable[Any], asked: Asked, summing: Summing, most: int, deadline: float
) -> Found:
    """rows: of the texts of the branches, where asked for so, else of (id, document, ...), and
    candidates where the query is not exact.

    Raises lanes.Late past the deadline (of time.monotonic), errors.NotServed when there are more
    candidates than `most`, and errors.BadQuery when there are too many groups.
    """
    fold = Fold(summing)
    if asked.branches is not None:
        _add_shares(rows, fold, deadline)
    else:
        _add_documents(rows, asked, fold, most, deadline)
    return Found(Page(fold.folded.documents, 0, []), folded=fold.folded)


def _add_shares(rows: Iterable[Any], fold: Fold, deadline: float) -> None:
    known = [Shares(branch) for branch in fold.branches]
    groups = sum(1 for branch in fold.branches if branch.groups)  # these come first
    parts = moments(fold.branches)
    reached: dict[Any, Sequence[Total]] = {}
    for looked, row in enumerate(rows, 1):
        if looked % LOOKS == 0 and time.monotonic() > deadline:
            raise Late
        texts = list(row)
        for at, length in parts:
            texts[at] = cut(texts[at], length)
        shares = [each[text] for each, text in zip(known, texts, strict=False)]
        key = tuple(texts[:groups])
        totals = reached.get(key)
        if totals is None:
            if len(reached) >= MOST_KEPT:
                reached.clear()
            totals = reached[key] = fold.reached(shares)
        fold.add(shares, totals)


def _add_documents(
    rows: Iterable[Any], asked: Asked, fold: Fold, most: int, deadline: float
) -> None:
    matches = None if asked.rest is None else compile_match(asked.rest)
    for looked, row in enumerate(rows, 1):
        if looked % LOOKS == 0 and time.monotonic() > deadline:
            raise Late
        if matches is not None and looked > most:
            raise NotServed(
                what=f"totals of more than {most} candidates for a part of this query: add a"
                " condition on an indexed attribute"
            )
        document = exact.loads(row[1])
        if matches is None or matches(document):
            fold.take(document)
