"""Adding up what a query finds, row by row, in the process for slow queries."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tmfserver import exact
from tmfserver.errors import NotServed
from tmfserver.query.folding import Fold
from tmfserver.query.match import compile_match
from tmfserver.query.summing import Summing
from tmfserver.repository import Page
from tmfserver.sql.aside_jobs import Found
from tmfserver.sql.lanes import Late
from tmfserver.sql.plans import Asked
from tmfserver.sql.shares import Shares, cut, moments

LOOKS = 64  # rows between two looks at the clock
TOGETHER = 20_000  # rows


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
    """Documents that are in the same groups are added together, many rows at a time."""
    known = [Shares(branch) for branch in fold.branches]
    groups = sum(1 for branch in fold.branches if branch.groups)  # these come first
    parts = moments(fold.branches)
    alike: defaultdict[Any, list[Sequence[str | None]]] = defaultdict(list)
    for looked, row in enumerate(rows, 1):
        if looked % LOOKS == 0 and time.monotonic() > deadline:
            raise Late
        texts = list(row)
        for at, length in parts:
            texts[at] = cut(texts[at], length)
        others = texts[groups : len(known)]  # a row has one column at least
        alike[tuple(texts[:groups])].append(others)
        if looked % TOGETHER == 0:
            _add_alike(alike, fold, known)
            alike.clear()
    _add_alike(alike, fold, known)


def _add_alike(
    alike: Mapping[Any, Sequence[Sequence[str | None]]], fold: Fold, known: Sequence[Shares]
) -> None:
    for key, others in alike.items():
        shares = [each[text] for each, text in zip(known, key, strict=False)]
        columns = zip(*others, strict=True)
        shares += [
            each.together(texts) for each, texts in zip(known[len(key) :], columns, strict=True)
        ]
        fold.add(shares, fold.reached(shares), len(others))


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
