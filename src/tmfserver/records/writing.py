"""Writers: documents' JSON texts in, a file of any format out.

What has columns needs to know them all before its first row: such documents are kept in a file
beside, and become rows when the last one is there.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import IO, Any, Protocol

from tmfserver.errors import BrokenFile
from tmfserver.records.columns import Number, cells, typed_cells
from tmfserver.records.formats import Format
from tmfserver.records.packing import packed
from tmfserver.records.record import Columns

MOST_COLUMNS = 5_000
ROWS_AT_ONCE = 500


class Writer(Protocol):
    """Takes texts, each one document without line ends, and is closed when all are there."""

    def write(self, texts: Sequence[str]) -> None: ...

    def close(self) -> None: ...


def open_writer(file: IO[bytes], format_: Format, columns: Columns, name: str = "") -> Writer:
    """A writer to an open binary file, which stays open; packed as the ending of `name` says."""
    if format_ == "parquet":
        return _Rows(columns, lambda found, texts: _parquet(file, found, texts, columns))
    out = packed(file, name)
    close = out.close if out is not file else file.flush
    if format_ == "csv":
        return _Rows(columns, lambda found, texts: _csv(out, found, texts, columns), close)
    return _Lines(out, close) if format_ == "ndjson" else _Array(out, close)


class _Lines:
    def __init__(self, file: IO[bytes], close: Callable[[], object]) -> None:
        self._file, self._close = file, close

    def write(self, texts: Sequence[str]) -> None:
        if texts:
            self._file.write(("\n".join(texts) + "\n").encode())

    def close(self) -> None:
        self._close()


class _Array:
    def __init__(self, file: IO[bytes], close: Callable[[], object]) -> None:
        self._file, self._close = file, close
        self._before = "[\n"

    def write(self, texts: Sequence[str]) -> None:
        if texts:
            self._file.write((self._before + ",\n".join(texts)).encode())
            self._before = ",\n"

    def close(self) -> None:
        self._file.write(b"[]\n" if self._before == "[\n" else b"\n]\n")
        self._close()


class _Rows:
    """Keeps the texts, learns the columns, then makes rows. found: column by column, whether all
    its cells are numbers that a float holds exactly, or true or false, or else."""

    def __init__(
        self,
        columns: Columns,
        make: Callable[[Mapping[str, str], Iterator[list[str]]], None],
        close: Callable[[], object] = lambda: None,
    ) -> None:
        self._known, self._make, self._close = columns, make, close
        self._kept = tempfile.TemporaryFile()  # noqa: SIM115 - close closes it
        self._found: dict[str, str] = {"id": "text"}

    def write(self, texts: Sequence[str]) -> None:
        for text in texts:
            for name, cell in typed_cells(text):
                kind = _kind(cell)
                before = self._found.setdefault(name, kind)
                if before != kind:
                    self._found[name] = "text"
            if len(self._found) > MOST_COLUMNS:
                raise BrokenFile(problem=f"the documents need more than {MOST_COLUMNS} columns")
        if texts:
            self._kept.write(("\n".join(texts) + "\n").encode())

    def close(self) -> None:
        self._kept.seek(0)
        self._make(self._found, self._batches())
        self._kept.close()
        self._close()

    def _batches(self) -> Iterator[list[str]]:
        some: list[str] = []
        for line in self._kept:
            some.append(line.decode())
            if len(some) == ROWS_AT_ONCE:
                yield some
                some = []
        if some:
            yield some


def _kind(cell: Any) -> str:
    if isinstance(cell, bool):
        return "boolean"
    if isinstance(cell, Number):
        return "number" if _is_exact(cell) else "text"
    return "text"


def _is_exact(digits: str) -> bool:
    """Whether a float gives the same number again."""
    value = float(digits)
    return value not in (float("inf"), float("-inf")) and Decimal(repr(value)) == Decimal(digits)


def _csv(
    file: IO[bytes], found: Mapping[str, str], batches: Iterator[list[str]], known: Columns
) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(found), restval="", lineterminator="\n")
    writer.writeheader()
    for texts in batches:
        writer.writerows(cells(each, known) for each in texts)
        file.write(text.getvalue().encode())
        text.seek(0)
        text.truncate()
    file.write(text.getvalue().encode())


def _parquet(
    file: IO[bytes], found: Mapping[str, str], batches: Iterator[list[str]], known: Columns
) -> None:
    """Columns to work with, and the whole document beside them, to the last digit."""
    from tmfserver.records import parquet

    parquet.pyarrow()
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    types = {"number": pa.float64(), "boolean": pa.bool_(), "text": pa.string()}
    names = [name for name in found if name != parquet.DOCUMENT]
    fields = [(name, types[found[name]]) for name in names]
    schema = pa.schema([*fields, (parquet.DOCUMENT, pa.string())])
    convert: Mapping[str, Callable[[str], Any]] = {
        "number": float, "boolean": lambda cell: cell == "true", "text": str,
    }  # fmt: skip
    with ParquetWriter(file, schema, compression="zstd") as writer:
        for texts in batches:
            rows = [cells(each, known) for each in texts]
            arrays = [
                [convert[found[name]](row[name]) if name in row else None for row in rows]
                for name in names
            ]
            arrays.append([each.rstrip("\n") for each in texts])
            made = [pa.array(each, kind.type) for each, kind in zip(arrays, schema, strict=True)]
            writer.write_batch(pa.record_batch(made, schema=schema))
