"""CSV: the first line names the columns, which are dotted paths; see columns.py."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import IO

import orjson

from tmfserver.errors import BrokenFile
from tmfserver.records.columns import Column, Contradiction, document
from tmfserver.records.lines import BOM
from tmfserver.records.record import Columns, Record, Refused


def rows(
    file: IO[bytes], limit: int, known: Columns, charset: str = "UTF-8"
) -> Iterator[Record | Refused]:
    """The rows. One with more or fewer cells than columns, or that is not UTF-8, is refused.
    charset: what it was before it was made UTF-8, for people.
    Raises errors.BrokenFile for a header that names no columns, or one twice, and for a quote that
    goes on for more than `limit` bytes: what follows cannot be told then."""
    source = _Lines(file, limit, charset)
    reader = csv.reader(source, strict=True)
    csv.field_size_limit(max(limit, csv.field_size_limit()))
    try:
        header = next(reader, [])
    except csv.Error as error:
        raise BrokenFile(problem=f"its first line is no CSV ({error})") from None
    if source.problem:
        raise BrokenFile(problem=f"of its first line, {source.problem}")
    columns = _columns(header, known)
    position = 0
    while True:
        source.begin()
        line = source.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            # It says so at the end of the file: a quote that never ends takes all lines in.
            position += 1
            yield Refused(position, line, f"it is no CSV ({error})")
            continue
        if not cells:
            continue
        position += 1
        yield _row(position, line, columns, cells, source.problem)


def _columns(header: list[str], known: Columns) -> list[Column]:
    names = [name.strip() for name in header]
    if not any(names):
        raise BrokenFile(problem="its first line names no columns")
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise BrokenFile(problem=f"it has the column '{min(twice)}' twice")
    return [Column(name, known) for name in names]


def _row(
    position: int, line: int, columns: list[Column], cells: list[str], problem: str
) -> Record | Refused:
    if problem:
        return Refused(position, line, problem)
    if len(cells) != len(columns):
        reason = f"it has {len(cells)} cells, but there are {len(columns)} columns"
        return Refused(position, line, reason)
    values = [
        column.value(cell) if cell else None for column, cell in zip(columns, cells, strict=True)
    ]
    try:
        return Record(position, line, orjson.dumps(document(columns, values)))
    except (Contradiction, TypeError) as error:
        return Refused(position, line, str(error))


class _Lines:
    """Lines as text. A row that is longer than `limit` bytes, or not UTF-8, has a problem."""

    def __init__(self, file: IO[bytes], limit: int, charset: str) -> None:
        self._file, self._limit, self._charset = file, limit, charset
        self.number, self.problem = 0, ""
        self._size = 0

    def begin(self) -> None:
        """A row begins: what the lines before it were is forgotten."""
        self.problem, self._size = "", 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._file.readline(self._limit + 1)
        if not line:
            raise StopIteration
        if self.number == 0:
            line = line.removeprefix(BOM)
        self.number += 1
        is_first = not self._size
        self._size += len(line)
        if self._size > self._limit and not is_first:
            problem = f"a quote before line {self.number} does not end within {self._limit} bytes"
            raise BrokenFile(problem=problem)
        if self._size > self._limit:
            self.problem = f"the row is longer than {self._limit} bytes"
            while line and not line.endswith(b"\n"):
                line = self._file.readline(self._limit)
            return "too long\n"
        try:
            return line.decode()
        except UnicodeDecodeError as error:
            place = f" ({error.reason} at byte {error.start})" if self._charset == "UTF-8" else ""
            self.problem = f"it is not {self._charset}{place}"
            return line.decode("utf-8", "replace")
