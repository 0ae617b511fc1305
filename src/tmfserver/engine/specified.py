"""What a specification says of characteristics, read once, and what is wrong with some.

A specification is TM Forum's: an array of CharacteristicSpecifications, each with its name, type,
cardinality, expression, and the values that it takes. What it leaves out or leaves blank is free,
and so are types that are not named here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

import re2

from tmfserver.document.keys import Key, as_text, make_key
from tmfserver.engine.value_types import Number, is_of, measure, number, test_of
from tmfserver.exact import equal
from tmfserver.query.conditions import RE2

SHOWN = 80  # characters of a value in a message
MOST_NAMED = 10  # of what is expected


class Problem(NamedTuple):
    """What is wrong with the characteristic of a name."""

    name: str
    came: str
    expected: str


@dataclass(frozen=True)
class Range:
    """What lies between two ends; None: no end. Whether the ends belong to it is told by TM
    Forum's rangeInterval: open, closed, closedBottom, closedTop."""

    low: Number | None
    high: Number | None
    interval: str

    def holds(self, value: Any) -> bool:
        found = measure(value)
        if found is None:
            return False
        with_low = self.interval in ("closed", "closedbottom")
        with_high = self.interval in ("closed", "closedtop")
        above = self.low is None or found > self.low or (with_low and found == self.low)
        return above and (
            self.high is None or found < self.high or (with_high and found == self.high)
        )


@dataclass(frozen=True)
class Allowed:
    """One of the values that a characteristic takes: all that is said of it must hold."""

    type: str
    value: Any = None
    range: Range | None = None
    regex: Any = None

    def holds(self, value: Any) -> bool:
        return (
            is_of(self.type, value)
            and (self.value is None or _same(self.value, value))
            and (self.range is None or self.range.holds(value))
            and (self.regex is None or self.regex.fullmatch(_text(value)) is not None)
        )


@dataclass(frozen=True)
class Specified:
    """What a specification says of one characteristic. most: None for any number of values."""

    name: str
    type: str
    least: int
    most: int | None
    regex: Any
    allowed: tuple[Allowed, ...]
    expected: str
    is_extensible: bool
    is_unique: bool

    def problems(self, values: Sequence[Any]) -> Iterator[Problem]:
        count = len(values)
        if count < self.least:
            yield Problem(self.name, _times(count), f"at least {self.least}")
        if self.most is not None and count > self.most:
            yield Problem(self.name, _times(count), f"at most {self.most}")
        for value in values:
            if not is_of(self.type, value):
                yield Problem(self.name, shown(value), f"a value of type {self.type}")
            elif self.regex is not None and self.regex.fullmatch(_text(value)) is None:
                yield Problem(self.name, shown(value), f"what matches {self.regex.pattern}")
            elif self.allowed and not any(each.holds(value) for each in self.allowed):
                yield Problem(self.name, shown(value), self.expected)


@dataclass(frozen=True)
class Specification:
    """All that a specification says."""

    characteristics: Mapping[str, Specified]

    def problems(self, given: Any) -> Iterator[Problem]:
        """given: an array of objects with name and value. A name that is not in the specification
        is a problem unless one of its characteristics is extensible."""
        values = by_name(given)
        for each in self.characteristics.values():
            yield from each.problems(_flat(each.type, values.get(each.name, ())))
        if any(each.is_extensible for each in self.characteristics.values()):
            return
        known = ", ".join([f"'{name}'" for name in [*self.characteristics][:MOST_NAMED]])
        for name in values:
            if name in self.characteristics:
                continue
            yield Problem(name, "a characteristic of this name", f"only {known or 'none'}")

    def key(self, given: Any, owner: tuple[str, str]) -> Key | None:
        """The key that the unique characteristics make together; None if one is missing, or none
        is unique. owner: what the specification's id is called, and the id."""
        unique = [each.name for each in self.characteristics.values() if each.is_unique]
        values = by_name(given) if unique else {}
        if not unique or any(None in values.get(each, (None,)) for each in unique):
            return None
        name, id = owner
        return make_key([(name, [id]), *[(each, values[each]) for each in unique]])


def read(characteristics: Any) -> Specification:
    """What a document's array of CharacteristicSpecifications says; never fails."""
    found = {}
    for each in characteristics if isinstance(characteristics, list) else ():
        if isinstance(each, Mapping) and isinstance(each.get("name"), str):
            found[each["name"]] = _specified(each)
    return Specification(found)


def by_name(given: Any) -> dict[str, list[Any]]:
    """The values of characteristics, by name."""
    found: dict[str, list[Any]] = {}
    for each in given if isinstance(given, list) else ():
        if isinstance(each, dict) and isinstance(each.get("name"), str):
            found.setdefault(each["name"], []).append(each.get("value"))
    return found


def shown(value: Any) -> str:
    """As JSON, cut off where it is long."""
    text = as_text(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."


def _flat(type: str, values: Sequence[Any]) -> list[Any]:
    """An array counts as its elements where the type is one that no array is of."""
    if test_of(type) is None or not any(isinstance(value, list) for value in values):
        return list(values)
    return [each for value in values for each in (value if isinstance(value, list) else [value])]


def _specified(given: Mapping[str, Any]) -> Specified:
    is_extensible = given.get("extensible") in (True, "true")
    entries = given.get("characteristicValueSpecification")
    entries = [each for each in entries if isinstance(each, Mapping)] if entries else []
    allowed = () if is_extensible else tuple(map(_allowed, entries))
    return Specified(
        name=given["name"],
        type=_words(given.get("valueType")),
        least=_count(given.get("minCardinality")) or 0,
        most=_count(given.get("maxCardinality")),
        regex=_expression(given.get("regex")),
        allowed=allowed,
        expected=_expected(entries),
        is_extensible=is_extensible,
        is_unique=given.get("isUnique") in (True, "true"),
    )


def _allowed(entry: Mapping[str, Any]) -> Allowed:
    low, high = measure(entry.get("valueFrom")), measure(entry.get("valueTo"))
    interval = _words(entry.get("rangeInterval")).lower() or "closed"
    value = entry.get("value")
    return Allowed(
        type=_words(entry.get("valueType")),
        value=None if value == "" else value,
        range=None if low is None and high is None else Range(low, high, interval),
        regex=_expression(entry.get("regex")),
    )


def _expected(entries: Sequence[Mapping[str, Any]]) -> str:
    said = []
    for entry in entries[:MOST_NAMED]:
        low, high = entry.get("valueFrom"), entry.get("valueTo")
        if entry.get("value") not in (None, ""):
            said.append(shown(entry["value"]))
        elif measure(low) is not None or measure(high) is not None:
            ends = [shown(end) if measure(end) is not None else "any" for end in (low, high)]
            said.append(f"{ends[0]} to {ends[1]} ({entry.get('rangeInterval') or 'closed'})")
        elif entry.get("regex"):
            said.append(f"what matches {entry['regex']}")
        else:
            said.append(f"a value of type {entry.get('valueType')}")
    more = " and others" if len(entries) > MOST_NAMED else ""
    return " or ".join(said) + more


def _expression(text: Any) -> Any:
    """None where there is none, and where RE2 cannot read it."""
    if isinstance(text, str) and text:
        with suppress(re2.error):
            return re2.compile(text, RE2)
    return None


def _same(one: Any, other: Any) -> bool:
    if equal(one, other):
        return True
    first, second = number(one), number(other)
    if first is not None and second is not None:
        return first == second
    return isinstance(one, bool) != isinstance(other, bool) and _text(one) == _text(other)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else as_text(value)


def _times(count: int) -> str:
    return f"{count} value{'' if count == 1 else 's'}" if count else "none"


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _words(value: Any) -> str:
    return value if isinstance(value, str) else ""
