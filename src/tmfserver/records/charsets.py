"""Charsets of texts: which are known by what names, and content of any of them as UTF-8."""

from __future__ import annotations

import codecs
import io
import pkgutil
import re
from functools import lru_cache
from typing import Any

UTF_8 = "utf_8"
EXPECTED = "a charset of texts, such as utf-8, iso-8859-1 or utf-16"
# Python has codecs for these too, which are for a name or a literal, or for tests.
_NO_CHARSETS = frozenset({
    "charmap", "idna", "punycode", "raw_unicode_escape", "undefined", "unicode_escape",
})  # fmt: skip
_AS_UTF_8 = frozenset({UTF_8, "utf_8_sig", "ascii"})
_NAME = re.compile(r"[a-z0-9]{1,20}([-_.:][a-z0-9]{1,20}){0,5}")
_MARKS = {
    "utf_16": {codecs.BOM_UTF16_LE: "_le", codecs.BOM_UTF16_BE: "_be"},
    "utf_32": {codecs.BOM_UTF32_LE: "_le", codecs.BOM_UTF32_BE: "_be"},
}
NEVER = b"\xff"  # a byte that UTF-8 has nowhere stands for bytes that are none of the charset's
_HANDLER = "tmfserver.never"
CHUNK = 256 * 1024


def charset_of(media_type: str) -> str:
    """The charset that a Content-Type names, as it came; "" where it names none."""
    for parameter in media_type.split(";")[1:]:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "charset":
            return value.strip('" \t')
    return ""


def codec_of(charset: str) -> str | None:
    """The name of Python's codec for a charset; None for one that is not known, or no charset.

    Only what is one of Python's own names is looked up: it keeps each name that it was asked for.
    """
    name = charset.lower()
    codec = _names().get(re.sub("[-.:]", "_", name)) if _NAME.fullmatch(name) else None
    if codec in _AS_UTF_8:
        return UTF_8
    return codec if codec is not None and _is_charset(codec) else None


def charset_shown(codec: str) -> str:
    """A codec's name for people: UTF-8, ISO8859-1, SHIFT-JIS."""
    return codec.upper().replace("_", "-")


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    import encodings
    from encodings.aliases import aliases

    modules = [each.name for each in pkgutil.iter_modules(encodings.__path__)]
    return {**{each: each for each in modules}, **aliases}


def _is_charset(codec: str) -> bool:
    if codec in _NO_CHARSETS:
        return False
    try:
        "".encode(codec)  # what packs bytes, or makes texts of texts, is refused here
        codecs.getincrementaldecoder(codec)
    except LookupError:  # also of another operating system, or a part of Python's that is no codec
        return False
    return True


def as_utf_8(content: io.BufferedReader[Any], codec: str) -> io.BufferedReader[Any]:
    """The same content in UTF-8, with NEVER for bytes that are none of the charset's."""
    if codec == UTF_8:
        return content
    return io.BufferedReader(_Recoded(content, _ordered(codec, content.peek(4))), CHUNK)


def _ordered(codec: str, head: bytes) -> str:
    """UTF-16 and UTF-32 with the order of their bytes: the mark's, else the name's, else as the
    first character is below 256, as files of records begin."""
    family = codec[:6]
    if family not in _MARKS:
        return codec
    for mark, order in _MARKS[family].items():
        if head.startswith(mark):
            return family + order
    if codec != family:
        return codec
    return family + ("_be" if head.startswith(b"\0") else "_le")


class _Recoded(io.RawIOBase):
    def __init__(self, content: io.BufferedReader[Any], codec: str) -> None:
        self._content = content
        self._decoder = codecs.getincrementaldecoder(codec)(_HANDLER)
        self._ready = memoryview(b"")
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready and not self._ended:
            part = self._content.read1(CHUNK)
            self._ended = not part
            text = self._decoder.decode(part, self._ended)
            self._ready = memoryview(text.encode("utf-8", _HANDLER))
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size


def _never(error: UnicodeError) -> tuple[str | bytes, int]:
    """What cannot be decoded becomes half of a character, which has no UTF-8 and becomes NEVER."""
    if isinstance(error, UnicodeDecodeError):
        return "\udcff", error.end
    if isinstance(error, UnicodeEncodeError):
        return NEVER, error.end
    raise error


codecs.register_error(_HANDLER, _never)
