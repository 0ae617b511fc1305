"""Percent-encoding on the way in, and how a text is shown in a message."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from tmfserver.errors import BadQuery

_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2}).{0,2}", re.DOTALL)
_LONGEST_SHOWN = 60


def decoded(part: str) -> str:
    """The text that a part of a query string stands for: `+` is a space, `%C3%A9` is é."""
    broken = _BROKEN_ESCAPE.search(part)
    if broken:
        expected = "% followed by two hexadecimal digits (a % itself is %25)"
        raise BadQuery(parameter=_name(part), came=shown(broken[0]), expected=expected)
    try:
        raw = part.replace("+", " ").encode("utf-8", "surrogateescape")
        text = unquote_to_bytes(raw).decode("utf-8")
    except UnicodeError:
        raise BadQuery(parameter=_name(part), came=shown(part), expected="UTF-8 text") from None
    if "\0" in text:
        expected = "text without NUL characters"
        raise BadQuery(parameter=_name(part), came=shown(text), expected=expected)
    return text


def _name(part: str) -> str:
    return bare(part.partition("=")[0])


def shown(text: str) -> str:
    """In quotes, on one line, cut when long."""
    return repr(text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…")


def bare(text: str) -> str:
    """The same without the quotes, for a message that has its own."""
    return shown(text)[1:-1]
