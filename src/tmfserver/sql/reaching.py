"""The SQL of JSONPath shapes: chains of row sources, and conditions on what they reach."""

# ruff: noqa: S608 - SQL text is what this module is for; values are bound

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from tmfserver.query.ast import ValueType
from tmfserver.sql.dialects import Json, Value
from tmfserver.sql.path_shapes import (
    CallShape,
    ChoiceShape,
    JsonPathShape,
    PairShape,
    ReachShape,
    Selector,
    SomeShape,
    ValueTest,
    WhereShape,
)
from tmfserver.sql.spots import SPOTS, Source, Spot, Spots

if TYPE_CHECKING:
    from tmfserver.sql.filters import Shape

SIGNS = {"eq": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


class Here(NamedTuple):
    """Where `@` is, and how many row sources there are around it."""

    spot: Spot
    depth: int


class Writer(NamedTuple):
    """What SQL is written with; `condition` writes a shape as a condition on a value."""

    json: Json
    free: Iterator[str]
    condition: Callable[[Shape, Json, Iterator[str], Here | None], str]
    here: Here | None = None

    @property
    def spots(self) -> Spots:
        return SPOTS[self.json.name]


class Reached(NamedTuple):
    """The rows of a chain, the conditions on them, and the value of each."""

    sources: list[str]
    conditions: list[str]
    spot: Spot

    def select(self, what: str, *conditions: str) -> str:
        where = " AND ".join([*self.conditions, *conditions]) or "1 = 1"
        return f"(SELECT {what} FROM {', '.join(self.sources)} WHERE {where})"


_Sides: TypeAlias = tuple[Spot, Spot]


def holds(shape: JsonPathShape, writer: Writer) -> str:
    """SQL that holds where the shape's condition does."""
    match shape:
        case SomeShape(reach, tests):
            reached = follow(reach, writer)
            test = _any([_test(each, reached.spot.value, writer) for each in tests])
            return f"EXISTS {reached.select('1', test)}" if reached.sources else test
        case CallShape(function, reach, operator):
            number = _call(function, follow(reach, writer), writer.spots)
            bound = writer.json.bind("number", next(writer.free))
            return f"({number}) {SIGNS[operator]} {bound}"
        case PairShape(left, right, operator, type_):
            sides = follow(left, writer).spot, follow(right, writer).spot
            return _pair(sides, operator, type_, writer)


def follow(reach: ReachShape, writer: Writer) -> Reached:
    """Steps along a chain; a chain of names has no rows."""
    spots, here = writer.spots, writer.here
    spot = spots.document() if reach.root or here is None else here.spot
    depth = here.depth if here else 0
    sources: list[str] = []
    conditions: list[str] = []
    for step in reach.steps:
        if step in ("path", "name", "index", "index back"):
            spot = spots.fetch(spot, step, next(writer.free))
            continue
        # Named by depth: a condition inside another may look outwards, never at its siblings.
        depth += 1
        if isinstance(step, ChoiceShape):
            source = spots.members(spot, f"s{depth}")
            inner = writer._replace(here=Here(source.spot, depth))
            chosen = [_chosen(each, spot, source, inner) for each in step.selectors]
            conditions.append(_any(chosen))
        else:
            source = spots.everything(spot, f"s{depth}")
        sources.append(source.rows)
        spot = source.spot
    return Reached(sources, conditions, spot)


def _any(conditions: list[str]) -> str:
    if len(conditions) == 1:  # no brackets that would only fill the stack of SQLite's parser
        return conditions[0]
    return f"({' OR '.join(conditions)})" if conditions else "1 = 0"


def _chosen(selector: Selector, parent: Spot, source: Source, writer: Writer) -> str:
    """Whether a selector chooses a member; `@` is the member."""
    spots, free = writer.spots, writer.free
    if isinstance(selector, WhereShape):
        return writer.condition(selector.condition, writer.json, free, writer.here)
    match selector:
        case "every":
            return "1 = 1"
        case "name":
            return f"{source.key} = {writer.json.bind('string', next(free))}"
        case "index":
            return f"{source.place} = {spots.place(next(free))}"
        case "index back":
            return f"{source.place} = {spots.elements(parent)} + {spots.place(next(free))}"
    first, end, distance = (spots.place(next(free)) for _ in range(3))
    count = spots.elements(parent)
    first, end = (f"{each} + CASE WHEN {each} < 0 THEN {count} ELSE 0 END" for each in (first, end))
    if selector == "slice":
        first = f"(CASE WHEN {first} < 0 THEN 0 ELSE {first} END)"
        inside = f"{source.place} >= {first} AND {source.place} < {end}"
        steps = f"{source.place} - {first}"
    else:
        first = f"(CASE WHEN {first} >= {count} THEN {count} - 1 ELSE {first} END)"
        inside = f"{source.place} <= {first} AND {source.place} > {end}"
        steps = f"{first} - {source.place}"
    return f"({count} IS NOT NULL AND {inside} AND {spots.remainder(steps, distance)} = 0)"


def _test(test: ValueTest, value: Value, writer: Writer) -> str:
    json = writer.json
    content = json.typed(test.type, value)
    match test.test:
        case "reached":
            return f"{value.kind} IS NOT NULL"
        case "null":
            return f"{value.kind} = 'null'"
        case "regex":
            return f"regexp({json.bind('string', next(writer.free))}, {content})"
        case "text":
            text = json.bind("string", next(writer.free))
            return f"({content} IS NULL AND {json.typed('string', value)} = {text})"
    return f"{content} {SIGNS[test.test]} {json.bind(test.type, next(writer.free))}"


def _call(function: str, reached: Reached, spots: Spots) -> str:
    spot = reached.spot
    match function, bool(reached.sources):
        case "count", True:
            # The last names of a chain may lead nowhere from some of its rows.
            return reached.select(f"count({spot.value.kind})")
        case "count", False:
            return f"CASE WHEN {spot.value.kind} IS NULL THEN 0 ELSE 1 END"
        case "length", False:
            return spots.size(spot)
        case ("min" | "max") as extreme, False:
            return spots.extreme(extreme, spot)
        case ("min" | "max") as extreme, True:
            one, many = spots.extreme(extreme, spot), spots.number(spot)
            alone = f"count({spot.value.kind}) = 1"
            return reached.select(
                f"CASE WHEN {alone} THEN {extreme}({one}) ELSE {extreme}({many}) END"
            )
    raise AssertionError(function)


def _pair(sides: _Sides, operator: str, type_: ValueType | None, writer: Writer) -> str:
    """Equal as JSON, or in order by the type that both have."""
    json = writer.json
    types: list[ValueType] = ["number", "date-time" if type_ == "date-time" else "string"]
    tests = []
    if operator in {"eq", "gte", "lte"}:
        tests.append(writer.spots.same(*sides))
    for each in types:
        if operator != "eq" or each == "date-time":
            left, right = (json.typed(each, side.value) for side in sides)
            tests.append(f"{left} {SIGNS[operator]} {right}")
    return _any(tests)
