"""Attribute filters (TMF630 4.4): one `&` part of the query string as a condition.

    part       = condition *( ";" condition )                       any of them
    condition  = name operator value *( ( "," / ";" ) value )       any of the values
    operator   = "=" / symbol / "=" symbol / "." word "="

The grammar is read after percent-decoding, for clients encode more or less of it as they please.
A text that could also be meant as it stands, commas, semicolons, quotes and all, is looked for as
it stands too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import re2

from tmfserver.errors import BadQuery
from tmfserver.query.ast import And, Comparison, Exists, Node, Operator, Or, Path, ValueType
from tmfserver.query.names import read_path
from tmfserver.query.scalars import asked_instant, boolean, number
from tmfserver.query.spelling import bare, shown

MOST_CONDITIONS = 200
LONGEST_EXPRESSION = 2000
RESERVED = frozenset({"fields", "offset", "limit", "sort", "filter"})
RESERVED_UNLESS_KNOWN = frozenset({"cursor", "depth", "expand"})

_Word = Literal[Operator, "exists"]
_WORDS: Mapping[str, _Word] = {word: word for word in (*get_args(Operator), "exists")}
_SYMBOLS: Mapping[str, Operator] = {
    ">": "gt",
    ">=": "gte",
    "<": "lt",
    "<=": "lte",
    "==": "eq",
    "!=": "ne",
    "*=": "regex",
    "=~": "regex",
}
_OPERATORS: Mapping[str, Operator] = {
    "=": "eq",
    **_SYMBOLS,
    **{f"={symbol}": operator for symbol, operator in _SYMBOLS.items()},
}
_OPERATOR = "|".join(re.escape(each) for each in sorted(_OPERATORS, key=len, reverse=True))
_HEAD = re.compile(rf"([^=<>;]*?)({_OPERATOR})")
# After a ";" only what looks like a name begins another condition; all else is one more value.
_LATER_HEAD = re.compile(rf"(\s*[\w@$:-]+(?:\.[\w@$:-]+)*\s*?)({_OPERATOR})")
_QUOTED = re.compile(r'\s*".*?"\s*(?=[,;]|\Z)', re.DOTALL)
_QUOTED_ALONE = re.compile(r'\s*"(.*)"\s*', re.DOTALL)
_SEPARATOR = re.compile(r"[,;]")
_UNQUOTED = re.compile(r"[^,;]*")
_LOST_PLUS = re.compile(r"(.{19}(?:\.[0-9]+)?) ([0-9]{2}:[0-9]{2})")

RE2 = re2.Options()
RE2.log_errors = False


def both(nodes: Iterable[Node]) -> Node:
    """All of these at once; one alone stands for itself."""
    parts = tuple(dict.fromkeys(nodes))
    return parts[0] if len(parts) == 1 else And(parts)


def either(nodes: Iterable[Node]) -> Node:
    """Any of these, in one flat list without repetition; one alone stands for itself."""
    flat = (part for node in nodes for part in alternatives(node))
    parts = tuple(dict.fromkeys(flat))
    return parts[0] if len(parts) == 1 else Or(parts)


def alternatives(node: Node) -> tuple[Node, ...]:
    """The conditions of which any will do; one alone if there is no choice."""
    return node.parts if isinstance(node, Or) else (node,)


def is_reserved(name: str, types: Mapping[str, ValueType]) -> bool:
    """Whether a query parameter of this name is no filter, in view of the contract's attributes."""
    return name in RESERVED or (name in RESERVED_UNLESS_KNOWN and name not in types)


@dataclass(frozen=True, slots=True)
class _Head:
    """What stands before a value: which attribute, compared how; `start` is where values begin."""

    name: str
    operator: _Word
    start: int

    @property
    def takes_a_list(self) -> bool:
        return self.operator in ("eq", "ne")


class Conditions:
    """Reads the filters of one query string, and counts them, for there is a limit."""

    def __init__(self, types: Mapping[str, ValueType]) -> None:
        self._types = types
        self._count = 0

    def read(self, text: str) -> Node:
        """One `&` part, percent-decoded, as a condition."""
        first = self._head(_HEAD.match(text))
        if first is None:
            raise BadQuery(
                parameter=bare(text), came="nothing to compare with", expected="name=value"
            )
        nodes = []
        head: _Head | None = first
        while head is not None:
            read = self._list if head.takes_a_list else self._single
            values, end, following = read(text, head)
            nodes.append(self._condition(head, values, text[head.start : end]))
            head = following
        if len(nodes) > 1 and first.operator == "eq" and self._is_textual(first):
            nodes.insert(0, self._comparison(first, "eq", text[first.start :]))
        return nodes[0] if len(nodes) == 1 else either(nodes)

    def _head(self, match: re.Match[str] | None) -> _Head | None:
        if match is None:
            return None
        name, symbol = match[1].strip(), match[2]
        stem, dot, word = name.rpartition(".")
        if not dot or word not in _WORDS or name in self._types:
            return _Head(name, _OPERATORS[symbol], match.end())
        if not symbol.startswith("="):
            expected = "one operator, either in words or as a symbol"
            raise BadQuery(parameter=bare(name), came=shown(symbol), expected=expected)
        return _Head(stem, _WORDS[word], match.start(2) + 1)

    def _later_head(self, text: str, at: int) -> _Head | None:
        head = self._head(_LATER_HEAD.match(text, at))
        if head and is_reserved(head.name, self._types):
            raise BadQuery(parameter=head.name, came="';' before it", expected="'&' before it")
        return head

    def _list(self, text: str, head: _Head) -> tuple[list[str], int, _Head | None]:
        """The values up to the next condition or the end, where that is, and the next's head."""
        values = []
        at = head.start
        if _SEPARATOR.search(text, at) is None:
            self._count_one()
            return [text[at:]], len(text), None
        while True:
            self._count_one()
            match = _QUOTED.match(text, at) or _UNQUOTED.match(text, at)
            end = match.end() if match else len(text)
            values.append(text[at:end])
            following = self._later_head(text, end + 1) if text[end : end + 1] == ";" else None
            if following or end == len(text):
                return values, end, following
            at = end + 1

    def _single(self, text: str, head: _Head) -> tuple[list[str], int, _Head | None]:
        """The same for an operator with one value, in which commas and semicolons may stand."""
        self._count_one()
        quoted = _QUOTED.match(text, head.start)
        end = text.find(";", quoted.end() if quoted else head.start)
        while end >= 0:
            following = self._later_head(text, end + 1)
            if following:
                return [text[head.start : end]], end, following
            end = text.find(";", end + 1)
        return [text[head.start :]], len(text), None

    def _count_one(self) -> None:
        self._count += 1
        if self._count > MOST_CONDITIONS:
            raise BadQuery(
                parameter="(all)",
                came=f"more than {MOST_CONDITIONS} conditions",
                expected=f"at most {MOST_CONDITIONS}",
            )

    def _condition(self, head: _Head, values: list[str], whole: str) -> Node:
        operator = head.operator
        if operator == "exists":
            return _existence(head, whole)
        if operator in ("eq", "ne"):
            texts = self._texts(head, values, whole)
            comparisons = [self._comparison(head, operator, text) for text in texts]
            return either(comparisons) if operator == "eq" else both(comparisons)
        quoted = _QUOTED_ALONE.fullmatch(whole)
        comparison = self._comparison(head, operator, quoted[1] if quoted else whole)
        _check(comparison, head.name)
        if operator == "startswith":
            return either([comparison, self._comparison(head, operator, whole)])
        return comparison

    def _texts(self, head: _Head, values: list[str], whole: str) -> list[str]:
        """What an attribute may equal: the whole, each value, each quoted value without quotes."""
        if len(values) > 1:
            values = [value.strip() for value in values if value.strip()]
        texts = []
        for value in values:
            quoted = _QUOTED_ALONE.fullmatch(value)
            if quoted:
                texts.append(quoted[1])
            if not quoted or self._is_textual(head):
                texts.append(value)
        return [whole, *texts] if self._is_textual(head) or not texts else texts

    def _type(self, head: _Head) -> ValueType | None:
        return self._types.get(head.name)

    def _is_textual(self, head: _Head) -> bool:
        return self._type(head) in ("string", None)

    def _comparison(self, head: _Head, operator: Operator, text: str) -> Comparison:
        type_ = self._type(head)
        if type_ == "date-time":
            text = with_plus(text)
        return Comparison(read_path(head.name), operator, text, type_)


def equated(node: Node) -> Path | None:
    """The one attribute that a condition is about, if it is about equality with one only."""
    paths = {
        part.path if isinstance(part, Comparison) and part.operator == "eq" else None
        for part in alternatives(node)
    }
    return paths.pop() if len(paths) == 1 else None


def with_plus(text: str) -> str:
    """A date-time whose + was sent bare, and so became a space, as it was meant."""
    plus = _LOST_PLUS.fullmatch(text)
    return "+".join(plus.groups()) if plus else text


def _existence(head: _Head, text: str) -> Exists:
    present = boolean(text)
    if present is None:
        name = f"{bare(head.name)}.exists"
        raise BadQuery(parameter=name, came=shown(text), expected="true or false")
    return Exists(read_path(head.name), present)


def _check(comparison: Comparison, name: str) -> None:
    """Refuses what can never be compared like this, and says what could."""
    expected = _shortfall(comparison)
    if expected:
        raise BadQuery(parameter=bare(name), came=shown(comparison.value), expected=expected)


def _shortfall(comparison: Comparison) -> str | None:
    text = comparison.value
    match comparison.operator, comparison.type:
        case "regex", _:
            return regex_shortfall(text)
        case (("contains" | "startswith"), _):
            return None
        case _, "number" if number(text) is None:
            return "a number"
        case _, "date-time" if asked_instant(text) is None:
            return "a date-time as in RFC 3339 (2026-01-31T12:00:00Z), or a date (2026-01-31)"
        case _, "boolean":
            return "=true or =false, for there is no order between the two"
    return None


def regex_shortfall(text: str) -> str | None:
    """What to expect instead of a text that RE2 does not take; None if it does."""
    if len(text) > LONGEST_EXPRESSION:
        return f"a regular expression of at most {LONGEST_EXPRESSION} characters"
    try:
        re2.compile(text, RE2)
    except re2.error as problem:
        reason = problem.args[0]
        words = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        return f"a regular expression (RE2): {words}"
    return None
