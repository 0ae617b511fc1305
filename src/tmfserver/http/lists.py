"""Lists of one resource: what a request asks for, and the answer to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from tmfserver.http import paging
from tmfserver.http.cursors import Cursors, mark
from tmfserver.http.errors import JSON_HEADER
from tmfserver.http.paging import Listed, Renderer
from tmfserver.query.ast import Query, ValueType
from tmfserver.query.parse import parse
from tmfserver.repository import Page
from tmfserver.rules import Call, Reply

# Lists are asked for with the same query again and again: what short ones mean is kept.
LONGEST_KEPT = 500


@dataclass(frozen=True)
class Limits:
    """How many documents a list holds when the client does not say, and at most; and whether a
    part of a list is a 206, and Range is understood."""

    page: int
    largest: int
    partial: bool = False


class Lists:
    """`path` is the collection's, e.g. /tmf-api/x/v4/thing; `types` what the contract says of its
    attributes, by dotted path."""

    def __init__(
        self, path: str, types: Mapping[str, ValueType], limits: Limits, cursors: Cursors
    ) -> None:
        self._path, self._types, self._limits, self._cursors = path, types, limits, cursors
        self._known = lru_cache(maxsize=1024)(self._read)

    def read(self, call: Call) -> Listed:
        """Raises errors.BadQuery, errors.NotServed."""
        text = call.query.decode("utf-8", "surrogateescape")
        listed = self._known(text) if len(text) <= LONGEST_KEPT else self._read(text)
        if self._limits.partial:
            return paging.ranged(listed, call.header(b"range"))
        return listed

    def reply(self, page: Page, listed: Listed, url: str, render: Renderer) -> Reply:
        """A page as `render` has it; one too big for memory is sent as it is read."""
        status, headers = paging.part(page, listed.query) if self._limits.partial else (200, [])
        headers += paging.headers(page, listed, url, self._cursors)
        headers.append(JSON_HEADER)
        if page.more is None:
            return Reply(status, render(page.rows), headers)
        return Reply(status, None, headers, paging.pieces(page, render))

    def parse(self, text: str) -> Query:
        """A query string with the limits of lists. Raises errors.BadQuery, errors.NotServed."""
        return parse(text, self._types, limit=self._limits.page, largest=self._limits.largest)

    def _read(self, text: str) -> Listed:
        query = self.parse(text)
        holds_for = mark(self._path, query)
        return Listed(text, self._cursors.apply(text, query, holds_for), holds_for)
