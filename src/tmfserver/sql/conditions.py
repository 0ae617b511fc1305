"""The SQL of a filter's shape and of a sort's: one small function per kind."""

# ruff: noqa: S608 - SQL text is what this module is for; values are bound, names quoted

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from tmfserver.query.ast import Path, ValueType
from tmfserver.sql.dialects import WALK_VALUES, Json, Value, Walk
from tmfserver.sql.filters import (
    HEAD,
    ID,
    AllShape,
    AnyShape,
    NotShape,
    Place,
    Shape,
    SortShape,
    TestShape,
)

_SIGNS = {"eq": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def names() -> Iterator[str]:
    """The names of bound values, in the order of filters.Reading.values."""
    return (f"v{number}" for number in count())


def condition(shape: Shape, json: Json, free: Iterator[str]) -> str:
    """SQL that holds for the documents that the filter finds; `free` gives names to bind by."""
    match shape:
        case AllShape(parts):
            return _joined([condition(part, json, free) for part in parts], "AND", "1 = 1")
        case AnyShape(some):
            return _joined([condition(part, json, free) for part in some], "OR", "1 = 0")
        case NotShape(part):
            return f"NOT coalesce({condition(part, json, free)}, {json.false})"
        case TestShape(place) if place.path:
            return _test(shape, _standing(place, json), json, free)
        case TestShape():
            walk = _walk(json, free)
            test = _test(shape, walk.value, json, free)
            return f"EXISTS ({walk.head} SELECT 1 FROM {walk.rows} AND {test})"


def order(shape: SortShape, json: Json, free: Iterator[str]) -> str:
    """SQL to sort by; documents without the attribute come last."""
    way = "DESC" if shape.descending else "ASC"
    return f"{_rank(shape, json, free)} {way} NULLS LAST"


def index_expression(path: Path, type: ValueType, json: Json) -> str:
    """What an index for this path holds, exactly as conditions on the path say it."""
    return _content(Place(path, head=type == "string"), type, json.scalar(path), json)


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
    if place == ID:
        return value.content
    typed = json.typed(type, value)
    return f"substr({typed}, 1, {HEAD})" if place.head else typed


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
    return f"{content} {_SIGNS[test]} {bound(type_)}"


def _rank(shape: SortShape, json: Json, free: Iterator[str]) -> str:
    place = shape.place
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
