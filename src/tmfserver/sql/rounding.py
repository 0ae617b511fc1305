"""Numbers that SQLite does not tell apart, for it compares 64-bit integers and floats."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, nextafter

from tmfserver.exact import Exact
from tmfserver.query.ast import And, Comparison, Node, Not, Or
from tmfserver.query.scalars import number
from tmfserver.sql.dialects import Json

_NUMERIC = frozenset({"eq", "ne", "gt", "gte", "lt", "lte"})


def is_rounded(node: Comparison) -> bool:
    """Whether the number that is asked for is none of SQLite's, which has floats."""
    by_number = node.operator in _NUMERIC and node.type in ("number", None)
    return by_number and isinstance(number(node.value), Exact)


def near(node: Comparison) -> Node | None:
    """What finds all that the comparison with a number of many digits finds, and what is so near
    to it that a float does not tell the two apart."""
    path, operator, text, type_ = node.path, node.operator, node.value, node.type
    as_text = Comparison(path, "eq" if operator == "ne" else operator, text, "string")
    if operator == "ne":
        return Not(as_text) if type_ is None else None
    rounded = float(text)
    above = Comparison(path, "gte", repr(nextafter(rounded, -inf)), "number")
    below = Comparison(path, "lte", repr(nextafter(rounded, inf)), "number")
    close: Node = And((above, below)) if operator == "eq" else above
    if operator in ("lt", "lte"):
        close = below
    return close if type_ == "number" else Or((as_text, close))


def widened(nodes: Sequence[Node], json: Json) -> tuple[Node, ...]:
    """Conditions as this database can say them."""
    if json.name != "sqlite":
        return tuple(nodes)
    said = [
        near(each) if isinstance(each, Comparison) and is_rounded(each) else each for each in nodes
    ]
    return tuple([each for each in said if each is not None])
