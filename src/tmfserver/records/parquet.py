"""Parquet, by pyarrow: a column `document` of JSON texts, or columns as CSV has them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any

import orjson

from tmfserver.errors import BrokenFile
from tmfserver.records.columns import Column, Contradiction, document
from tmfserver.records.record import Columns, Record, Refused

DOCUMENT = "document"
AT_ONCE = 500  # rows


def pyarrow() -> Any:
    """The library with its part for Parquet. Raises errors.BrokenFile where it is not installed."""
    try:
        import pyarrow.parquet as library
    except ImportError:
        problem = "Parquet needs a library: pip install 'tmfserver[files]'"
        raise BrokenFile(problem=problem) from None
    return library


def rows(file: IO[bytes], limit: int, known: Columns) -> Iterator[Record | Refused]:
    """The rows, batch by batch. The file must be one that can be searched, no pipe."""
    library = pyarrow()
    try:
        opened = library.ParquetFile(file, pre_buffer=False, buffer_size=1024 * 1024)
        names = opened.schema_arrow.names
        is_whole = DOCUMENT in names
        columns = [] if is_whole else [Column(name, known) for name in names]
        position = 0
        for batch in opened.iter_batches(AT_ONCE, columns=[DOCUMENT] if is_whole else None):
            values = [column.to_pylist() for column in batch.columns]
            for cells in zip(*values, strict=True):
                position += 1
                yield _row(position, limit, columns, cells)
    except (OSError, ValueError) as error:  # what pyarrow raises is one of these
        problem = " ".join(str(error).split())[:200]
        raise BrokenFile(problem=f"it is no Parquet file that can be read ({problem})") from None


def _row(
    position: int, limit: int, columns: list[Column], cells: tuple[Any, ...]
) -> Record | Refused:
    try:
        content = _content(columns, cells)
    except (Contradiction, ValueError, TypeError) as error:
        return Refused(position, position, str(error))
    if len(content) > limit:
        return Refused(position, position, f"it is longer than {limit} bytes")
    return Record(position, position, content)


def _content(columns: list[Column], cells: tuple[Any, ...]) -> bytes:
    if columns:
        values = [_printable(cell) for cell in cells]
        return orjson.dumps(document(columns, values), default=str)
    (text,) = cells
    if isinstance(text, str):
        return text.encode("utf-8", "surrogateescape")
    if isinstance(text, bytes):
        return text
    raise Contradiction(f"'{DOCUMENT}' holds no text")


def _printable(cell: Any) -> Any:
    """A cell as orjson prints it, with no number and no time changed."""
    if isinstance(cell, float) and not math.isfinite(cell):
        raise Contradiction(f"{cell} is no number that JSON has")
    if isinstance(cell, Decimal):
        return orjson.Fragment(format(cell, "f"))
    if isinstance(cell, datetime):
        zoned = cell.isoformat().replace("+00:00", "Z")
        return zoned if cell.tzinfo else f"{zoned}Z"
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, dict):
        return {key: _printable(inner) for key, inner in cell.items() if inner is not None}
    if isinstance(cell, list):
        return [_printable(inner) for inner in cell]
    return cell
