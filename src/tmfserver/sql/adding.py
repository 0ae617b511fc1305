"""Adding up what a query finds, document by document, in the process for slow queries."""

from __future__ import annotations

import time
from collections.abc import Iterable
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

LOOKS = 64  # documents between two looks at the clock


def added_up(
    rows: Iterable[Any], asked: Asked, summing: Summing, most: int, deadline: float
) -> Found:
    """rows: of (id, document, ...), candidates where the query is not exact.

    Raises lanes.Late past the deadline (of time.monotonic), errors.NotServed when there are more
    candidates than `most`, and errors.BadQuery when there are too many groups.
    """
    matches = None if asked.rest is None else compile_match(asked.rest)
    fold = Fold(summing)
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
    return Found(Page(fold.folded.documents, 0, []), folded=fold.folded)
