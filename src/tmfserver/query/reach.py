"""Which values a JSONPath reaches in a document, in RFC 9535's order, and where they stand.

Nothing here calls itself for a deeper value: documents may be nested at any depth. What a JSONPath
that begins at `$` reaches is kept for the document, for it may be asked for at each of its values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from functools import partial
from itertools import chain
from typing import Any, TypeAlias

from tmfserver.query.ast import (
    AnyOf,
    Descend,
    Every,
    Function,
    Index,
    Name,
    Node,
    Reach,
    Slice,
    Step,
    Where,
)
from tmfserver.query.comparing import is_number

# Where a value stands: its name or index behind where its holder stands; None: the document.
Trail: TypeAlias = "tuple[Trail, str | int] | None"
Spot: TypeAlias = tuple[Trail, Any]


class Ground:
    """The document that is looked at, `$`, and what was found from there already."""

    __slots__ = ("document", "found")

    def __init__(self, document: Any) -> None:
        self.document = document
        self.found: dict[object, list[Spot]] = {}


# Names and indexes from the document on.
Place: TypeAlias = tuple[str | int, ...]

# The values that an operand gives, and whether a condition holds, of a value `@` in a document.
Find: TypeAlias = Callable[[Any, Ground], Iterator[Any]]
Holds: TypeAlias = Callable[[Any, Ground], bool]
Follow: TypeAlias = Callable[[Any, Ground], tuple[Any, ...]]
Condition: TypeAlias = Callable[[Node], Holds]
_Stride: TypeAlias = Callable[[Ground, Spot], Iterable[Spot]]


def finder(reach: Reach, condition: Condition) -> Find:
    """The values reached from a value, `@`; `condition` compiles the conditions on the way."""
    if is_plain(reach):
        follow = follower(reach)
        return lambda value, ground: iter(follow(value, ground))
    locate = locator(reach, condition)
    return lambda value, ground: (found for _, found in locate(value, ground))


def is_plain(reach: Reach) -> bool:
    """Whether it is of names only, and so leads to one value at most."""
    return len(_first_names(reach)) == len(reach.steps)


def follower(reach: Reach) -> Follow:
    """The one value that a plain reach leads to, or none; far cheaper than a finder's walk."""
    names, root = _first_names(reach), reach.root

    def follow(value: Any, ground: Ground) -> tuple[Any, ...]:
        here = ground.document if root else value
        for name in names:
            if not isinstance(here, dict) or name not in here:
                return ()
            here = here[name]
        return (here,)

    return follow


def _first_names(reach: Reach) -> list[str]:
    names: list[str] = []
    for step in reach.steps:
        if not isinstance(step, Name):
            break
        names.append(step.name)
    return names


def locator(reach: Reach, condition: Condition) -> Callable[[Any, Ground], Iterator[Spot]]:
    """The same values, each with where it stands."""
    # The names that it begins with lead to one place at most.
    names = _first_names(reach)
    strides = [_stride(step, condition) for step in reach.steps[len(names) :]]

    def walk(value: Any, ground: Ground) -> Iterator[Spot]:
        trail: Trail = None
        for name in names:
            if not isinstance(value, dict) or name not in value:
                return iter(())
            trail, value = (trail, name), value[name]
        spots: Iterator[Spot] = iter([(trail, value)])
        for stride in strides:
            # Iterators in C: a long path does not use up Python's stack.
            spots = chain.from_iterable(map(partial(stride, ground), spots))
        return spots

    def walk_from_root(_value: Any, ground: Ground) -> Iterator[Spot]:
        if walk not in ground.found:
            ground.found[walk] = list(walk(ground.document, ground))
        return iter(ground.found[walk])

    return walk_from_root if reach.root else walk


def _stride(step: Step, condition: Condition) -> _Stride:
    """The spots that one step leads to from a spot."""
    match step:
        case Name(name):
            return lambda _ground, spot: _named(spot, name)
        case Index(index):
            return lambda _ground, spot: _indexed(spot, index)
        case Slice(start, stop, by):
            return lambda _ground, spot: _sliced(spot, slice(start, stop, by))
        case Every():
            return lambda _ground, spot: _within(spot)
        case Where(node):
            holds = condition(node)
            return lambda ground, spot: (
                inner for inner in _within(spot) if holds(inner[1], ground)
            )
        case Descend():
            return lambda _ground, spot: _descended(spot)
        case AnyOf(steps):
            strides = [_stride(each, condition) for each in steps]
            return lambda ground, spot: chain.from_iterable(
                stride(ground, spot) for stride in strides
            )


def _named(spot: Spot, name: str) -> tuple[Spot, ...]:
    trail, value = spot
    if isinstance(value, dict) and name in value:
        return (((trail, name), value[name]),)
    return ()


def _indexed(spot: Spot, index: int) -> tuple[Spot, ...]:
    trail, value = spot
    if isinstance(value, list) and -len(value) <= index < len(value):
        return (((trail, index % len(value)), value[index]),)
    return ()


def _sliced(spot: Spot, chosen: slice) -> Iterator[Spot]:
    trail, value = spot
    if isinstance(value, list) and chosen.step != 0:
        for index in range(*chosen.indices(len(value))):
            yield (trail, index), value[index]


def _within(spot: Spot) -> Iterator[Spot]:
    trail, value = spot
    if isinstance(value, dict):
        return (((trail, name), inner) for name, inner in value.items())
    if isinstance(value, list):
        return (((trail, index), inner) for index, inner in enumerate(value))
    return iter(())


def members(value: Any) -> Iterable[Any]:
    """The values right within a value: what `[*]` leads to."""
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _descended(spot: Spot) -> Iterator[Spot]:
    yield spot
    levels = [_within(spot)]
    while levels:
        for inner in levels[-1]:
            yield inner
            levels.append(_within(inner))
            break
        else:
            levels.pop()


def place(trail: Trail) -> Place:
    """Where a value stands."""
    keys: list[str | int] = []
    while trail is not None:
        trail, key = trail
        keys.append(key)
    return tuple(reversed(keys))


def call(function: Function, values: Iterable[Any]) -> Iterator[Any]:
    """The function's one value, or none."""
    if function == "count":
        return iter([sum(1 for _ in values)])
    found = list(values)
    alone = found[0] if len(found) == 1 else None
    match function:
        case "value":
            return iter(found if len(found) == 1 else ())
        case "length":
            return iter([len(alone)] if isinstance(alone, (str, list, dict)) else ())
    numbers = [each for each in (alone if isinstance(alone, list) else found) if is_number(each)]
    if not numbers:
        return iter(())
    match function:
        case "min":
            return iter([min(numbers)])
        case "max":
            return iter([max(numbers)])
        case "avg":
            return iter([_average(numbers)])
    return iter(())


def _average(numbers: list[int | float]) -> int | float:
    """Exact but for the last rounding; what is too large for a float is a whole number."""
    exact = sum(map(Fraction, numbers)) / len(numbers)
    try:
        return float(exact)
    except OverflowError:
        return round(exact)
