"""A filter and a sort as SQL, in two steps.

`shape` reads a query into a plain value that says all that its SQL depends on, and collects the
values to bind; conditions.py writes the SQL of a shape. So the SQL of a shape is written
and compiled once, and what a client sends is never part of it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from tmfserver.changes import Collection
from tmfserver.errors import BadQuery, NotServed
from tmfserver.exact import Exact
from tmfserver.query.ast import (
    And,
    Compared,
    Comparison,
    Exists,
    Node,
    Not,
    Operator,
    Or,
    Path,
    Reached,
    SortKey,
    ValueType,
)
from tmfserver.query.scalars import asked_instant, boolean, instant, number
from tmfserver.sql.dialects import Bound, Json
from tmfserver.sql.indexed import HEAD, index_of
from tmfserver.sql.path_shapes import JsonPathShape, ReachShape, SomeShape, ValueTest
from tmfserver.sql.steps import compared_shape, reach_shape, single_shape
from tmfserver.sql.tables import is_scalar

Test: TypeAlias = Operator | Literal["prefix", "text", "present"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: a path that an expression names, or one to be walked.

    column, members: the column or the side table that has the values, for an indexed attribute;
    of strings it has the first HEAD characters. aside: its index is not to be gone by (SQLite).
    """

    path: Path = ()
    column: str = ""
    members: str = ""
    aside: bool = False


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


Shape: TypeAlias = TestShape | NotShape | AllShape | AnyShape | JsonPathShape
ID = Place(("id",))
NEVER = AnyShape(())


@dataclass(frozen=True, slots=True)
class SortShape:
    """`type` is None where a value may be of any; `reach` is a JSONPath instead of the place."""

    place: Place
    type: ValueType | None
    descending: bool
    moments: bool
    reach: ReachShape | None = None


@dataclass(slots=True)
class Reading:
    """The values that a query binds, in the order in which its SQL names them."""

    collection: Collection
    json: Json
    values: list[Bound] = field(default_factory=list)

    def bind(self, value: Bound) -> None:
        if isinstance(value, str):
            _refuse_odd(value)
        elif isinstance(value, Exact) and self.json.name == "sqlite":
            raise NotServed(what="a number of so many digits in SQL")
        self.values.append(self.json.bound(value))

    def place(
        self, path: Path, type: ValueType | None, text: str = "", *, members: bool = True
    ) -> Place:
        """Where values of this type stand, to be compared with the text as they are or by their
        beginnings; what a walk needs is bound. members: a side table will do."""
        if path == ID.path:
            return ID
        index = index_of(self.collection, path, self.json)
        if index is not None and (index.type != type or (type == "string" and len(text) >= HEAD)):
            index = None
        if is_scalar(self.collection, path):
            return Place(path, column="" if index is None else index.name)
        if index is not None and members:
            return Place(members=index.name)
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
    """The filter's shape. Raises errors.BadQuery, and errors.NotServed where SQL cannot say it:
    see rest.split."""
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
        case Not(part):
            return NotShape(shape(part, reading))
        case Reached(reach):
            return SomeShape(reach_shape(reach, reading, shape), (ValueTest("reached"),))
        case Compared(left, "ne", right, type_):
            return NotShape(shape(Compared(left, "eq", right, type_), reading))
        case Compared():
            return compared_shape(node, reading, shape) or NEVER


def is_range(shape: Shape, collection: Collection) -> bool:
    """Whether all that is found lies in one range of an index, but not at one value of it."""
    match shape:
        case AllShape(parts):
            return any(is_range(part, collection) for part in parts)
        case TestShape(place, "gt" | "gte" | "lt" | "lte" | "prefix"):
            return place.column != "" and not place.aside
    return False


def sort_shape(key: SortKey, reading: Reading) -> SortShape:
    """The sort's shape. Raises errors.NotServed where SQL cannot say it: see rest.split_sort."""
    if key.reach is not None:
        reach = single_shape(key.reach, reading, shape)
        return SortShape(Place(), None, key.descending, key.type == "date-time", reach)
    type_ = key.type or reading.collection.types.get(".".join(key.path))
    place = reading.place(key.path, type_, members=False)
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
    whole = place.path or place.members
    after = _after(text) if operator == "startswith" and whole else None
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
        place = reading.place(comparison.path, "date-time", members=False)
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
