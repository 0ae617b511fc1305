"""Lists: their headers, the links to other pages, and their rows as one JSON array."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TypeAlias

from tmfserver.engine import represent
from tmfserver.query.ast import Query
from tmfserver.repository import Page, Row

Renderer: TypeAlias = Callable[[Sequence[Row]], bytes]

_OFFSET = re.compile(r"(^|&)offset=[^&]*")


def headers(page: Page, query: Query, url: str, text: str) -> list[tuple[bytes, bytes]]:
    """X-Total-Count, X-Result-Count and, where there are other pages, Link (TMF630 4.5)."""
    made = [
        (b"x-total-count", b"%d" % page.total),
        (b"x-result-count", b"%d" % page.count),
    ]
    if query.limit and page.total > page.count:
        made.append((b"link", links(page.total, query, url, text).encode("ascii", "replace")))
    return made


def links(total: int, query: Query, url: str, text: str) -> str:
    """RFC 8288 links: the same query at other offsets."""
    last = (total - 1) // query.limit * query.limit if total else 0
    offsets = {"self": query.offset, "first": 0}
    if query.offset > 0:
        offsets["prev"] = max(0, query.offset - query.limit)
    if query.offset + query.limit < total:
        offsets["next"] = query.offset + query.limit
    offsets["last"] = last
    rest = _OFFSET.sub("", text).lstrip("&")
    rest = f"&{rest}" if rest else ""
    return ", ".join(
        f'<{url}?offset={offset}{rest}>; rel="{name}"' for name, offset in offsets.items()
    )


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
