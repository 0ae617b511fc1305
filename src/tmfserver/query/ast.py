"""TMF630's query string as plain values: what parse makes, and match, SQL and pages read.

A path is a tuple of attribute names; arrays are stepped through silently (TMF630 4.4): the path
("relatedParty", "id") names the id of every related party. A comparison holds when any value that
the path reaches satisfies it; `ne` holds when none equals it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from tmfserver.exact import Exact

Path: TypeAlias = tuple[str, ...]
Operator = Literal["eq", "ne", "gt", "gte", "lt", "lte", "regex", "contains", "startswith"]
ValueType = Literal["string", "number", "boolean", "date-time"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One attribute against one text as it stood in the query string.

    `type` is what the contract says of the attribute; None: unknown to it, so that the text is
    compared by each value's own JSON type ("5" as the number 5 against a number).
    """

    path: Path
    operator: Operator
    value: str
    type: ValueType | None = None


@dataclass(frozen=True, slots=True)
class Exists:
    """The path reaches a value that is not null (or, with present=False, it reaches none)."""

    path: Path
    present: bool = True


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Node


# --- JSONPath (RFC 9535, TMF630 Part 6): a chain of steps, each from every value reached so far


@dataclass(frozen=True, slots=True)
class Name:
    """The attribute of an object; arrays are not stepped through."""

    name: str


@dataclass(frozen=True, slots=True)
class Index:
    """The element of an array, from its end if negative."""

    index: int


@dataclass(frozen=True, slots=True)
class Slice:
    """Elements of an array as RFC 9535 2.3.4 chooses them."""

    start: int | None = None
    stop: int | None = None
    step: int | None = None


@dataclass(frozen=True, slots=True)
class Every:
    """All elements of an array, all values of an object: `[*]`."""


@dataclass(frozen=True, slots=True)
class Where:
    """Those of them for which the condition holds, in which `@` is the element: `[?...]`."""

    condition: Node


@dataclass(frozen=True, slots=True)
class Descend:
    """The value itself and all that is in it, at any depth: `..` before another step."""


@dataclass(frozen=True, slots=True)
class AnyOf:
    """What each of the steps gives, one after the other: `['a', 'b']`."""

    steps: tuple[Step, ...]


Step: TypeAlias = Name | Index | Slice | Every | Where | Descend | AnyOf


@dataclass(frozen=True, slots=True)
class Reach:
    """Every value that the steps lead to: from `@`, or with `root` from the document, `$`."""

    steps: tuple[Step, ...]
    root: bool = False


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that stands in an expression; true and 1 are two, though Python has them equal."""

    value: str | int | float | Exact | bool | None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constant) and _typed(self) == _typed(other)

    def __hash__(self) -> int:
        return hash(_typed(self))


def _typed(constant: Constant) -> tuple[type, Any]:
    return type(constant.value), constant.value


@dataclass(frozen=True, slots=True)
class Call:
    """A function of what an argument reaches."""

    function: Function
    argument: Operand


Function = Literal["length", "count", "min", "max", "avg", "value"]
Operand: TypeAlias = Reach | Constant | Call


@dataclass(frozen=True, slots=True)
class Reached:
    """Something is reached, null too (RFC 9535 2.3.5.1, existence)."""

    reach: Reach


@dataclass(frozen=True, slots=True)
class Compared:
    """Two operands, compared as RFC 9535 2.3.5.2.2 has it; `regex`: the right one is an RE2 text.

    `type` "date-time": the contract says that one side is a date-time, so both are moments.
    """

    left: Operand
    operator: Literal["eq", "ne", "gt", "gte", "lt", "lte", "regex"]
    right: Operand
    type: ValueType | None = None


Node: TypeAlias = Comparison | Exists | And | Or | Not | Reached | Compared


@dataclass(frozen=True, slots=True)
class SortKey:
    """Documents without the attribute come last, whatever the direction; ties go by age, the
    oldest first, or the newest if the last key descends. `reach`: a JSONPath that is no plain
    path of names, instead of `path`.
    """

    path: Path
    descending: bool = False
    type: ValueType | None = None
    reach: Reach | None = None


@dataclass(frozen=True, slots=True)
class Fields:
    """Which attributes a client wants. With neither paths nor reaches: only id and href
    (TMF630 4.3, `none`). `reaches`: JSONPaths that are no plain paths of names."""

    paths: tuple[Path, ...]
    reaches: tuple[Reach, ...] = ()


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a list's order, between two rows: behind the row with these sort values and
    seq, or with `backwards` before it. Without seq: the list's end."""

    keys: tuple[Any, ...] = ()
    seq: int | None = None
    backwards: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """A list request. `limit` 0 counts only; `fields` None means the whole document.

    start: where the page begins, or with `backwards` ends, instead of at an offset.
    """

    filter: Node | None = None
    sort: tuple[SortKey, ...] = ()
    offset: int = 0
    limit: int = 100
    fields: Fields | None = None
    start: Position | None = None
