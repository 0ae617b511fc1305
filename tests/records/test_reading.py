"""Files of records: what is read of them, and what is said of what cannot be read."""

from __future__ import annotations

import gzip
import io
import json
from decimal import Decimal
from typing import Any

import pytest

from tmfserver.errors import BrokenFile
from tmfserver.records import Columns, Format, Record, Refused, open_writer, records_of

KNOWN = Columns(
    {"id": "string", "amount": "number", "party.id": "string", "done": "boolean"},
    frozenset({"party"}),
)
LIMIT = 1_000_000
DOCUMENTS: list[dict[str, Any]] = [
    {
        "id": "1",
        "amount": 0,
        "party": [{"id": "7"}, {"id": "8", "@type": "true"}],
        "text": 'he said "ä,\n😀"',
        "anything": ["42", 42, True, None, "null", [], {}, "[", '"'],
        "done": False,
    },
    {"id": "2", "other": {"deep": {"er": -1}}},
    {"id": "3", "party": [{"id": "9"}]},
]
# As it stands in the file: no reader may print a number anew.
TEXTS = [
    json.dumps(each, ensure_ascii=False).replace('"amount": 0', '"amount": 12.3400')
    for each in DOCUMENTS
]
EXPECTED = [{**each, **({"amount": 12.34} if "amount" in each else {})} for each in DOCUMENTS]


def read(content: bytes, format_: Format | None = None, limit: int = LIMIT) -> list[Any]:
    return list(records_of(io.BytesIO(content), format_, limit, KNOWN))


def broken(content: bytes, format_: Format | None = None, limit: int = LIMIT) -> tuple[int, str]:
    """How many records came before the file could not be read on, and why."""
    count = 0
    with pytest.raises(BrokenFile) as caught:  # noqa: PT012
        for _ in records_of(io.BytesIO(content), format_, limit, KNOWN):
            count += 1
    return count, str(caught.value)


def written(format_: Format, ending: str = "") -> bytes:
    file = io.BytesIO()
    writer = open_writer(file, format_, KNOWN, ending)
    writer.write(TEXTS[:1])
    writer.write([])
    writer.write(TEXTS[1:])
    writer.close()
    return file.getvalue()


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("ending", ["", ".gz", ".zst"])
@pytest.mark.parametrize("format_", ["ndjson", "json", "csv", "parquet"])
def test_what_is_written_is_read_again(format_: Format, ending: str, told: bool) -> None:
    """Each format gives the same documents back, to the last digit, and is known by its bytes."""
    found = read(written(format_, ending), format_ if told else None)
    assert [json.loads(each.content) for each in found] == EXPECTED
    assert [each.position for each in found] == [1, 2, 3]
    assert b"12.3400" in found[0].content


@pytest.mark.parametrize("format_", ["ndjson", "json", "csv", "parquet"])
def test_nothing_is_a_file_too(format_: Format) -> None:
    """An export of nothing can be read again."""
    file = io.BytesIO()
    writer = open_writer(file, format_, KNOWN)
    writer.close()
    assert read(file.getvalue(), format_) == []


@pytest.mark.parametrize("ending", [".gz", ".zst"])
def test_a_packed_file_that_was_cut_is_broken(ending: str) -> None:
    """Its end is missed, wherever it was cut."""
    whole = written("ndjson", ending)
    for length in (10, len(whole) // 2, len(whole) - 1):
        assert "ends too soon" in broken(whole[:length], "ndjson")[1]


def test_a_packed_file_that_was_damaged_is_broken() -> None:
    """What its sum does not agree with is not taken for content."""
    whole = bytearray(written("ndjson", ".gz"))
    whole[-6] ^= 1
    assert "damaged" in broken(bytes(whole))[1]


def test_packed_files_one_after_the_other_are_one() -> None:
    """As `cat a.gz b.gz` makes them."""
    assert len(read(written("ndjson", ".gz") * 2)) == 6
    assert len(read(written("ndjson", ".zst") * 2)) == 6


def test_lines_have_their_numbers() -> None:
    """Blank lines count as lines, but are no records; a line may end in CR LF, or not at all."""
    found = read(b'\xef\xbb\xbf{"a":1}\r\n\r\n  \n{"a":2}\n\n{"a":3}', "ndjson")
    assert [(each.position, each.line) for each in found] == [(1, 1), (2, 4), (3, 6)]


def test_a_line_that_is_too_long_is_refused_and_skipped() -> None:
    """The lines before and after it are read; it is never held."""

    class Endless(io.RawIOBase):
        """200 MB without a line end, made as it is read."""

        def __init__(self) -> None:
            self.parts = [b'{"a":1}\n{"a":"', *[b"x" * 1_000_000] * 200, b'"}\n{"a":2}\n']
            self.most = 0

        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            self.most = max(self.most, size)
            part = self.parts.pop(0) if self.parts else b""
            if len(part) > size >= 0:
                self.parts.insert(0, part[size:])
                part = part[:size]
            return part

    file = Endless()
    first, second, third = records_of(file, "ndjson", LIMIT, KNOWN)  # type: ignore[arg-type]
    assert isinstance(first, Record)
    assert second == Refused(2, 2, "the line is longer than 1000000 bytes")
    assert third == Record(3, 3, b'{"a":2}')
    assert 0 < file.most < 2_000_000


@pytest.mark.parametrize(
    ("content", "before", "why"),
    [
        (b"", 0, "does not begin with '['"),
        (b'{"a":1}', 0, "does not begin with '['"),
        (b"[", 0, "element 1"),
        (b'[{"a":1},]', 1, "element 2"),
        (b'[{"a":1}', 1, "no ',' or ']'"),
        (b'[{"a":1}, {"a"', 1, "element 2"),
        (b'[{"a":1} {"a":2}]', 1, "no ',' or ']'"),
        (b"[1] 2", 1, "follows the array's end"),
    ],
)
def test_an_array_that_breaks_off_is_broken(content: bytes, before: int, why: str) -> None:
    """What came before is read, and it says where it ends."""
    count, message = broken(content, "json")
    assert count == before
    assert why in message


def test_an_array_is_read_in_parts() -> None:
    """Elements and characters may lie across the parts that it is read in."""
    texts = [
        json.dumps({"id": str(n), "t": "ä😀" * (n % 500)}, ensure_ascii=False) for n in range(2000)
    ]
    found = read(f" [\n{' , '.join(texts)}\n]\n".encode(), "json")
    assert [each.content.decode() for each in found] == texts
    assert broken(f"[{texts[499]}]".encode(), "json", limit=100)[0] == 0


def test_columns_are_paths() -> None:
    """A cell is of the type that the contract says; an empty one is no attribute."""
    header = "id,amount,done,party.id,party[1].id,free,a.b\n"
    rows = "1,12.50,true,7,8,12.50,x\n2,,,,,,\n\n3,NaN,yes,,8,,\n4,1\n"
    first, second, third, fourth = read((header + rows).encode(), "csv")
    assert first.content == (
        b'{"id":"1","amount":12.50,"done":true,"party":[{"id":"7"},{"id":"8"}],"free":12.50,'
        b'"a":{"b":"x"}}'
    )
    assert second == Record(2, 3, b'{"id":"2"}')
    assert "party[1].id has a value" in third.reason
    assert fourth == Refused(4, 6, "it has 2 cells, but there are 7 columns")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\n1\n", "names no columns"),
        (b"id,a..b\n1,2\n", "'a..b' is no column"),
        (b"id,a,id\n1,2,3\n", "'id' twice"),
        (b"id,a[b]\n1,2\n", "is no column"),
        ("id,caf\xe9\n1,2\n".encode("latin-1"), "of its first line, it is not UTF-8"),
        (b"id," + b"x" * LIMIT + b"\n1,2\n", "of its first line, the row is longer than"),
    ],
)
def test_a_header_that_names_no_columns_is_broken(content: bytes, why: str) -> None:
    """It says which column, and what a column is."""
    assert why in broken(content, "csv")[1]


def test_what_is_not_utf_8_is_refused_row_by_row() -> None:
    """The rows around it are read."""
    found = read("id,a\n1,x\n2,é\n3,y\n".encode("latin-1"), "csv")
    assert [type(each) for each in found] == [Record, Refused, Record]
    assert "not UTF-8" in found[1].reason


def test_a_row_that_is_too_long_is_refused() -> None:
    """The next one is read."""
    found = read(b"id,a\n1," + b"x" * 2000 + b"\n2,y\n", "csv", limit=1000)
    assert "longer than 1000 bytes" in found[0].reason
    assert found[1].content == b'{"id":"2","a":"y"}'


def test_a_quote_that_does_not_end_takes_in_no_more_than_a_record() -> None:
    """What follows cannot be told from what is in the quote: the file is broken there, and if it
    ends before, its last row is refused."""
    content = b'id,a\n1,x\n2,"' + b"y,z\n" * 1000
    count, message = broken(content, "csv", limit=1000)
    assert count == 1
    assert "a quote before line 252 does not end within 1000 bytes" in message
    (first, last) = read(content[:200], "csv", limit=1000)
    assert isinstance(first, Record)
    assert last == Refused(2, 3, "it is no CSV (unexpected end of data)")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
@pytest.mark.parametrize("told", [None, "ndjson", "csv", "json"])
def test_utf_16_is_said_to_be_so(encoding: str, told: Format | None) -> None:
    """By the mark at its beginning, packed or not, rather than line by line."""
    content = '\ufeff[{"id":"1"}]\n'.encode(encoding)
    for each in content, gzip.compress(content):
        assert broken(each, told) == (
            0,
            "The file cannot be read on: it is UTF-16, expected UTF-8.",
        )


def test_parquet_columns_keep_numbers_and_times() -> None:
    """Decimals have all their digits, times their zone, and what is no number is refused."""
    import datetime as dt

    import pyarrow as pa
    import pyarrow.parquet as pq

    moment = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
    table = pa.table(
        {
            "id": ["1", "2"],
            "amount": pa.array([Decimal("12345678901234567890.10"), None], pa.decimal128(30, 2)),
            "when": pa.array([moment, None]),
            "share": [0.5, float("nan")],
            "party[0].id": [None, "7"],
        }
    )
    file = io.BytesIO()
    pq.write_table(table, file)
    first, second = read(file.getvalue())
    assert first.content == (
        b'{"id":"1","amount":12345678901234567890.10,"when":"2026-01-31T12:00:00Z","share":0.5}'
    )
    assert "nan is no number" in second.reason
    assert "no Parquet file" in broken(b"PAR1 and no more")[1]
    assert "no Parquet file" in broken(gzip.compress(b"x"), "parquet")[1]
