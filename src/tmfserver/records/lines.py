"""NDJSON: one JSON document a line."""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedReader
from typing import Any

from tmfserver.records.record import Record, Refused

CHUNK = 1024 * 1024
BOM = b"\xef\xbb\xbf"


def lines(file: BufferedReader[Any], limit: int) -> Iterator[Record | Refused]:
    """The lines that are not blank; one longer than `limit` bytes is refused, and never held."""
    position = 0
    for number, line in enumerate(_split(file, limit), 1):
        if line is None:
            position += 1
            yield Refused(position, number, f"the line is longer than {limit} bytes")
            continue
        if line and not line.isspace():
            position += 1
            yield Record(position, number, line)


def _split(file: BufferedReader[Any], limit: int) -> Iterator[bytes | None]:
    """All lines without their ends, None for one that is too long."""
    begun, skipping = b"", False
    chunk = file.read(len(BOM)).removeprefix(BOM) + file.read1(CHUNK)
    while chunk:
        first, *others = chunk.split(b"\n")
        begun = b"" if skipping else begun + first
        if others:
            yield None if skipping or len(begun) > limit else begun
            for line in others[:-1]:
                yield line if len(line) <= limit else None
            begun, skipping = others[-1], False
        if len(begun) > limit:
            begun, skipping = b"", True
        chunk = file.read1(CHUNK)
    if skipping:
        yield None
    elif begun:
        yield begun
