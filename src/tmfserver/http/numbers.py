"""Numbers that a JSON parser would change: found before they are kept, never rounded silently."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from tmfserver.document.depth import find_text
from tmfserver.errors import Invalid

# A number of up to 15 digits and a moderate exponent always comes back as it went in. Digits are
# made alike to look for long ones: ten times as fast as an expression, on every body.
_ALIKE = bytes.maketrans(b"0123456789.E", b"00000000000e")
_LONG, _EXPONENTS = b"0" * 16, (b"0e000", b"0e+000", b"0e-000")
_LARGEST, _SMALLEST = 2**64 - 1, -(2**63)
_MARK = "\x00"


def refuse_inexact(body: bytes) -> None:
    """Raises Invalid, naming the attribute, for a number that would not come back as it is."""
    alike = body.translate(_ALIKE)
    if _LONG not in alike and (
        b"0e" not in alike or not any(exponent in alike for exponent in _EXPONENTS)
    ):
        return
    marked = json.loads(body, parse_int=_whole, parse_float=_fraction)
    place = find_text(marked, lambda text: text.startswith(_MARK))
    if place is not None:
        raise Invalid(
            attribute=place or "the body",
            problem=f"got {_at(marked, place)}, which this server cannot keep to the last digit; "
            "expected a whole number of 64 bits, or up to 17 significant digits",
        )


def _whole(text: str) -> Any:
    return _MARK + text if not _SMALLEST <= int(text) <= _LARGEST else 0


def _fraction(text: str) -> Any:
    return 0 if Decimal(text) == Decimal(repr(float(text))) else _MARK + text


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
