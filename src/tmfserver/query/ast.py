"""TMF630's query string as plain values: what parse makes, and match, SQL and pages read.

A path is a tuple of attribute names; arrays are stepped through silently (TMF630 4.4): the path
("relatedParty", "id") names the id of every related party. A comparison holds when any value that
the path reaches satisfies it; `ne` holds when none equals it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

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


Node: TypeAlias = Comparison | Exists | And | Or


@dataclass(frozen=True, slots=True)
class SortKey:
    """Documents without the attribute come last, whatever the direction; ties go by age."""

    path: Path
    descending: bool = False
    type: ValueType | None = None


@dataclass(frozen=True, slots=True)
class Fields:
    """Which attributes a client wants. Empty `paths`: only id and href (TMF630 4.3, `none`)."""

    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """A list request. `limit` 0 counts only; `fields` None means the whole document."""

    filter: Node | None = None
    sort: tuple[SortKey, ...] = ()
    offset: int = 0
    limit: int = 100
    fields: Fields | None = None
