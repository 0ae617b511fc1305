"""A filter and a sort as SQL, in two steps.

`shape` reads a query into a plain value that says all that its SQL depends on, and collects the
values to bind; conditions.py writes the SQL of a shape. So the SQL of a shape is written
and compiled once, and what a client sends is never part of it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from tmfserver.errors import BadQuery, NotServed
from tmfserver.query.ast import (
    And,
    Comparison,
    Exists,
    Node,
    Operator,
    Or,
    Path,
    SortKey,
    ValueType,
)
from tmfserver.query.scalars import asked_instant, boolean, instant, number
from tmfserver.repository import Collection
from tmfserver.sql.dialects import Bound, Json
from tmfserver.sql.tables import is_scalar

# How much of an indexed string is in the index: PostgreSQL takes no more than 2.7 KB.
HEAD = 256

Test: TypeAlias = Operator | Literal["prefix", "text", "present"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: a path that an index or an expression names, or one to be walked.

    head: only the first HEAD characters are looked at, as the index has them.
    """

    path: Path = ()
    head: bool = False


@dataclass(frozen=True, slots=True)
class TestShape:
    """One condition on the values of a place."""

    place: Place
    test: Test
    type: ValueType = "string"


@dataclass(frozen=True, slots=True)
class NotShape:
    """The opposite of a condition."""

    part: Shape


@dataclass(frozen=True, slots=True)
class AllShape:
    """All of the parts; of none, always."""

    parts: tuple[Shape, ...]


@dataclass(frozen=True, slots=True)
class AnyShape:
    """Any of the parts; of none, never."""

    some: tuple[Shape, ...]


Shape: TypeAlias = TestShape | NotShape | AllShape | AnyShape
ID = Place(("id",))
NEVER = AnyShape(())


@dataclass(frozen=True, slots=True)
class SortShape:
    """`type` is None where a value may be of any."""

    place: Place
    type: ValueType | None
    descending: bool
    moments: bool


@dataclass(slots=True)
class Reading:
    """The values that a query binds, in the order in which its SQL names them."""

    collection: Collection
    json: Json
    values: list[Bound] = field(default_factory=list)

    def bind(self, value: Bound) -> None:
        if isinstance(value, str):
            _refuse_odd(value)
        self.values.append(self.json.bound(value))

    def place(self, path: Path, type: ValueType | None, text: str = "") -> Place:
        """Where the values of the path stand; what a walk needs is bound."""
        if path == ID.path:
            return ID
        if is_scalar(self.collection, path):
            dotted = ".".join(path)
            indexed = dotted in self.collection.indexed and type == "string"
            declared = self.collection.types[dotted]
            return Place(path, indexed and declared == "string" and len(text) < HEAD)
        for name in path:
            _refuse_odd(name)
        for value in self.json.walk_values(path):
            self.bind(value)
        return Place()


def is_text(value: str) -> bool:
    """Whether both databases can hold it: no NUL, no half of a surrogate pair."""
    return (value.isascii() and "\0" not in value) or _is_unicode(value)


def _refuse_odd(text: str) -> None:
    if not is_text(text):
        expected = "Unicode text without NUL characters"
        raise BadQuery(parameter="filter", came=ascii(text), expected=expected)


def shape(node: Node, reading: Reading) -> Shape:
    """The filter's shape. Raises errors.BadQuery, errors.NotServed."""
    match node:
        case And(parts):
            return AllShape(tuple([shape(part, reading) for part in parts]))
        case Or(parts):
            return AnyShape(tuple([shape(part, reading) for part in parts]))
        case Exists(path, present):
            reached = TestShape(reading.place(path, None), "present")
            return reached if present else NotShape(reached)
        case Comparison(path, "ne", text, type_):
            return NotShape(shape(Comparison(path, "eq", text, type_), reading))
        case Comparison():
            return _comparison(node, reading)


def is_range(shape: Shape, collection: Collection) -> bool:
    """Whether all that is found lies in one range of an index, but not at one value of it."""
    match shape:
        case AllShape(parts):
            return any(is_range(part, collection) for part in parts)
        case TestShape(Place(path), "gt" | "gte" | "lt" | "lte" | "prefix", type_):
            dotted = ".".join(path)
            return dotted in collection.indexed and collection.types.get(dotted) == type_
    return False


def sort_shape(key: SortKey, reading: Reading) -> SortShape:
    type_ = key.type or reading.collection.types.get(".".join(key.path))
    place = reading.place(key.path, type_)
    any_type = not place.path or type_ is None
    return SortShape(
        place, None if any_type else type_, key.descending, moments=type_ == "date-time"
    )


def _comparison(comparison: Comparison, reading: Reading) -> Shape:
    operator, text, type_ = comparison.operator, comparison.value, comparison.type
    if comparison.path == ID.path or operator in {"contains", "startswith", "regex"}:
        return _string(comparison, reading)
    match type_:
        case "string":
            return _string(comparison, reading)
        case "number":
            return _number(comparison, reading)
        case "boolean":
            return _boolean(comparison, reading)
        case "date-time":
            return _date_time(comparison, reading)
    parts = [_string(comparison, reading)]
    if number(text) is not None:
        parts.append(_number(comparison, reading))
    if boolean(text) is not None and operator == "eq":
        parts.append(_boolean(comparison, reading))
    return parts[0] if len(parts) == 1 else AnyShape(tuple(parts))


def _string(comparison: Comparison, reading: Reading) -> Shape:
    operator, text = comparison.operator, comparison.value
    if operator == "regex" and reading.json.name != "sqlite":
        raise NotServed(what="filter by regex on PostgreSQL")
    if operator in {"contains", "regex"}:
        place = reading.place(comparison.path, None)
    else:
        place = reading.place(comparison.path, "string", text)
    after = _after(text) if operator == "startswith" and place.path else None
    reading.bind(text)
    if after is not None:
        reading.bind(after)
        return TestShape(place, "prefix")
    return TestShape(place, operator)


def _number(comparison: Comparison, reading: Reading) -> Shape:
    asked = number(comparison.value)
    if asked is None:
        return NEVER
    place = reading.place(comparison.path, "number")
    reading.bind(asked)
    return TestShape(place, comparison.operator, "number")


def _boolean(comparison: Comparison, reading: Reading) -> Shape:
    if boolean(comparison.value) is None or comparison.operator != "eq":
        return NEVER
    place = reading.place(comparison.path, "boolean")
    reading.bind(comparison.value)
    return TestShape(place, "eq", "boolean")


def _date_time(comparison: Comparison, reading: Reading) -> Shape:
    """As moments; strings that are no date-times equal the same text, and have no order."""
    parts: list[Shape] = []
    asked = asked_instant(comparison.value)
    if asked is not None:
        place = reading.place(comparison.path, "date-time")
        reading.bind(asked)
        parts.append(TestShape(place, comparison.operator, "date-time"))
    if comparison.operator == "eq" and instant(comparison.value) is None:
        place = reading.place(comparison.path, "date-time")
        reading.bind(comparison.value)
        parts.append(TestShape(place, "text", "date-time"))
    return parts[0] if len(parts) == 1 else AnyShape(tuple(parts))


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in value


def _after(prefix: str) -> str | None:
    """The first text that comes after all that start so, None if there is none."""
    kept = prefix.rstrip(chr(sys.maxunicode))
    if not kept:
        return None
    following = ord(kept[-1]) + 1
    return kept[:-1] + chr(0xE000 if 0xD800 <= following <= 0xDFFF else following)
