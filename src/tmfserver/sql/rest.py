"""What SQL finds of a filter, what is left to evaluate on each document, and what an index can do.

SQL finds candidates: every document that satisfies the filter, and perhaps others. Where it can
say the filter exactly, nothing is left. A reach with a step that SQL cannot say is widened: that
step becomes one that lets more values through, or the reach ends before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tmfserver.changes import Collection
from tmfserver.errors import NotServed
from tmfserver.exact import Exact
from tmfserver.query.ast import (
    And,
    AnyOf,
    Call,
    Compared,
    Comparison,
    Constant,
    Descend,
    Every,
    Exists,
    Index,
    Name,
    Node,
    Not,
    Operand,
    Operator,
    Or,
    Path,
    Reach,
    Reached,
    Slice,
    SortKey,
    Step,
    ValueType,
    Where,
)
from tmfserver.query.scalars import instant, number
from tmfserver.sql.dialects import Json
from tmfserver.sql.filters import Reading, shape, sort_shape
from tmfserver.sql.rounding import is_rounded, near
from tmfserver.sql.steps import FLIPPED

# SQLite's parser has a stack of 100. How much of it the SQL of a condition takes was measured, and
# a condition that takes more than ROOM leaves to the statement around it is not for SQL.
ROOM = 72
_ROWS, _BRACKETS, _SLICE, _FUNCTION, _TEST, _MOMENT = 15, 3, 25, 20, 13, 51
_NOWHERE = Collection("", "")


def split(node: Node, json: Json) -> tuple[Node | None, Node | None]:
    """A filter for SQL that every match satisfies, and what query.match must still say of each
    document found; None: all documents are found, nothing is left to say."""
    parts = node.parts if isinstance(node, And) else (node,)
    found = [_candidates(part, json, ROOM) for part in parts]
    left = [part for part, there in zip(parts, found, strict=True) if there != part]
    return _all(found), _all(left)


def split_sort(sort: Sequence[SortKey], json: Json) -> bool:
    """Whether SQL can sort so; if not, query.order must."""
    reading = Reading(_NOWHERE, json)
    try:
        for key in sort:
            if key.reach is not None:
                sort_shape(key, reading)
    except NotServed:
        return False
    return True


def _all(nodes: Iterable[Node | None]) -> Node | None:
    parts = tuple([node for node in nodes if node is not None])
    return parts[0] if len(parts) == 1 else And(parts) if parts else None


def _candidates(node: Node, json: Json, room: int) -> Node | None:
    """The node itself where SQL can say it, else a weaker one, None if there is none."""
    if _height(node) <= room and _can_say(node, json):
        return node
    match node:
        case And(parts):
            return _all([_candidates(part, json, room - _BRACKETS) for part in parts])
        case Or(parts):
            some = [_candidates(part, json, room - _BRACKETS) for part in parts]
            return None if None in some else Or(tuple([part for part in some if part is not None]))
        case Comparison(path):
            return near(node) if is_rounded(node) else Exists(path)
        case Reached(reach):
            return _reached(reach, json, room)
        case Compared():
            return _compared(node, json, room)
    return None


def _can_say(node: Node, json: Json) -> bool:
    match node:
        case Comparison():
            return not is_rounded(node) if json.name == "sqlite" else node.operator != "regex"
        case Exists():
            return True
        case And(parts) | Or(parts):
            return all(_can_say(part, json) for part in parts)
        case Not(part):
            return _can_say(part, json)
    try:
        shape(node, Reading(_NOWHERE, json))
    except NotServed:
        return False
    return True


def _reached(reach: Reach, json: Json, room: int) -> Node | None:
    widened = _widened(reach, json, room)
    return Reached(widened) if widened.steps else None


def _compared(node: Compared, json: Json, room: int) -> Node | None:
    left, operator, right = node.left, node.operator, node.right
    if isinstance(left, Constant) and operator in FLIPPED:
        left, operator, right = right, FLIPPED[operator], left
    match left, operator, right:
        case _, "ne", _:
            return None
        case Reach(), "regex", _:
            return _reached(left, json, room)
        case Reach(steps), _, Constant():
            widened = _widened(left, json, room)
            wider = Compared(widened, operator, right, node.type)
            if len(widened.steps) == len(steps) and _can_say(wider, json):
                return wider
            return Reached(widened) if widened.steps else None
        case Call("length" | "min" | "max" | "avg" | "value", Reach() as argument), _, Constant():
            return _reached(argument, json, room)
        case Reach(), "gt" | "lt", Reach():
            return _all([_reached(each, json, room) for each in (left, right)])
    return None


def _widened(reach: Reach, json: Json, room: int) -> Reach:
    """A reach that leads to all that this one leads to, or, if it has fewer steps, to what these
    values stand in."""
    kept: tuple[Step, ...] = ()
    for step in reach.steps:
        for wider in (step, _wider(step, json, room), Every()):
            longer = Reached(Reach((*kept, wider), reach.root))
            if _height(longer) <= room and _can_say(longer, json) and _covers(wider, step):
                kept = longer.reach.steps
                break
        else:
            break
    return Reach(kept, reach.root)


def _wider(step: Step, json: Json, room: int) -> Step:
    if isinstance(step, Where):
        condition = _candidates(step.condition, json, room - _ROWS - _BRACKETS)
        return Every() if condition is None else Where(condition)
    return step


def _covers(wider: Step, step: Step) -> bool:
    """Whether one reaches what the other does: every member is more than any that is chosen."""
    if isinstance(step, AnyOf):
        return wider == step or all(_covers(wider, each) for each in step.steps)
    return wider == step or not isinstance(step, Descend)


def _height(node: Node) -> int:
    """How much of the parser's stack the SQL takes."""
    match node:
        case And(parts) | Or(parts):
            return _BRACKETS + max(map(_height, parts), default=0)
        case Not(part):
            return 1 + _height(part)
        case Reached(reach):
            return _height_of_reach(reach, _TEST)
        case Compared(left, _, right, type_):
            test = _MOMENT if type_ == "date-time" else _TEST
            return max(_height_of_operand(each, test) for each in (left, right))
    return _ROWS + (_MOMENT if isinstance(node, Comparison) and node.type else _TEST)


def _height_of_operand(operand: Operand, test: int) -> int:
    if isinstance(operand, Call):
        return _height_of_operand(operand.argument, max(test, _FUNCTION))
    return _height_of_reach(operand, test) if isinstance(operand, Reach) else test


def _height_of_reach(reach: Reach, test: int) -> int:
    if all(isinstance(step, Name | Index) for step in reach.steps):
        return test + _BRACKETS
    return _ROWS + max(test, *map(_height_of_step, reach.steps))


def _height_of_step(step: Step) -> int:
    match step:
        case Where(condition):
            return _BRACKETS + _height(condition)
        case AnyOf(steps):
            return _BRACKETS + max(map(_height_of_step, steps), default=0)
        case Slice():
            return _SLICE
    return _TEST


def implied(node: Node, collection: Collection) -> tuple[Node, ...]:
    """Conditions by name=value on indexed attributes that hold for every document that the filter
    finds, as long as what the contract calls arrays are no objects.

    One is a Comparison, or an Or of two where equal texts have no order in name=value.
    """
    return tuple(dict.fromkeys(_implied(node, (), collection)))


def _implied(node: Node, at: Path, collection: Collection) -> Iterator[Node]:
    """`at` is the path to `@`: the empty one of the document, else that of an array's element."""
    match node:
        case And(parts):
            for part in parts:
                yield from _implied(part, at, collection)
        case Reached(reach):
            yield from _follow(reach, at, collection)[1]
        case Compared(left, operator, right, type_) if operator != "ne":
            if isinstance(left, Constant) and operator != "regex":
                left, operator, right = right, FLIPPED[operator], left
            if isinstance(left, Reach) and isinstance(right, Constant):
                path, conditions = _follow(left, at, collection)
                yield from conditions
                if path and operator != "regex":
                    yield from _comparison(path, operator, right, type_, collection)


def _follow(reach: Reach, at: Path, collection: Collection) -> tuple[Path, list[Node]]:
    """The path of names that leads to all that is reached, () if there is none; and what the
    conditions on the way imply."""
    path = () if reach.root else at
    in_array = bool(path)
    conditions: list[Node] = []
    for step in reach.steps:
        match step:
            case Name(name):
                path, in_array = (*path, name), False
            case Index() | Slice():
                in_array = True
            # An object has members too, but no path of names leads to them all.
            case Every() | Where() if not in_array and ".".join(path) in collection.arrays:
                in_array = True
                if isinstance(step, Where):
                    conditions += _implied(step.condition, path, collection)
            case _:
                return (), conditions
    return path, conditions


def _comparison(
    path: Path,
    operator: Operator,
    constant: Constant,
    type_: ValueType | None,
    collection: Collection,
) -> Iterator[Node]:
    value, dotted = constant.value, ".".join(path)
    known = "string" if path == ("id",) else collection.types.get(dotted)
    if path != ("id",) and dotted not in collection.indexed:
        return
    match value, known:
        case bool(), "boolean" if operator in {"eq", "gte", "lte"}:
            yield Comparison(path, "eq", "true" if value else "false", known)
        case bool() | None, _:
            pass
        case int() | float() | Exact(), "number" if number(str(value)) == value:
            yield Comparison(path, operator, str(value), known)
        case str(), "string" if type_ != "date-time":
            yield Comparison(path, operator, value, known)
        case str(), "date-time" if operator == "eq":
            yield Comparison(path, "eq", value, known)
        case str(), "date-time" if type_ == "date-time":
            asked = Comparison(path, operator, value, known)
            equal = operator in {"gte", "lte"} and instant(value) is None
            yield Or((asked, Comparison(path, "eq", value, known))) if equal else asked
