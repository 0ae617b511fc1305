"""What the types that a specification names mean, for numbers and truth values in texts too."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeAlias

from tmfserver.query import scalars

Number: TypeAlias = int | float | Decimal


def is_of(type: str, value: Any) -> bool:
    """Whether a value is of a specification's type, in whatever case it is written. Texts that
    spell a number or a truth value are one: many systems know characteristics as texts alone."""
    test = test_of(type)
    return test is None or test(value)


@lru_cache(maxsize=1000)
def test_of(type: str) -> Callable[[Any], bool] | None:
    """What a value of the type must pass; None for a type that is not known."""
    return _TYPES.get(type.lower().replace("-", ""))


def measure(value: Any) -> Number | None:
    """What a range compares: a number, or a moment in microseconds since 1970."""
    found = number(value)
    return scalars.asked_instant(value) if found is None and isinstance(value, str) else found


def number(value: Any) -> Number | None:
    """A number, or a text that spells one as JSON does."""
    if isinstance(value, str):
        return scalars.number(value)
    return value if isinstance(value, Number) and not isinstance(value, bool) else None


def _is_whole(value: Any) -> bool:
    match number(value):
        case None:
            return False
        case int():
            return True
        case float() as broken:
            return broken.is_integer()
        case Decimal() as exact:
            return exact == exact.to_integral_value()


def _is_day(value: Any) -> bool:
    day = isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII)
    return bool(day) and scalars.asked_instant(value) is not None


_TYPES: Mapping[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("string", "text"), lambda value: isinstance(value, str)),
    **dict.fromkeys(("integer", "int", "long", "short"), _is_whole),
    **dict.fromkeys(
        ("number", "decimal", "float", "double"), lambda value: number(value) is not None
    ),
    **dict.fromkeys(
        ("boolean", "bool"), lambda value: isinstance(value, bool) or value in ("true", "false")
    ),
    "date": _is_day,
    **dict.fromkeys(
        ("datetime", "timestamp"),
        lambda value: isinstance(value, str) and scalars.instant(value) is not None,
    ),
}
