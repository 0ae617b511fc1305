"""Files in other charsets than UTF-8: what is known of them, and what is read."""

from __future__ import annotations

import encodings
import gzip
import io
import json
import pkgutil
import tracemalloc
from typing import Any

import pytest

from tests.records.test_reading import KNOWN, LIMIT, broken
from tmfserver.errors import BrokenFile
from tmfserver.records import Format, Record, Refused, records_of
from tmfserver.records.charsets import charset_of, codec_of

FILES: dict[Format, str] = {
    "ndjson": '{"id":"1","text":"%s"}\r\n\r\n{"id":"2","text":"%s"}',
    "json": '[{"id":"1","text":"%s"} , {"id":"2","text":"%s"}]',
    "csv": 'id,text\r\n1,%s\r\n2,"%s"\r\n',
}
TEXTS = {
    "iso-8859-1": "café",
    "windows-1252": "5 € – “tout”",
    "ISO_8859-15": "5 €",
    "macintosh": "œuf",
    "koi8-u": "Київ",
    "Shift_JIS": "表示ソ",
    "gb18030": "漢字😀",
    "iso-2022-jp": "日本",
    "utf-7": "café",
    "utf-16": "ä😀",
    "utf-16le": "ä😀",
    "UTF-16BE": "ä😀",
    "utf-32": "ä😀",
    "utf-32-be": "ä😀",
    "utf-8": "ä😀",
    "cp037": "cafe",
}


def read(content: bytes, charset: str, format_: Format | None = None) -> list[Any]:
    codec = codec_of(charset)
    assert codec is not None
    return list(records_of(io.BytesIO(content), format_, LIMIT, KNOWN, codec))


@pytest.mark.parametrize("charset", TEXTS)
@pytest.mark.parametrize("format_", FILES)
@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_texts_are_read_in_their_charset(
    charset: str, format_: Format, told: bool, mark: str
) -> None:
    """Each format, told or found out, plain or packed, with a byte order mark or without."""
    codec = codec_of(charset) or ""
    text = TEXTS[charset]
    if mark and not codec.startswith(("utf", "gb")):
        mark = ""  # it has none
    if codec in ("utf_16", "utf_32"):
        mark = ""  # Python's own codec writes one
    content = (mark + FILES[format_] % (text, text)).encode(codec)
    for each in content, gzip.compress(content):
        found = read(each, charset, format_ if told else None)
        values = [json.loads(one.content) for one in found]
        assert values == [{"id": "1", "text": text}, {"id": "2", "text": text}]
    lines = {"ndjson": [1, 3], "json": [1, 2], "csv": [2, 3]}
    assert [one.line for one in found] == lines[format_]


@pytest.mark.parametrize("codec", ["utf_16_le", "utf_16_be", "utf_32_le", "utf_32_be"])
def test_the_order_of_bytes_is_found_out(codec: str) -> None:
    """By the mark, whatever the name says, and without one by the first character."""
    content = FILES["ndjson"] % ("ä", "ö")
    family = codec[:6]
    others = {codec, family, f"{family}_le", f"{family}_be"}
    for charset in others:
        assert len(read(f"\ufeff{content}".encode(codec), charset)) == 2
    assert len(read(content.encode(codec), family)) == 2


@pytest.mark.parametrize("format_", FILES)
def test_bytes_that_are_not_of_the_charset_are_refused(format_: Format) -> None:
    """Record by record, named by the charset; the others are read."""
    whole = (FILES[format_] % ("café", "thé")).encode("cp1252")
    found = read(whole.replace(b"\xe9", b"\x81", 1), "windows-1252", format_)
    assert [type(each) for each in found] == [Refused, Record]
    assert found[0].reason == "it is not CP1252"
    found = read((FILES[format_] % ("表", "示")).encode("utf-8"), "euc-jp", format_)
    assert {each.reason for each in found} == {"it is not EUC-JP"}


def test_what_is_cut_in_a_character_is_refused() -> None:
    """The last record alone."""
    content = '{"a":1}\n{"a":"ä"}'.encode("utf-16-le")
    first, last = read(content[:-1], "utf-16-le", "ndjson")
    assert json.loads(first.content) == {"a": 1}
    assert last == Refused(2, 2, "it is not UTF-16-LE")


def test_columns_that_are_not_of_the_charset_are_told() -> None:
    """The file is broken: no row can be read."""
    with pytest.raises(BrokenFile, match="of its first line, it is not CP1252"):
        read(b"id,caf\x81\n1,2\n", "cp1252", "csv")


def test_a_mark_says_more_than_a_name() -> None:
    """UTF-8 with a mark is UTF-8, and UTF-16 with one is no Latin-1."""
    assert read("\ufeffid,a\n1,é\n".encode(), "latin-1")[0].content == '{"id":"1","a":"é"}'.encode()
    with pytest.raises(BrokenFile, match="it is UTF-16, expected LATIN-1"):
        read("id\n1\n".encode("utf-16"), "latin-1")
    assert broken("id\n1\n".encode("utf-16"))[1].endswith("it is UTF-16, expected UTF-8.")


def test_parquet_has_no_charset() -> None:
    """It is read as ever, told or found out."""
    from tests.records.test_reading import EXPECTED, written

    for format_ in "parquet", None:
        found = read(written("parquet"), "utf-16", format_)  # type: ignore[arg-type]
        assert [json.loads(each.content) for each in found] == EXPECTED


@pytest.mark.parametrize(
    "name",
    ["", "zip", "bz2", "rot13", "hex", "base64", "uu", "quopri", "idna", "punycode", "undefined",
     "unicode_escape", "raw-unicode-escape", "charmap", "aliases", "utf-9", "latin-99", "é",
     "utf-8é", "utf-8\0", "../utf_8", "os", "x" * 10_000, "utf-8-----", " utf-8"],
)  # fmt: skip
def test_what_is_no_charset_is_not_known(name: str) -> None:
    """Neither what only Python calls a codec, nor a part of it, nor nonsense."""
    assert codec_of(name) is None


def test_every_codec_of_python_reads_or_is_not_known() -> None:
    """None of them fails in a way of its own, whatever the bytes are."""
    known = 0
    noise = bytes(range(256)) * 3
    for module in pkgutil.iter_modules(encodings.__path__):
        codec = codec_of(module.name)
        if codec is None:
            continue
        known += 1
        text = '{"id":"1"}\n'
        found = list(records_of(io.BytesIO(text.encode(codec)), "ndjson", LIMIT, KNOWN, codec))
        assert [json.loads(each.content) for each in found] == [{"id": "1"}], codec
        for each in records_of(io.BytesIO(noise), "ndjson", LIMIT, KNOWN, codec):
            assert codec == "utf_8" or isinstance(each, Refused) or each.content.decode()
    assert known > 80


def test_a_file_in_another_charset_is_not_held() -> None:
    """A part of it is in memory, however long it is."""
    line = '{"id":"1","text":"ä"}\n'.encode("utf-16-le")
    content = io.BytesIO(line * (8_000_000 // len(line)))
    tracemalloc.start()
    count = sum(1 for _ in records_of(content, "ndjson", LIMIT, KNOWN, "utf_16_le"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 8_000_000 // len(line)
    assert peak < 6_000_000


@pytest.mark.parametrize(
    ("media_type", "charset"),
    [
        ("text/csv", ""),
        ("text/csv;charset=latin-1", "latin-1"),
        ('Text/CSV; header=present; Charset="ISO-8859-1"', "ISO-8859-1"),
        ("text/csv; charset", ""),
        ("text/csv; charset=", ""),
        ("charset=x", ""),
    ],
)
def test_a_media_type_names_a_charset(media_type: str, charset: str) -> None:
    """Among its parameters, however it is written."""
    assert charset_of(media_type) == charset
