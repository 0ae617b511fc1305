"""What a query means, said once in Python: the hub's matcher, and the oracle for the SQL.

A path reaches every value that stands at its end; arrays on the way, and at the end, are stepped
through at every level (TMF630 4.4). null counts as absent. A comparison holds when any reached
value satisfies it, `ne` when none equals. Objects satisfy no comparison, but they exist.

How a value is compared goes by the type that the contract gives the attribute:

    string      JSON strings as text, in the order of their code points
    number      JSON numbers by value; a text that is no number is equal to nothing
    boolean     JSON booleans, which have no order
    date-time   JSON strings that are RFC 3339 date-times as moments, whatever their offset;
                other strings equal the same text, and have no order
    unknown     each value by its own type: numbers, if the text is one, booleans, strings

contains, startswith and regex look at JSON strings only, whatever the type; case counts.
"""

from __future__ import annotations

import operator as compare
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

import re2

from tmfserver.query.ast import And, Comparison, Exists, Node, Operator, Or, Path
from tmfserver.query.conditions import RE2
from tmfserver.query.scalars import asked_instant, boolean, instant, number

Document: TypeAlias = dict[str, Any]
Test: TypeAlias = Callable[[Any], bool]

_ORDER: Mapping[Operator, Callable[[Any, Any], bool]] = {
    "eq": compare.eq,
    "gt": compare.gt,
    "gte": compare.ge,
    "lt": compare.lt,
    "lte": compare.le,
}


def matches(node: Node | None, document: Document) -> bool:
    """Whether the document satisfies the filter; every document satisfies None."""
    return compile_match(node)(document)


@lru_cache(maxsize=256)
def compile_match(node: Node | None) -> Callable[[Document], bool]:
    """The same for many documents: the filter's texts are read once."""
    match node:
        case None:
            return lambda _document: True
        case And(parts):
            tests = [compile_match(part) for part in parts]
            return lambda document: all(test(document) for test in tests)
        case Or(parts):
            tests = [compile_match(part) for part in parts]
            return lambda document: any(test(document) for test in tests)
        case Exists(path, present):
            return lambda document: any(True for _ in values(document, path)) is present
        case Comparison(path, "ne", text, type_):
            equal = _test(Comparison(path, "eq", text, type_))
            return lambda document: not any(map(equal, values(document, path)))
        case Comparison(path):
            test = _test(node)
            return lambda document: any(map(test, values(document, path)))


def values(document: Any, path: Path) -> Iterator[Any]:
    """Every value that the path reaches, in the document's order: scalars and objects, no null."""
    reached = document
    for done, name in enumerate(path):
        if isinstance(reached, list):
            return _through_arrays(reached, path[done:])
        if not isinstance(reached, dict) or name not in reached:
            return iter(())
        reached = reached[name]
    return _present([reached])


def _through_arrays(array: list[Any], path: Path) -> Iterator[Any]:
    reached = array
    for name in path:
        holders = [holder for holder in _flat(reached) if isinstance(holder, dict)]
        reached = [holder[name] for holder in holders if name in holder]
    return _present(reached)


def _present(reached: list[Any]) -> Iterator[Any]:
    return (value for value in _flat(reached) if value is not None)


def _flat(found: list[Any]) -> Iterator[Any]:
    """The values of arrays in place of the arrays, however deep these are nested."""
    levels = [iter(found)]
    while levels:
        for value in levels[-1]:
            if isinstance(value, list):
                levels.append(iter(value))
                break
            yield value
        else:
            levels.pop()


def _test(comparison: Comparison) -> Test:
    match comparison.operator, comparison.type:
        case "contains", _:
            return lambda value: isinstance(value, str) and comparison.value in value
        case "startswith", _:
            return lambda value: isinstance(value, str) and value.startswith(comparison.value)
        case "regex", _:
            return _regex(comparison.value)
        case _, "string":
            return _string(comparison)
        case _, "number":
            return _number(comparison)
        case _, "boolean":
            return _boolean(comparison)
        case _, "date-time":
            return _date_time(comparison)
    return _any_type(comparison)


def _regex(expression: str) -> Test:
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
    holds, text, asked = (
        _ORDER[comparison.operator],
        comparison.value,
        asked_instant(comparison.value),
    )

    def test(value: Any) -> bool:
        if not isinstance(value, str):
            return False
        at = instant(value)
        if at is None:
            return comparison.operator == "eq" and value == text
        return asked is not None and holds(at, asked)

    return test


def _any_type(comparison: Comparison) -> Test:
    by_text, by_number, by_truth = _string(comparison), _number(comparison), _boolean(comparison)
    return lambda value: by_text(value) or by_number(value) or by_truth(value)


def _never(_value: Any) -> bool:
    return False


def is_number(value: Any) -> bool:
    """Whether a JSON value is a number; Python's True is none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)
