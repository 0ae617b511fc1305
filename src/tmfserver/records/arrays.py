"""A JSON array, element by element.

Python's own decoder finds where an element ends, in C; its text goes on as it stands, so that no
number changes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BufferedReader
from typing import Any

from tmfserver.errors import BrokenFile
from tmfserver.records.record import Record

CHUNK = 256 * 1024
_SPACE = " \t\n\r"


def elements(file: BufferedReader[Any], limit: int) -> Iterator[Record]:
    """The array's elements. Raises errors.BrokenFile where it is no array, or breaks off, or one
    element has more than `limit` bytes: what follows cannot be found then."""
    text = _Text(file, limit)
    if text.sign() != "[":
        raise BrokenFile(problem="it is no JSON array: it does not begin with '['")
    text.step()
    position = 0
    while text.sign() != "]" or position:
        content = text.value()
        if content is None:
            raise BrokenFile(
                problem=f"element {position + 1} of the array is no JSON, or is cut short, or has"
                f" more than {limit} bytes"
            )
        position += 1
        yield Record(position, position, content.encode("utf-8", "surrogateescape"))
        sign = text.sign()
        if sign == "]":
            break
        if sign != ",":
            problem = f"after element {position} of the array there is no ',' or ']'"
            raise BrokenFile(problem=problem)
        text.step()
    text.step()
    if text.sign():
        raise BrokenFile(problem="something follows the array's end")


class _Text:
    """The file as text, of which a part is held; bytes that are not UTF-8 as surrogate escapes."""

    def __init__(self, file: BufferedReader[Any], limit: int) -> None:
        self._file, self._limit = file, limit
        self._held, self._at = "", 0
        self._cut = b""
        self._ended = False
        self._scan = json.JSONDecoder().raw_decode
        self._more(CHUNK)
        self._held = self._held.removeprefix("\ufeff")

    def sign(self) -> str:
        """The next sign that is no space, "" at the end; it stays the next one."""
        while True:
            while self._at < len(self._held):
                if self._held[self._at] not in _SPACE:
                    return self._held[self._at]
                self._at += 1
            if self._ended:
                return ""
            self._more(CHUNK)

    def step(self) -> None:
        self._at += 1

    def value(self) -> str | None:
        """The text of the value that begins here, or None."""
        self.sign()
        size = CHUNK
        while True:
            try:
                end = self._scan(self._held, self._at)[1]
            except (ValueError, RecursionError):
                end = -1
            # A number that ends where the text held does may go on.
            if end >= 0 and (end < len(self._held) or self._ended):
                content = self._held[self._at : end]
                self._at = end
                return content if len(content) <= self._limit else None
            if self._ended or len(self._held) - self._at > self._limit:
                return None
            self._more(size)
            size *= 2

    def _more(self, size: int) -> None:
        part = self._cut + self._file.read1(size)
        self._ended = len(part) == len(self._cut)
        # What may be the beginning of a character waits for its rest.
        whole = len(part) if self._ended else len(part) - _unfinished(part)
        self._cut = part[whole:]
        text = part[:whole].decode("utf-8", "surrogateescape")
        self._held, self._at = self._held[self._at :] + text, 0


def _unfinished(part: bytes) -> int:
    """How many bytes at the end begin a character of UTF-8 that is not whole."""
    for back in range(1, min(4, len(part)) + 1):
        byte = part[-back]
        if byte >= 0xC0:
            need = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return back if back < need else 0
        if byte < 0x80:
            return 0
    return 0
