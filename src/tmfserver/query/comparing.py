"""How two values compare: a query's text with a document's value, and one JSON value with another.

Of a text the type that the contract gives the attribute decides:

    string      JSON strings as text, in the order of their code points
    number      JSON numbers by value; a text that is no number is equal to nothing
    boolean     JSON booleans, which have no order
    date-time   JSON strings that are RFC 3339 date-times as moments, whatever their offset;
                other strings equal the same text, and have no order
    unknown     each value by its own type: numbers, if the text is one, booleans, strings

contains, startswith and regex look at JSON strings only, whatever the type; case counts.

Of two values their own types decide (RFC 9535, 2.3.5.2.2): numbers by value, strings by code point
or, where the contract has a date-time, as moments; all else is only equal or not.
"""

from __future__ import annotations

import operator as compare
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeAlias

import re2

from tmfserver.exact import equal
from tmfserver.query.ast import Comparison
from tmfserver.query.conditions import RE2
from tmfserver.query.scalars import asked_instant, boolean, instant, number

Test: TypeAlias = Callable[[Any], bool]
Pair: TypeAlias = Callable[[Any, Any], bool]

_LONGEST_MOMENT = 40  # characters; what is longer is not worth keeping

_ORDER: Mapping[str, Pair] = {
    "eq": compare.eq,
    "gt": compare.gt,
    "gte": compare.ge,
    "lt": compare.lt,
    "lte": compare.le,
}


def text_test(comparison: Comparison) -> Test:
    """Whether a value of a document satisfies the comparison; `ne` is left to the caller."""
    match comparison.operator, comparison.type:
        case "contains", _:
            return lambda value: isinstance(value, str) and comparison.value in value
        case "startswith", _:
            return lambda value: isinstance(value, str) and value.startswith(comparison.value)
        case "regex", _:
            return regex_test(comparison.value)
        case _, "string":
            return _string(comparison)
        case _, "number":
            return _number(comparison)
        case _, "boolean":
            return _boolean(comparison)
        case _, "date-time":
            return _date_time(comparison)
    return _any_type(comparison)


def regex_test(expression: str) -> Test:
    """Whether a value is a string in which the RE2 expression is found."""
    search = re2.compile(expression, RE2).search
    return lambda value: isinstance(value, str) and search(value) is not None


def _string(comparison: Comparison) -> Test:
    holds, text = _ORDER[comparison.operator], comparison.value
    return lambda value: isinstance(value, str) and holds(value, text)


def _number(comparison: Comparison) -> Test:
    holds, asked = _ORDER[comparison.operator], number(comparison.value)
    if asked is None:
        return _never
    return lambda value: is_number(value) and holds(value, asked)


def _boolean(comparison: Comparison) -> Test:
    asked = boolean(comparison.value)
    if asked is None or comparison.operator != "eq":
        return _never
    return lambda value: value is asked


def _date_time(comparison: Comparison) -> Test:
    holds, text = _ORDER[comparison.operator], comparison.value
    asked = asked_instant(text)

    def test(value: Any) -> bool:
        if not isinstance(value, str):
            return False
        at = _instant(value)
        if at is None:
            return comparison.operator == "eq" and value == text
        return asked is not None and holds(at, asked)

    return test


def _instant(text: str) -> int | None:
    return _read_instant(text) if len(text) <= _LONGEST_MOMENT else instant(text)


# Many ask the same of one value: what a hundred listeners want is asked of each notification.
_read_instant = lru_cache(maxsize=256)(instant)


def _any_type(comparison: Comparison) -> Test:
    by_text, by_number, by_truth = _string(comparison), _number(comparison), _boolean(comparison)
    return lambda value: by_text(value) or by_number(value) or by_truth(value)


def _never(_value: Any) -> bool:
    return False


def is_number(value: Any) -> bool:
    """Whether a JSON value is a number; Python's True is none."""
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


# --- two JSON values


def pair_test(operator: str, *, moments: bool = False) -> Pair:
    """Whether two JSON values satisfy eq, gt, gte, lt or lte; with `moments` strings come as
    Moments where they are such, and have no order where they are not."""
    holds, or_equal = _ORDER[operator], operator in ("eq", "gte", "lte")

    def test(left: Any, right: Any) -> bool:
        if isinstance(left, Moment) and isinstance(right, Moment):
            return holds(left.at, right.at)
        if is_number(left) and is_number(right):
            return holds(left, right)
        if isinstance(left, str) and isinstance(right, str) and not moments:
            return holds(left, right)
        return or_equal and equal(_text(left), _text(right))

    return test


def constant_test(operator: str, constant: Any) -> Test:
    """The same as pair_test for values beside one that is known, which is no Moment; cheaper."""
    holds = _ORDER[operator]
    if isinstance(constant, str):
        return lambda value: isinstance(value, str) and holds(value, constant)
    if is_number(constant):
        return lambda value: is_number(value) and holds(value, constant)
    test = pair_test(operator)
    return lambda value: test(value, constant)


@dataclass(frozen=True, slots=True)
class Moment:
    """A text that is a point in time, `at` microseconds since 1970."""

    at: int
    text: str


def moment(value: Any) -> Any:
    """A string of a document that is an RFC 3339 date-time as a Moment, all else as it is."""
    at = _instant(value) if isinstance(value, str) else None
    return value if at is None else Moment(at, value)


def asked_moment(value: Any) -> Any:
    """The same for a text of a query, where a date alone means its midnight in UTC."""
    at = asked_instant(value) if isinstance(value, str) else None
    return value if at is None else Moment(at, value)


def _text(value: Any) -> Any:
    return value.text if isinstance(value, Moment) else value
