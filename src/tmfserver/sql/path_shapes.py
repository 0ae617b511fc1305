"""JSONPath's shapes: all that the SQL of a JSONPath depends on, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from tmfserver.query.ast import Function, ValueType

if TYPE_CHECKING:
    from tmfserver.sql.filters import Shape

Order: TypeAlias = Literal["eq", "gt", "gte", "lt", "lte"]
Test: TypeAlias = Literal[Order, "regex", "text", "null", "reached"]


@dataclass(frozen=True, slots=True)
class WhereShape:
    """A condition on a member of an array or object."""

    condition: Shape


Selector: TypeAlias = (
    Literal["name", "index", "index back", "every", "slice", "slice back"] | WhereShape
)


@dataclass(frozen=True, slots=True)
class ChoiceShape:
    """The members of an array or object that any of the selectors chooses."""

    selectors: tuple[Selector, ...]


StepShape: TypeAlias = Literal["path", "name", "index", "index back", "all"] | ChoiceShape


@dataclass(frozen=True, slots=True)
class ReachShape:
    """A chain of steps from `@`, or with `root` from the document."""

    steps: tuple[StepShape, ...]
    root: bool


@dataclass(frozen=True, slots=True)
class ValueTest:
    """One condition on a value."""

    test: Test
    type: ValueType = "string"


@dataclass(frozen=True, slots=True)
class SomeShape:
    """A value is reached that passes one of the tests."""

    reach: ReachShape
    tests: tuple[ValueTest, ...]


@dataclass(frozen=True, slots=True)
class CallShape:
    """A function of what is reached, compared with a number."""

    function: Function
    reach: ReachShape
    operator: Order


@dataclass(frozen=True, slots=True)
class PairShape:
    """Two chains that reach one value at most, compared with each other."""

    left: ReachShape
    right: ReachShape
    operator: Order
    type: ValueType | None


JsonPathShape: TypeAlias = SomeShape | CallShape | PairShape
