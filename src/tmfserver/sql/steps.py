"""JSONPath's part of a filter's shape: which steps, tests and functions SQL is to be written for.

The values to bind (names, places in arrays, constants) are collected on the way, in the order in
which reaching.py names them. What SQL cannot say exactly is errors.NotServed here; rest.py finds
that out and has it evaluated on the documents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

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
    Or,
    Reach,
    Slice,
    Step,
    ValueType,
    Where,
)
from tmfserver.query.scalars import asked_instant, instant
from tmfserver.sql.dialects import Bound
from tmfserver.sql.path_shapes import (
    CallShape,
    ChoiceShape,
    JsonPathShape,
    Order,
    PairShape,
    ReachShape,
    Selector,
    SomeShape,
    StepShape,
    ValueTest,
    WhereShape,
)
from tmfserver.sql.tables import is_plain

if TYPE_CHECKING:
    from tmfserver.sql.filters import Reading, Shape

MOST_STEPS = 20  # each may be a table of a join, of which SQLite takes 64
FARTHEST = 2**31 - 1  # no array is so long, and both databases can add to it

FLIPPED: dict[str, Order] = {"eq": "eq", "gt": "lt", "gte": "lte", "lt": "gt", "lte": "gte"}


Read: TypeAlias = Callable[[Node, "Reading"], "Shape"]


def compared_shape(node: Compared, reading: Reading, read: Read) -> JsonPathShape | None:
    """The shape of any comparison but `ne`; None: it never holds. `read` reads conditions."""
    left, operator, right = node.left, node.operator, node.right
    if isinstance(left, Constant) and operator != "regex":
        left, operator, right = right, FLIPPED[operator], left
    left, right = _alone(left), _alone(right)
    match left, operator, right:
        case Reach(), "regex", Constant(str() as text) if reading.json.name == "sqlite":
            return _some(left, [(ValueTest("regex"), text)], reading, read)
        case _, "regex" | "ne", _:
            pass
        case Reach(), _, Constant(value):
            return _some(left, _tests(operator, value, node.type), reading, read)
        case Call(), _, Constant(value):
            return _call(left, operator, value, reading, read)
        case Reach(), _, Reach() if is_single(left) and is_single(right):
            one, other = single_shape(left, reading, read), single_shape(right, reading, read)
            return PairShape(one, other, operator, node.type)
    raise NotServed(what="this comparison in SQL")


def reach_shape(reach: Reach, reading: Reading, read: Read) -> ReachShape:
    if len(reach.steps) > MOST_STEPS or reach.steps[-1:] == (Descend(),):
        raise NotServed(what="a JSONPath of so many steps in SQL")
    steps: list[StepShape] = []
    waiting: list[Name | Index] = []
    for step in reach.steps:
        if isinstance(step, Index) or (isinstance(step, Name) and _can_stand(step, reading)):
            waiting.append(step)
            continue
        steps += _fetches(waiting, reading)
        waiting.clear()
        if isinstance(step, Descend):
            steps.append("all")
        else:
            chosen = step.steps if isinstance(step, AnyOf) else (step,)
            steps.append(ChoiceShape(tuple(_selectors(chosen, reading, read))))
    steps += _fetches(waiting, reading)
    return ReachShape(tuple(steps), reach.root)


def single_shape(reach: Reach, reading: Reading, read: Read) -> ReachShape:
    """The same for one that reaches one value at most, without rows."""
    shape = reach_shape(reach, reading, read)
    if any(isinstance(step, ChoiceShape) or step == "all" for step in shape.steps):
        raise NotServed(what="this comparison in SQL")
    return shape


def is_single(reach: Reach) -> bool:
    """Whether it reaches one value at most."""
    return all(isinstance(step, (Name, Index)) for step in reach.steps)


def _alone(operand: Operand) -> Operand:
    """What reaches one value at most is that value."""
    match operand:
        case Call("value", Reach() as reach) if is_single(reach):
            return reach
    return operand


def _some(
    reach: Reach, tests: Sequence[tuple[ValueTest, Bound | None]], reading: Reading, read: Read
) -> SomeShape | None:
    if not tests:
        return None
    shape = reach_shape(reach, reading, read)
    for _, value in tests:
        if value is not None:
            reading.bind(value)
    return SomeShape(shape, tuple([test for test, _ in tests]))


def _tests(
    operator: Order, value: str | float | Exact | bool | None, type_: ValueType | None
) -> list[tuple[ValueTest, Bound | None]]:
    """What a value may be to compare so with the constant, each with what it is compared with."""
    equal = operator in {"eq", "gte", "lte"}
    match value:
        case None:
            return [(ValueTest("null"), None)] if equal else []
        case bool():
            return [(ValueTest("eq", "boolean"), "true" if value else "false")] if equal else []
        case int() | float() | Exact():
            return [(ValueTest(operator, "number"), value)]
    if type_ != "date-time":
        return [(ValueTest(operator), value)]
    tests: list[tuple[ValueTest, Bound | None]] = []
    asked = asked_instant(value)
    if asked is not None:
        tests.append((ValueTest(operator, "date-time"), asked))
    if equal and instant(value) is None:
        tests.append((ValueTest("text", "date-time"), value))
    return tests


def _call(
    call: Call, operator: Order, value: object, reading: Reading, read: Read
) -> CallShape | None:
    argument = _alone(call.argument)
    if not isinstance(argument, Reach) or call.function in {"avg", "value"}:
        raise NotServed(what=f"{call.function}() of this in SQL")
    if any(isinstance(step, AnyOf) for step in argument.steps):
        raise NotServed(what=f"{call.function}() of a choice in SQL")
    if isinstance(value, bool) or not isinstance(value, (int, float, Exact)):
        return None
    shape = (single_shape if call.function == "length" else reach_shape)(argument, reading, read)
    reading.bind(value)
    return CallShape(call.function, shape, operator)


def _can_stand(name: Name, reading: Reading) -> bool:
    """Whether SQL can fetch the attribute by its name: paths of SQLite take no odd ones."""
    return reading.json.name != "sqlite" or is_plain(name.name)


def _fetches(steps: Sequence[Name | Index], reading: Reading) -> list[StepShape]:
    if not steps:
        return []
    if reading.json.name == "sqlite":
        reading.bind("$" + "".join(map(_in_path, steps)))
        return ["path"]
    fetches: list[StepShape] = []
    for step in steps:
        if isinstance(step, Name):
            reading.bind(step.name)
            fetches.append("name")
        else:
            fetches.append(_index(step, reading))
    return fetches


def _in_path(step: Name | Index) -> str:
    if isinstance(step, Name):
        return f'."{step.name}"'
    index = _near(step.index)
    return f"[{index}]" if index >= 0 else f"[#{index}]"


def _index(step: Index, reading: Reading) -> Literal["index", "index back"]:
    reading.bind(_near(step.index))
    return "index" if step.index >= 0 else "index back"


def _selectors(steps: Sequence[Step], reading: Reading, read: Read) -> Iterator[Selector]:
    for step in steps:
        match step:
            case Name(name):
                reading.bind(name)
                yield "name"
            case Index():
                yield _index(step, reading)
            case Every():
                yield "every"
            case Slice():
                yield from _slice(step, reading)
            case Where(condition):
                _refuse_lenient(condition)
                yield WhereShape(read(condition, reading))
            case AnyOf(inner):
                yield from _selectors(inner, reading, read)
            case Descend():
                raise NotServed(what="a choice of descendants in SQL")


def _slice(step: Slice, reading: Reading) -> Iterator[Literal["slice", "slice back"]]:
    """Binds first, end and distance: what is not said is as far away as can be."""
    by = 1 if step.step is None else step.step
    if by == 0:
        return
    first = -FARTHEST if by > 0 else FARTHEST
    end = -first
    first = first if step.start is None else step.start
    end = end if step.stop is None else step.stop
    for value in (first, end, abs(by)):
        reading.bind(_near(value))
    yield "slice" if by > 0 else "slice back"


def _near(index: int) -> int:
    return max(-FARTHEST, min(index, FARTHEST))


def _refuse_lenient(condition: Node) -> None:
    """name=value conditions start from the document, wherever they stand."""
    match condition:
        case And(parts) | Or(parts):
            for part in parts:
                _refuse_lenient(part)
        case Not(part):
            _refuse_lenient(part)
        case Comparison() | Exists():
            raise NotServed(what="a name=value condition in a JSONPath in SQL")
