"""Lists: their headers, the links to other pages, and their rows as one JSON array."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from tmfserver.engine import represent
from tmfserver.http.cursors import Cursors
from tmfserver.query.ast import Position, Query
from tmfserver.repository import Page, Row

Renderer: TypeAlias = Callable[[Sequence[Row]], bytes]
Headers: TypeAlias = list[tuple[bytes, bytes]]

_PLACE = re.compile(r"(?:^|&)(?:offset|cursor)=[^&]*")
_RANGE = re.compile(r"\s*items\s*=\s*([0-9]{1,18})\s*-\s*([0-9]{1,18})\s*")
_END = Position(backwards=True)


class Listed(NamedTuple):
    """A list request as it was read. `mark` is what its cursors hold for."""

    text: str
    query: Query
    mark: bytes


def headers(page: Page, listed: Listed, url: str, cursors: Cursors) -> Headers:
    """X-Total-Count, X-Result-Count and, where there are other pages, Link (TMF630 4.5)."""
    made = [
        (b"x-total-count", b"%d" % page.total),
        (b"x-result-count", b"%d" % page.count),
    ]
    if page.capped:
        made.append((b"x-total-count-capped", b"true"))
    if listed.query.limit and (page.total > page.count or page.capped):
        made.append((b"link", links(page, listed, url, cursors).encode("ascii", "replace")))
    return made


def links(page: Page, listed: Listed, url: str, cursors: Cursors) -> str:
    """RFC 8288 links to other pages of the same query: by cursor where the database knows one, so
    that what comes or goes meanwhile moves nothing; else by offset."""
    query = listed.query
    rest = _PLACE.sub("", listed.text).lstrip("&")
    more = f"&{rest}" if rest else ""
    whole = f"{url}?{rest}" if rest else url
    made = [f'<{url}?{listed.text}>; rel="self"', f'<{whole}>; rel="first"']

    def at(position: Position, name: str, size: int | None = None) -> None:
        token = cursors.write(position, listed.mark, size)
        made.append(f'<{url}?cursor={token}{more}>; rel="{name}"')

    def skipping(offset: int, name: str) -> None:
        made.append(f'<{url}?offset={offset}{more}>; rel="{name}"')

    if page.before is not None:
        at(page.before, "prev")
    elif query.start is None and query.offset > 0:
        skipping(max(0, query.offset - query.limit), "prev")
    if page.after is not None:
        at(page.after, "next")
    elif query.start is None and query.offset + query.limit < page.total:
        skipping(query.offset + query.limit, "next")
    if not page.capped:
        in_last = (page.total - 1) % query.limit + 1
        if page.before is None and page.after is None:
            skipping(page.total - in_last, "last")
        else:
            at(_END, "last", in_last)
    return ", ".join(made)


def ranged(listed: Listed, header: str | None) -> Listed:
    """The same list from and to where a Range header says, counted from 1; one that cannot be
    read is left unread (RFC 9110 14.2)."""
    match = _RANGE.fullmatch(header) if header else None
    if match is None or listed.query.start is not None:
        return listed
    first, last = int(match[1]), int(match[2])
    if not 1 <= first <= last:
        return listed
    limit = min(last - first + 1, listed.query.limit)
    return listed._replace(query=replace(listed.query, offset=first - 1, limit=limit))


def part(page: Page, query: Query) -> tuple[int, Headers]:
    """(206, its Content-Range) where the page is a part of the list, else 200 (TMF630 4.5)."""
    if not page.count or query.start is not None or not (page.total > page.count or page.capped):
        return 200, []
    first, last = query.offset + 1, query.offset + page.count
    total = "*" if page.capped else page.total
    return 206, [(b"content-range", f"items {first}-{last}/{total}".encode())]


def array(rows: Sequence[Row], base: str) -> bytes:
    """The rows as they are stored, each with its href: nothing is parsed or printed again."""
    return f"[{','.join([represent(row, base) for row in rows])}]".encode()


async def pieces(page: Page, render: Renderer) -> AsyncIterator[bytes]:
    """A page too big for memory, as pieces of one JSON array."""
    try:
        yield b"[" + render(page.rows)[1:-1]
        if page.more is not None:
            async for rows in page.more:
                if rows:
                    yield b"," + render(rows)[1:-1]
        yield b"]"
    finally:
        if page.more is not None:
            await page.more.aclose()
