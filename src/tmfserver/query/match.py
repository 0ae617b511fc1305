"""What a query means, said once in Python: the hub's matcher, and the oracle for the SQL.

A path reaches every value that stands at its end; arrays on the way, and at the end, are stepped
through at every level (TMF630 4.4). null counts as absent. A comparison holds when any reached
value satisfies it, `ne` when none equals. Objects satisfy no comparison, but they exist.

A JSONPath steps through arrays only where it says so, and reaches null like any value (RFC 9535).
Where an operand reaches several values, a comparison holds when any pair satisfies it; `eq` holds
too when neither side reaches anything; `ne` is exactly not `eq`. How values compare stands in
comparing.py, how JSONPaths reach them in reach.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, TypeAlias

from tmfserver.query.ast import (
    And,
    Call,
    Compared,
    Comparison,
    Constant,
    Exists,
    Node,
    Not,
    Operand,
    Or,
    Path,
    Reach,
    Reached,
)
from tmfserver.query.comparing import asked_moment, moment, pair_test, regex_test, text_test
from tmfserver.query.reach import Find, Ground, Holds, Place, call, finder, locator, place

Document: TypeAlias = dict[str, Any]


def matches(node: Node | None, document: Document) -> bool:
    """Whether the document satisfies the filter; every document satisfies None."""
    return compile_match(node)(document)


@lru_cache(maxsize=256)
def compile_match(node: Node | None) -> Callable[[Document], bool]:
    """The same for many documents: the filter's texts are read once."""
    if node is None:
        return lambda _document: True
    holds = condition(node)
    return lambda document: holds(document, Ground(document))


def condition(node: Node) -> Holds:
    """Whether a node holds of a value."""
    match node:
        case And(parts):
            tests = [condition(part) for part in parts]
            return lambda value, ground: all(test(value, ground) for test in tests)
        case Or(parts):
            tests = [condition(part) for part in parts]
            return lambda value, ground: any(test(value, ground) for test in tests)
        case Not(part):
            negated = condition(part)
            return lambda value, ground: not negated(value, ground)
        case Exists(path, present):
            return lambda value, _ground: any(True for _ in values(value, path)) is present
        case Comparison(path, "ne", text, type_):
            equal = text_test(Comparison(path, "eq", text, type_))
            return lambda value, _ground: not any(map(equal, values(value, path)))
        case Comparison(path):
            test = text_test(node)
            return lambda value, _ground: any(map(test, values(value, path)))
        case Reached(reach):
            find = finder(reach, condition)
            return lambda value, ground: any(True for _ in find(value, ground))
        case Compared():
            return _compared(node)


# --- name=value


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


# --- JSONPath


@lru_cache(maxsize=256)
def compile_reach(reach: Reach) -> Callable[[Document], Iterator[Any]]:
    """The values that a JSONPath reaches in a document."""
    find = finder(reach, condition)
    return lambda document: find(document, Ground(document))


def places(reach: Reach, document: Document) -> Iterator[Place]:
    """Where they stand: names and indexes, from the document on."""
    return _compile_places(reach)(document)


@lru_cache(maxsize=256)
def _compile_places(reach: Reach) -> Callable[[Document], Iterator[Place]]:
    locate = locator(reach, condition)
    return lambda document: (place(trail) for trail, _ in locate(document, Ground(document)))


def _compared(node: Compared) -> Holds:
    if node.operator == "regex":
        return _regex(node)
    if node.operator == "ne":
        return condition(Not(Compared(node.left, "eq", node.right, node.type)))
    timed = node.type == "date-time"
    left, right = _operand(node.left, timed=timed), _operand(node.right, timed=timed)
    test = pair_test(node.operator, moments=timed)
    if_nothing = node.operator in ("eq", "gte", "lte")

    def holds(value: Any, ground: Ground) -> bool:
        others = list(right(value, ground))
        nothing = not others
        for one in left(value, ground):
            if any(test(one, other) for other in others):
                return True
            nothing = False
        return if_nothing and nothing

    return holds


def _regex(node: Compared) -> Holds:
    find = _operand(node.left, timed=False)
    if not isinstance(node.right, Constant) or not isinstance(node.right.value, str):
        return lambda _value, _ground: False
    test = regex_test(node.right.value)
    return lambda value, ground: any(map(test, find(value, ground)))


def _operand(operand: Operand, *, timed: bool) -> Find:
    """An operand's values, with texts as moments where the contract has a date-time."""
    if isinstance(operand, Constant):
        constants = [asked_moment(operand.value) if timed else operand.value]
        return lambda _value, _ground: iter(constants)
    found = _called(operand) if isinstance(operand, Call) else finder(operand, condition)
    return (lambda value, ground: map(moment, found(value, ground))) if timed else found


def _called(node: Call) -> Find:
    find = _operand(node.argument, timed=False)
    return lambda value, ground: call(node.function, find(value, ground))
