"""Periods (TM Forum's TimePeriod): none ends before it starts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from tmfserver.errors import EndsBeforeItStarts
from tmfserver.query.scalars import instant


class Period(NamedTuple):
    attribute: str
    start: str
    end: str


def check_periods(
    names: Collection[str], old: Mapping[str, Any] | None, new: Mapping[str, Any]
) -> None:
    """Raises EndsBeforeItStarts for a period of one of these names, wherever in the document it
    stands, that was not so before."""
    for wrong in _wrong(new, names):
        if old is None or wrong not in _wrong(old, names):
            raise EndsBeforeItStarts(**wrong._asdict())


def _wrong(document: Mapping[str, Any], names: Collection[str]) -> Iterator[Period]:
    waiting: list[tuple[str, Any]] = [("", document)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, list):
            waiting += [
                (f"{path}[{number}]", element)
                for number, element in enumerate(value)
                if isinstance(element, dict | list)
            ]
            continue
        for name, inner in value.items():
            if not isinstance(inner, dict | list):
                continue
            below = f"{path}.{name}" if path else name
            waiting.append((below, inner))
            if name in names and isinstance(inner, dict):
                start, end = inner.get("startDateTime"), inner.get("endDateTime")
                if isinstance(start, str) and isinstance(end, str) and _is_before(end, start):
                    yield Period(below, start, end)


def _is_before(one: str, other: str) -> bool:
    first, second = instant(one), instant(other)
    return first is not None and second is not None and first < second
