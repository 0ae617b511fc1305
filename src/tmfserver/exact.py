"""JSON read, printed and compared, no number changed: 12.30 stays 12.30, and 20 digits stay 20.

A number that a float or a 64-bit integer gives back as it was written is one; any other is an
`Exact`, which holds its text. Documents are read and printed here and nowhere else.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, Self

import orjson

_LARGEST, _SMALLEST = 2**64 - 1, -(2**63)
_LONGEST_INTEGER = 19  # digits of which all fit

# What may be printed otherwise than it was read: a fraction that ends with a zero (but for .0),
# one that is so small that it gets an exponent, 16 digits or more, and whatever has an exponent.
# Digits are made alike to look for these, and signs and points are taken out.
_FRACTION = re.compile(rb"\.(?:[0-9]+0(?:[\s,}\]]|\Z)|00000)")
_ALIKE = bytes.maketrans(b"123456789E}] \n\r\t", b"000000000e,,,,,,")
_LONG = b"0" * 16
_EXPONENT = re.compile(rb"0e0+(?:,|\Z)")


class Exact(Decimal):
    """A number with the text that it was written as. A float that it is compared with counts as
    the decimal number that it is printed as: Exact("0.10") is 0.1."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> Self:
        made = super().__new__(cls, text)
        made.text = text
        return made

    def __reduce__(self) -> tuple[type[Exact], tuple[str]]:
        return type(self), (self.text,)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __str__(self) -> str:
        return self.text

    def __eq__(self, other: object) -> bool:
        return Decimal.__eq__(self, _as_printed(other))

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __lt__(self, other: Any) -> bool:
        return Decimal.__lt__(self, _as_printed(other))

    def __le__(self, other: Any) -> bool:
        return Decimal.__le__(self, _as_printed(other))

    def __gt__(self, other: Any) -> bool:
        return Decimal.__gt__(self, _as_printed(other))

    def __ge__(self, other: Any) -> bool:
        return Decimal.__ge__(self, _as_printed(other))

    def __hash__(self) -> int:
        rounded = float(self)
        return hash(rounded) if self == rounded else Decimal.__hash__(self)


def _as_printed(value: Any) -> Any:
    return Decimal(repr(value)) if isinstance(value, float) else value


def loads(text: str | bytes) -> Any:
    """A JSON text's value, numbers exact. Raises ValueError for what is no JSON."""
    body = text.encode() if isinstance(text, str) else text
    return read_slowly(body) if may_change(body) else orjson.loads(body)


def dumps(value: Any) -> bytes:
    """A value as JSON, exact numbers as they were written."""
    return orjson.dumps(value, default=_printed)


def pretty(value: Any) -> str:
    """The same for people to read, a value a line."""
    return orjson.dumps(value, default=_printed, option=orjson.OPT_INDENT_2).decode()


def may_change(body: bytes) -> bool:
    """Whether a number may be in it that orjson would not give back as it was written."""
    if _FRACTION.search(body):
        return True
    alike = body.translate(_ALIKE, b".+-")
    return _LONG in alike or (b"0e0" in alike and _EXPONENT.search(alike) is not None)


def read_slowly(body: bytes) -> Any:
    """The same as loads, number by number."""
    return _DECODER.decode(body.decode())


def _printed(value: Any) -> orjson.Fragment:
    if isinstance(value, Decimal) and value.is_finite():
        return orjson.Fragment(str(value))
    raise TypeError


def _whole(text: str) -> int | Exact:
    if len(text) <= _LONGEST_INTEGER or (
        len(text) <= _LONGEST_INTEGER + 1 and _SMALLEST <= int(text) <= _LARGEST
    ):
        return int(text)
    return Exact(text)


def _fraction(text: str) -> float | Exact:
    rounded = float(text)
    return rounded if orjson.dumps(rounded) == text.encode() else Exact(text)


_DECODER = json.JSONDecoder(parse_int=_whole, parse_float=_fraction)


def equal(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same, as JSON Patch's `test` defines it (RFC 6902, 4.6).

    Numbers by value (1 is 1.0), objects whatever their order; true is not 1.
    """
    todo = [(one, other)]
    while todo:
        left, right = todo.pop()
        if left is right:
            continue
        if isinstance(left, dict) and isinstance(right, dict):
            if left.keys() != right.keys():
                return False
            todo.extend((value, right[name]) for name, value in left.items())
        elif isinstance(left, list) and isinstance(right, list):
            if len(left) != len(right):
                return False
            todo.extend(zip(left, right, strict=True))
        elif isinstance(left, bool) is not isinstance(right, bool) or left != right:
            return False
    return True


def plain(value: Any) -> Any:
    """A copy with every exact number as a float, or as an integer if it is written as one: for
    those that know no other numbers."""
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, Exact):
        return int(value) if value.text.lstrip("-").isdigit() else float(value)
    return value
