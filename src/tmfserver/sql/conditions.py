"""The SQL of a filter's shape and of a sort's: one small function per kind."""

# ruff: noqa: S608 - SQL text is what this module is for; values are bound, names quoted

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from tmfserver.query.ast import ValueType
from tmfserver.sql.dialects import WALK_VALUES, Json, Value, Walk
from tmfserver.sql.filters import (
    ID,
    AllShape,
    AnyShape,
    NotShape,
    Place,
    Shape,
    SortShape,
    TestShape,
)
from tmfserver.sql.path_shapes import CallShape, PairShape, SomeShape
from tmfserver.sql.reaching import SIGNS, Here, Writer, follow, holds


def names() -> Iterator[str]:
    """The names of bound values, in the order of filters.Reading.values."""
    return (f"v{number}" for number in count())


def condition(shape: Shape, json: Json, free: Iterator[str], here: Here | None = None) -> str:
    """SQL that holds for the documents that the filter finds; `free` gives names to bind by.

    here: the value that a JSONPath's condition is on, instead of the document.
    """
    match shape:
        case AllShape(parts):
            return _joined([condition(part, json, free, here) for part in parts], "AND", "1 = 1")
        case AnyShape(some):
            return _joined([condition(part, json, free, here) for part in some], "OR", "1 = 0")
        case NotShape(part):
            return f"({condition(part, json, free, here)}) IS NOT TRUE"
        case SomeShape() | CallShape() | PairShape():
            return holds(shape, Writer(json, free, condition, here))
        case TestShape(place) if place.members:
            found = _test(shape, Value("", "value"), json, free)
            return f'{_aside(place)}seq IN (SELECT seq FROM "{place.members}" WHERE {found})'
        case TestShape(place) if place.path:
            return _test(shape, _standing(place, json), json, free)
        case TestShape():
            walk = _walk(json, free)
            test = _test(shape, walk.value, json, free)
            return f"EXISTS ({walk.head} SELECT 1 FROM {walk.rows} AND {test})"


def _joined(parts: list[str], word: str, none: str) -> str:
    return f"({f' {word} '.join(parts)})" if parts else none


def _walk(json: Json, free: Iterator[str]) -> Walk:
    return json.walk([next(free) for _ in range(WALK_VALUES[json.name])])


def _standing(place: Place, json: Json) -> Value:
    if place == ID:
        return Value("'string'", "id")
    # A colon in a name is none of a bound value's.
    kind, content = json.scalar(place.path)
    return Value(kind.replace(":", "\\:"), content.replace(":", "\\:"))


def _content(place: Place, type: ValueType, value: Value, json: Json) -> str:
    if place == ID or place.members:
        return value.content
    return f'{_aside(place)}"{place.column}"' if place.column else json.typed(type, value)


def _aside(place: Place) -> str:
    # SQLite takes no index for an expression, be it a column with a plus before it.
    return "+" if place.aside else ""


def _test(shape: TestShape, value: Value, json: Json, free: Iterator[str]) -> str:
    place, test, type_ = shape.place, shape.test, shape.type
    content = _content(place, type_, value, json)

    def bound(type_: ValueType) -> str:
        return json.bind(type_, next(free))

    match test:
        case "present":
            return f"{value.kind} NOT IN ('null', 'array')"
        case "text":
            return f"({content} IS NULL AND {json.typed('string', value)} = {bound('string')})"
        case "prefix":
            return f"({content} >= {bound('string')} AND {content} < {bound('string')})"
        case "startswith":
            return json.starts(content, bound("string"))
        case "contains":
            return json.contains(content, bound("string"))
        case "regex":
            return f"regexp({bound('string')}, {content})"
    return f"{content} {SIGNS[test]} {bound(type_)}"


def rank(shape: SortShape, json: Json, free: Iterator[str]) -> str:
    """SQL for what a document is sorted by, NULL where there is nothing."""
    place = shape.place
    if shape.reach is not None:
        reached = follow(shape.reach, Writer(json, free, condition))
        return json.ranked(reached.spot.value, moments=shape.moments)
    if not place.path:
        walk = _walk(json, free)
        rank = json.ranked(walk.value, moments=shape.moments)
        return json.furthest(walk, rank, "max" if shape.descending else "min")
    value = _standing(place, json)
    if place == ID:
        return value.content
    if shape.type is None:
        return json.ranked(value, moments=shape.moments)
    return _content(place, shape.type, value, json)
