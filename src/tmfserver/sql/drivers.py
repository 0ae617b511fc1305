"""Which index SQLite goes by, where a filter has several or a sort has another.

SQLite guesses without knowing how many rows each condition finds, and a wrong guess computes a
column of a hundred thousand documents. So it is asked first how many there are, up to a bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import isqrt

from tmfserver.sql.filters import AllShape, AnyShape, Shape, SortShape, TestShape

FEW, MANY = 2_000, 100_000  # how far rows are counted to choose by


def parts_of(filter_: Shape | None) -> tuple[Shape, ...]:
    """Conditions that all hold."""
    if filter_ is None:
        return ()
    return filter_.parts if isinstance(filter_, AllShape) else (filter_,)


def index_of_part(part: Shape) -> str:
    """The one column or side table whose index finds all that the condition holds for, or ""."""
    match part:
        case TestShape(place, "eq" | "gt" | "gte" | "lt" | "lte" | "prefix"):
            return place.column or place.members
        case AllShape(parts) | AnyShape(parts):
            found = {index_of_part(each) for each in parts}
            return found.pop() if len(found) == 1 else ""
    return ""


def aside(part: Shape) -> Shape:
    """The same condition, but no index is gone by for it."""
    match part:
        case TestShape(place):
            return replace(part, place=replace(place, aside=True))
        case AllShape(parts):
            return AllShape(tuple([aside(each) for each in parts]))
        case AnyShape(some):
            return AnyShape(tuple([aside(each) for each in some]))
    return part


def going_by(parts: Sequence[Shape], indexes: set[str]) -> Shape:
    """The filter, with all other indexes left aside."""
    kept = [part if index_of_part(part) in {"", *indexes} else aside(part) for part in parts]
    return kept[0] if len(kept) == 1 else AllShape(tuple(kept))


def sort_index(sort: Sequence[SortShape]) -> str:
    """The column whose index has the whole order, or ""; without a sort it is that of age."""
    return sort[0].place.column if len(sort) == 1 else ""


def worth_walking(rows: int, end: int) -> int:
    """How many must be found for the order's index to be sooner walked to the page's end than what
    is found is sorted.

    Both look at documents: walking at rows / found for each row of the page, sorting at all found.
    """
    return isqrt(end * rows // 2) + 1
