"""Cursors: a place in a list as a text that clients hand back unread, signed so that it is ours."""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import orjson

from tmfserver.errors import BadQuery
from tmfserver.query.ast import Position, Query

_GIVEN = re.compile(r"(?:^|&)cursor=([^&]*)")
_OFFSET = re.compile(r"(?:^|&)offset=")
_MARK, _SIGNATURE = 6, 12  # bytes


def mark(path: str, query: Query) -> bytes:
    """What a cursor holds for: this list with this filter and this order, at any page size."""
    text = f"{path}\0{query.filter!r}\0{query.sort!r}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=_MARK).digest()


class Cursors:
    """Makes and reads cursors. `key` is the database's, so that any server on it reads them."""

    def __init__(self, key: bytes) -> None:
        self._key = key[:64]

    def write(self, position: Position, mark: bytes, size: int | None = None) -> str:
        """size: how many documents its page holds, if not as many as the client asks for."""
        held = [position.backwards, size, position.seq, *position.keys]
        text = mark + orjson.dumps(held)
        return urlsafe_b64encode(self._signature(text) + text).rstrip(b"=").decode()

    def apply(self, text: str, query: Query, mark: bytes) -> Query:
        """The query from where its cursor says, if the query string holds one.

        Raises errors.BadQuery for one that is not ours, or of another list.
        """
        found = _GIVEN.findall(text)
        if not found:
            return query
        came = unquote(found[0])
        if len(found) > 1 or _OFFSET.search(text):
            expected = "one cursor, without an offset beside it"
            raise BadQuery(parameter="cursor", came=f"'{came[:20]}…' and more", expected=expected)
        held = self._read(came, mark)
        if held is None:
            expected = "the cursor of a Link header, with the same filter and sort as in that link"
            raise BadQuery(parameter="cursor", came=f"'{came[:20]}…'", expected=expected)
        backwards, size, seq, *keys = held
        start = Position(tuple(keys), seq, backwards)
        limit = query.limit if size is None else min(size, query.limit)
        return replace(query, start=start, limit=limit)

    def _read(self, came: str, mark: bytes) -> list[Any] | None:
        try:
            whole = urlsafe_b64decode(came + "=" * (-len(came) % 4))
        except (NotBase64, ValueError):
            return None
        signature, text = whole[:_SIGNATURE], whole[_SIGNATURE:]
        if not hmac.compare_digest(signature, self._signature(text)):
            return None
        held: list[Any] = orjson.loads(text[_MARK:])
        return held if text[:_MARK] == mark else None

    def _signature(self, text: bytes) -> bytes:
        return hashlib.blake2b(text, key=self._key, digest_size=_SIGNATURE).digest()
