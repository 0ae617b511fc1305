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

from collections.abc import Callable, Iterator, Sequence
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
    Where,
)
from tmfserver.query.comparing import (
    Test,
    asked_moment,
    constant_test,
    moment,
    pair_test,
    regex_test,
    text_test,
)
from tmfserver.query.reach import (
    Find,
    Follow,
    Ground,
    Holds,
    Place,
    call,
    finder,
    follower,
    is_plain,
    locator,
    members,
    place,
)

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
            return _all([condition(part) for part in parts])
        case Or(parts):
            tests = [condition(part) for part in parts]
            return lambda value, ground: any(test(value, ground) for test in tests)
        case Not(part):
            negated = condition(part)
            return lambda value, ground: not negated(value, ground)
        case Exists(path, present):
            return lambda value, _ground: any(True for _ in values(value, path)) is present
        case Comparison(path, "ne", text, type_):
            equal = _any_value(path, text_test(Comparison(path, "eq", text, type_)))
            return lambda value, ground: not equal(value, ground)
        case Comparison(path):
            return _any_value(path, text_test(node))
        case Reached(reach):
            return _reached(reach)
        case Compared():
            return _compared(node)


def _all(tests: Sequence[Holds]) -> Holds:
    def holds(value: Any, ground: Ground) -> bool:
        for test in tests:  # noqa: SIM110 - a generator costs as much as a test
            if not test(value, ground):
                return False
        return True

    return holds


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
    if isinstance(reached, list):
        return _present(reached)
    return iter(()) if reached is None else iter((reached,))


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


def _any_value(path: Path, test: Test) -> Holds:
    """Whether any value that the path reaches satisfies the test."""

    def holds(value: Any, _ground: Ground) -> bool:
        reached = value
        for name in path:
            if not isinstance(reached, dict) or name not in reached:
                reached = reached if isinstance(reached, list) else None
                break
            reached = reached[name]
        if isinstance(reached, list):  # on the way or at the end
            return any(map(test, values(value, path)))
        return reached is not None and test(reached)

    return holds


# --- JSONPath


def _reached(reach: Reach) -> Holds:
    """Whether the reach leads to anything."""
    *before, last = reach.steps or (None,)
    names = Reach(tuple(before))
    if not isinstance(last, Where) or reach.root or not is_plain(names):
        find = finder(reach, condition)
        return lambda value, ground: any(True for _ in find(value, ground))
    # Elements of one array, as most ask: asked one by one, without a word of where they stand.
    follow, test = follower(names), condition(last.condition)

    def holds(value: Any, ground: Ground) -> bool:
        found = follow(value, ground)
        return bool(found) and any(test(inner, ground) for inner in members(found[0]))

    return holds


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
    if isinstance(node.right, Constant) and isinstance(node.left, Reach) and is_plain(node.left):
        return _compared_with(node.right, node.operator, follower(node.left), timed=timed)
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


def _compared_with(constant: Constant, operator: str, follow: Follow, *, timed: bool) -> Holds:
    """What most conditions are: one attribute's value beside one that is known."""
    if timed:
        asked, pair = asked_moment(constant.value), pair_test(operator, moments=True)
        return lambda value, ground: any(pair(moment(one), asked) for one in follow(value, ground))
    test = constant_test(operator, constant.value)

    def holds(value: Any, ground: Ground) -> bool:
        found = follow(value, ground)
        return bool(found) and test(found[0])

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
