"""Which rows a page holds, as SQL: their seq and what they are sorted by, read from indexes where
that is enough; documents are fetched for these rows alone.

A page begins at an offset, or at a Position: behind a row (backwards: before it) that need not be
there any more. Rows without the attribute come last. Where one key is sorted by, those with and
those without are two ranges of its index, so a position is a place in one of them.
"""

# ruff: noqa: S608 - SQL text is what this module is for; values are bound, names quoted

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from tmfserver.query.ast import Position
from tmfserver.sql.conditions import rank
from tmfserver.sql.dialects import Bound, Json
from tmfserver.sql.filters import SortShape
from tmfserver.sql.keys import bind_key, bind_seq, key_bound, present, splits


@dataclass(frozen=True, slots=True)
class StartShape:
    """All of a Position that its SQL depends on. `missing`: which keys the row had no value of;
    None: the end of the list."""

    backwards: bool
    missing: tuple[bool, ...] | None


class Key(NamedTuple):
    """SQL for what one sort key compares (its name in `inner` is r0, r1, ...), and its way."""

    sql: str
    descending: bool
    shape: SortShape


# The names under which a start's values are bound: those of the keys that are there, and seq.
Names: TypeAlias = tuple[list[str], str]


def start_shape(start: Position | None) -> StartShape | None:
    if start is None:
        return None
    missing = None if start.seq is None else tuple(key is None for key in start.keys)
    return StartShape(start.backwards, missing)


def start_values(start: Position | None, json: Json) -> list[Bound]:
    """What `start_names` names, in its order."""
    if start is None or start.seq is None:
        return []
    keys = [key_bound(json, key) for key in start.keys if key is not None]
    return [*keys, json.bound(start.seq)]


def start_names(start: StartShape | None, free: Iterator[str]) -> Names:
    if start is None or start.missing is None:
        return [], ""
    names = ["" if missing else next(free) for missing in start.missing]
    return names, next(free)


def sort_keys(sort: Sequence[SortShape], json: Json, free: Iterator[str]) -> list[Key]:
    return [Key(rank(shape, json, free), shape.descending, shape) for shape in sort]


def order_by(keys: Sequence[Key], *, backwards: bool = False, holder: str = "") -> str:
    """The order of `inner`'s columns; seq goes the way of the last key, so that one index has it.

    backwards: the same order from its end.
    """
    nulls = "NULLS FIRST" if backwards else "NULLS LAST"
    words = [
        f"{holder}{_way(f'r{number}', key.descending, backwards)} {nulls}"
        for number, key in enumerate(keys)
    ]
    return ", ".join([*words, holder + _seq_way(keys, backwards)])


def _way(column: str, descending: bool, backwards: bool) -> str:
    return f"{column} DESC" if descending is not backwards else column


def _seq_way(keys: Sequence[Key], backwards: bool) -> str:
    return _way("seq", bool(keys and keys[-1].descending), backwards)


def inner(table: str, where: str, keys: Sequence[Key]) -> str:
    """Every row that the filter finds: (seq, r0, r1, ...)."""
    columns = "".join(f", {key.sql} AS r{number}" for number, key in enumerate(keys))
    return f'SELECT "{table}".seq{columns} FROM "{table}"{where}'


def page_keys(
    found: str,
    keys: Sequence[Key],
    start: StartShape | None,
    names: Names,
    most: str,
    skip: str,
    json: Json,
) -> str:
    """The page's rows out of `found` (by `inner`), in order; backwards, from its end.

    most, skip: SQL for the limit and the offset.
    """
    if start is None and not (_is_one(keys) and splits(json, keys[0].descending)):
        return f"{found} ORDER BY {order_by(keys)} LIMIT {most} OFFSET {skip}"
    if start is None:
        return _skipping(found, keys, most, skip, json)
    if _is_one(keys):
        return _in_two_ranges(found, keys[0], start, names, most, json)
    beyond = _beyond(keys, start.missing, names, json, backwards=start.backwards)
    ordered = order_by(keys, backwards=start.backwards)
    return f"SELECT * FROM ({found}) AS s{beyond} ORDER BY {ordered} LIMIT {most}"


def _is_one(keys: Sequence[Key]) -> bool:
    return len(keys) == 1


class Range(NamedTuple):
    """Rows with a value, or rows without one, of one key; and their order in its index."""

    where: str
    order: str


def _there(key: Key, json: Json, *, backwards: bool = False) -> Range:
    # No word on nulls: there are none, and PostgreSQL's index has them where it likes.
    order = f"{_way('r0', key.descending, backwards)}, {_seq_way([key], backwards)}"
    return Range(present(json, "r0"), order)


def _absent(key: Key, *, backwards: bool = False) -> Range:
    return Range("r0 IS NULL", _seq_way([key], backwards))


def _skipping(found: str, keys: Sequence[Key], most: str, skip: str, json: Json) -> str:
    """Rows with a value, then those without; how many of the first there are is counted only when
    a page reaches beyond them."""
    there, absent = _there(keys[0], json), _absent(keys[0])
    count = "(SELECT count(*) FROM a)"
    return (
        f"SELECT seq, r0 FROM (WITH a AS (SELECT * FROM ({found}) AS s WHERE {there.where}"
        f" ORDER BY {there.order} LIMIT {most} OFFSET {skip}),"
        f" b AS (SELECT * FROM ({found}) AS s WHERE {absent.where} ORDER BY {absent.order}"
        f" LIMIT {most} - {count} OFFSET CASE WHEN {count} > 0 OR {skip} = 0 THEN 0"
        f" ELSE {skip} - (SELECT count(*) FROM ({found}) AS s WHERE {there.where}) END)"
        " SELECT *, 0 AS part FROM a UNION ALL SELECT *, 1 FROM b) AS u"
        f" ORDER BY part, {order_by(keys)}"
    )


def _in_two_ranges(
    found: str, key: Key, start: StartShape, names: Names, most: str, json: Json
) -> str:
    parts = [
        f"SELECT * FROM (SELECT *, {number} AS part FROM ({found}) AS s"
        f" WHERE {where} ORDER BY {order} LIMIT {most}) AS p{number}"
        for number, (where, order) in enumerate(_ranges(key, start, names, json))
    ]
    order = order_by([key], backwards=start.backwards)
    return (
        f"SELECT seq, r0 FROM ({' UNION ALL '.join(parts)}) AS u"
        f" ORDER BY part, {order} LIMIT {most}"
    )


def _ranges(key: Key, start: StartShape, names: Names, json: Json) -> list[Range]:
    """The ranges in which the page lies, in the order in which they are gone through."""
    there = _there(key, json, backwards=start.backwards)
    absent = _absent(key, backwards=start.backwards)
    if start.missing is None:
        return [absent, there] if start.backwards else [there, absent]
    sign = _sign(key.descending, start.backwards)
    (value,), seq = names
    if start.missing[0]:
        behind = f"{absent.where} AND seq {sign} {bind_seq(json, seq)}"
        rest = Range(behind, absent.order)
        return [rest, there] if start.backwards else [rest]
    behind = f"(r0, seq) {sign} ({bind_key(json, value, key.shape)}, {bind_seq(json, seq)})"
    rest = Range(behind, there.order)
    return [rest] if start.backwards else [rest, absent]


def _beyond(
    keys: Sequence[Key],
    missing: Sequence[bool] | None,
    names: Names,
    json: Json,
    *,
    backwards: bool,
) -> str:
    """Rows behind the position by the first key that differs from its row's, else by seq."""
    if missing is None:
        return ""
    values, seq = names
    same: list[str] = []
    some: list[str] = []
    for number, (key, value) in enumerate(zip(keys, values, strict=True)):
        column = f"r{number}"
        if missing[number]:
            differs = present(json, column) if backwards else ""
            equals = f"{column} IS NULL"
        else:
            bound = bind_key(json, value, key.shape)
            absent = "" if backwards else f" OR {column} IS NULL"
            differs = f"({column} {_sign(key.descending, backwards)} {bound}{absent})"
            equals = f"{column} = {bound}"
        if differs:
            some.append(" AND ".join([*same, differs]))
        same.append(equals)
    sign = _sign(bool(keys and keys[-1].descending), backwards)
    some.append(" AND ".join([*same, f"seq {sign} {bind_seq(json, seq)}"]))
    return f" WHERE {' OR '.join(f'({each})' for each in some)}"


def _sign(descending: bool, backwards: bool) -> str:
    return "<" if descending is not backwards else ">"
