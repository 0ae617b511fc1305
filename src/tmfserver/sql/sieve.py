"""What SQL cannot say of a query: query.match and query.order do it, on each candidate."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from tmfserver import exact
from tmfserver.errors import NotServed
from tmfserver.query.match import compile_match
from tmfserver.query.order import order
from tmfserver.repository import Page, Row
from tmfserver.sql.lanes import Late
from tmfserver.sql.plans import Asked


class Sieve:
    """Takes candidates in the order that SQL gave them, keeps what matches, and cuts the page.

    deadline: of time.monotonic. Raises lanes.Late past it, and errors.NotServed when there are more
    candidates than `most`.
    """

    def __init__(self, asked: Asked, most: int, deadline: float) -> None:
        self._deadline = deadline
        self._query, self._sort, self._most = asked.query, asked.sort, most
        self._matches = compile_match(asked.rest)
        self._looked = self._found = 0
        self._rows: list[Row] = []
        self._documents: list[dict[str, Any]] = []

    def take(self, rows: Iterable[Row]) -> None:
        first, end = self._query.offset, self._query.offset + self._query.limit
        for row in rows:
            self._looked += 1
            if self._looked > self._most:
                raise NotServed(
                    what=f"this query on more than {self._most} candidates: add a condition on an"
                    " indexed attribute, for a part of it must be looked for in each document"
                )
            if time.monotonic() > self._deadline:
                raise Late
            document = exact.loads(row[1])
            if not self._matches(document):
                continue
            if self._sort:
                document["\0row"] = row
                self._documents.append(document)
            elif first <= self._found < end:
                self._rows.append(row)
            self._found += 1

    def page(self) -> Page:
        rows = self._rows
        if self._sort:
            ordered = order(self._documents, self._sort)
            chosen = ordered[self._query.offset : self._query.offset + self._query.limit]
            rows = [document["\0row"] for document in chosen]
        return Page(self._found, len(rows), rows)
