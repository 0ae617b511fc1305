"""What a text means as a number, a truth value or a moment: query values and stored strings alike.

The SQL of a filter and `match` both go by these, so that they find the same documents.
"""

from __future__ import annotations

import re
from datetime import date
from math import isinf

from tmfserver.exact import Exact

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?P<broken>\.[0-9]+)?(?P<power>[eE][+-]?[0-9]+)?")
_MOMENT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))?"
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EPOCH = date(1970, 1, 1).toordinal()
# Characters; what is longer is slow to read, and no number of a document.
_LONGEST, _LONGEST_POWER = 400, 5


def number(text: str) -> int | float | Exact | None:
    """The number that a text spells in JSON's grammar, or None; Exact where a float differs."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    rounded = float(text)
    if len(text) > _LONGEST or isinf(rounded):
        return rounded
    if match["broken"] is None and match["power"] is None:
        whole = int(text)
        return whole if -(2**63) <= whole < 2**63 else Exact(text)
    if len(match["power"] or "") > _LONGEST_POWER:
        return rounded
    given = Exact(text)
    return rounded if given == rounded else given


def boolean(text: str) -> bool | None:
    """JSON's two truth values, or None."""
    return {"true": True, "false": False}.get(text)


def instant(text: str) -> int | None:
    """The moment of an RFC 3339 date-time, in microseconds since 1970, or None.

    Without an offset it is taken as UTC; fractions beyond microseconds are cut off.
    """
    match = _MOMENT.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, sign, ahead_h, ahead_m = match.groups()
    try:
        days = date(int(year), int(month), int(day)).toordinal() - _EPOCH
    except ValueError:
        return None
    if hour > "23" or minute > "59" or second > "60" or (sign and not _is_offset(ahead_h, ahead_m)):
        return None
    seconds = days * 86_400 + int(hour) * 3_600 + int(minute) * 60 + int(second)
    if sign:
        ahead = int(ahead_h) * 3_600 + int(ahead_m) * 60
        seconds -= ahead if sign == "+" else -ahead
    return seconds * 1_000_000 + int((fraction or "")[:6].ljust(6, "0"))


def asked_instant(text: str) -> int | None:
    """The same for a query's text, where a date alone means its midnight in UTC."""
    return instant(f"{text}T00:00:00Z" if _DAY.fullmatch(text) else text)


def _is_offset(hours: str, minutes: str) -> bool:
    return hours <= "23" and minutes <= "59"
