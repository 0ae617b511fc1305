"""Which format a file has, by its media type, its name or its first bytes, and who reads it."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping
from io import BufferedReader
from typing import IO, Any, Literal, TypeAlias, get_args

from tmfserver.errors import BrokenFile
from tmfserver.records import arrays, lines, tables
from tmfserver.records.charsets import NEVER, UTF_8, as_utf_8, charset_shown
from tmfserver.records.packing import CHUNK, unpacked
from tmfserver.records.record import Columns, Record, Refused

Format: TypeAlias = Literal["ndjson", "json", "csv", "parquet"]
FORMATS: tuple[Format, ...] = get_args(Format)

# The first of each is what an export says it is.
MEDIA_TYPES: Mapping[Format, tuple[str, ...]] = {
    "ndjson": ("application/x-ndjson", "application/ndjson", "application/jsonl"),
    "json": ("application/json",),
    "csv": ("text/csv",),
    "parquet": ("application/vnd.apache.parquet",),
}
UTF_16 = codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE
_ENDINGS: Mapping[str, Format] = {
    ".ndjson": "ndjson", ".jsonl": "ndjson", ".json": "json", ".csv": "csv", ".parquet": "parquet",
}  # fmt: skip


def format_of_media_type(media_type: str) -> Format | None:
    """None for one that says nothing of the format."""
    name = media_type.partition(";")[0].strip().lower()
    return next((format_ for format_, names in MEDIA_TYPES.items() if name in names), None)


def format_of_name(name: str) -> Format | None:
    """By the ending of a file's name, .gz and .zst aside."""
    plain = name.lower().removesuffix(".gz").removesuffix(".zst")
    return next((found for ending, found in _ENDINGS.items() if plain.endswith(ending)), None)


def records_of(
    file: IO[bytes], format_: Format | None, limit: int, columns: Columns, codec: str = UTF_8
) -> Iterator[Record | Refused]:
    """All records of a file, packed or not, in their order.

    format_: None to tell by the first bytes. limit: bytes of one record, as UTF-8. codec: of its
    texts, see codec_of; a mark of UTF-8 at the beginning says more, and Parquet has none. Raises
    errors.BrokenFile where the file cannot be read on; what came before it is as it is.
    """
    if format_ == "parquet":
        yield from _parquet(file, limit, columns)
        return
    content = unpacked(file)
    head = content.peek(CHUNK)
    if head.startswith(b"PAR1") and format_ is None:
        yield from _parquet(file, limit, columns)
        return
    if head.startswith(codecs.BOM_UTF8):
        codec = UTF_8
    elif head.startswith(UTF_16) and not codec.startswith(("utf_16", "utf_32")):
        raise BrokenFile(problem=f"it is UTF-16, expected {charset_shown(codec)}")
    content = as_utf_8(content, codec)
    records = _texts(content, format_ or _told_by(content.peek(CHUNK)), limit, columns, codec)
    yield from records if codec == UTF_8 else _of_charset(records, codec)


def _texts(
    content: BufferedReader[Any], format_: Format, limit: int, columns: Columns, codec: str
) -> Iterator[Record | Refused]:
    if format_ == "csv":
        return tables.rows(content, limit, columns, charset_shown(codec))
    if format_ == "json":
        return arrays.elements(content, limit)
    return lines.lines(content, limit)


def _of_charset(records: Iterator[Record | Refused], codec: str) -> Iterator[Record | Refused]:
    """The records without those that held bytes which are none of the charset's."""
    for record in records:
        if isinstance(record, Record) and NEVER in record.content:
            yield Refused(record.position, record.line, f"it is not {charset_shown(codec)}")
        else:
            yield record


def _told_by(head: bytes) -> Format:
    head = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"["):
        return "json"
    return "ndjson" if head.startswith(b"{") or not head else "csv"


def _parquet(file: IO[bytes], limit: int, columns: Columns) -> Iterator[Record | Refused]:
    from tmfserver.records import parquet

    file.seek(0)
    yield from parquet.rows(file, limit, columns)
