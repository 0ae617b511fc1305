"""Numbers in bodies: kept to the last digit, or refused by name.

Both databases keep what is within the bounds exactly. SQLite keeps the text itself; PostgreSQL
keeps digits and trailing zeros, and writes an exponent out (1E3 comes back as 1000).
"""

from __future__ import annotations

import json
import re
from math import isfinite
from typing import Any

from tmfserver import exact
from tmfserver.document.depth import find_text
from tmfserver.errors import Invalid

MOST_DIGITS = 40  # without zeros at either end: any whole number of 128 bits has fewer
SMALLEST, LARGEST = -324, 308  # exponents of ten: what is beyond has no order in SQLite
LONGEST = 400  # characters, with all zeros

_NUMBER = re.compile(r"-?([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?")
_MARK = "\x00"
# What is in any body with a number beyond the bounds.
_ALIKE = bytes.maketrans(b"123456789E", b"000000000e")
_MANY = re.compile(rb"0{%d}|0e000" % (MOST_DIGITS + 1))


def read_numbers(value: Any, body: bytes) -> Any:
    """A body's value, in which orjson read the numbers, with exact ones. Raises Invalid, naming the
    attribute, for a number beyond the bounds."""
    if not exact.may_change(body):
        return value
    if _MANY.search(body.translate(_ALIKE, b".+-")):
        refuse_beyond(body)
    return exact.read_slowly(body)


def refuse_beyond(body: bytes) -> None:
    """Raises Invalid, naming the attribute, for a number beyond the bounds."""
    beyond = False

    def looked_at(text: str) -> Any:
        nonlocal beyond
        if is_within(text):
            return 0
        beyond = True
        return _MARK + text

    marked = json.loads(body, parse_int=looked_at, parse_float=looked_at)
    if not beyond:
        return
    place = find_text(marked, lambda text: text.startswith(_MARK)) or ""
    raise Invalid(
        attribute=place or "the body",
        problem=f"got {_at(marked, place)}, which this server cannot keep to the last digit; "
        f"expected up to {MOST_DIGITS} significant digits, between 1e{SMALLEST} and 1e{LARGEST}",
    )


def is_within(text: str) -> bool:
    """Whether a JSON number is kept as it is."""
    match = _NUMBER.fullmatch(text)
    if match is None or len(text) > LONGEST:
        return False
    whole, fraction, power = match[1], match[2] or "", match[3] or "0"
    digits = (whole + fraction).lstrip("0")
    significant = digits.rstrip("0")
    if len(power) > 5 or len(significant) > MOST_DIGITS:
        return False
    exponent = len(digits) - len(fraction) + int(power) - 1
    return not significant or (exponent >= SMALLEST and isfinite(float(text)))


def _at(value: Any, place: str) -> str:
    """The number that stands at a dotted place, cut when long."""
    for step in place.split(".") if place else ():
        if isinstance(value, list) and step.isdigit():
            value = value[int(step)]
        elif isinstance(value, dict) and step in value:
            value = value[step]
        else:
            return "a number"
    text = str(value).removeprefix(_MARK)
    return text if len(text) <= 40 else text[:37] + "..."
