"""Of each document only what is added up: a JSON text for each branch (see query.branches).

A text is what stands at the branch's stem, or in brackets what stands there in each element where
the first name leads to a short array; else behind WHOLE all that the first name leads to. The first
kind is a text only if something is found in each element: only objects are on the way then, and no
array in an array that a path would have to go through.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import reduce
from itertools import chain, islice, takewhile
from typing import TypeVar

from tmfserver import exact
from tmfserver.query.ast import Path
from tmfserver.query.branches import ALONE, Branch, Reading, Share
from tmfserver.query.folding import EXACT
from tmfserver.query.summing import PARTS
from tmfserver.sql.dialects import Json
from tmfserver.sql.tables import is_plain

_Any = TypeVar("_Any")

WHOLE = "="  # no JSON begins with it
_ELEMENTS = 4  # of an array that the stem is followed in
MOST_KEPT, _LONGEST_KEPT = 10_000, 1_000


# An amount as it mostly is, or a number, perhaps in the brackets of a short array.
_AMOUNT = re.compile(
    r"""\[?(?:\{"unit": ?"([^"\\]*)", ?"value": ?)?(-?[0-9]+(?:\.[0-9]+)?)\}?\]?"""
).fullmatch
_ANY_TIME = '-any-time-of-then-Z"'


class Shares(dict[str | None, Share]):
    """A branch's shares by their texts, which repeat: as many as are worth keeping."""

    def __init__(self, branch: Branch) -> None:
        super().__init__()
        stem = _stem(branch)
        self._whole, self._at_stem = Reading(branch, 1), Reading(branch, len(stem))
        alone = not branch.groups + branch.distinct
        self._adds = alone and [each.path for _, each in branch.sums] == [stem]

    def __missing__(self, text: str | None) -> Share:
        share = self._read(text)
        if text is None or len(text) <= _LONGEST_KEPT:
            if len(self) >= MOST_KEPT:
                self.clear()
            self[text] = share
        return share

    def together(self, texts: Sequence[str | None]) -> Share:
        """What several documents have of a branch without groups."""
        if len(texts) == 1:
            return self[texts[0]]
        if not self._adds:
            shares = [self[text] for text in texts]
            sums = zip(*(share.sums for share in shares), strict=True)
            distinct = zip(*(share.distinct for share in shares), strict=True)
            return Share(ALONE, [*map(_joined, sums)], [*map(_joined, distinct)])
        numbers: defaultdict[str | None, list[Decimal]] = defaultdict(list)
        for text in texts:
            if amount := _AMOUNT(text or ""):
                numbers[amount[1]].append(Decimal(amount[2]))
            else:
                for _, (unit, number, _) in self[text].sums[0]:
                    numbers[unit].append(number)
        amounts = [
            ((), (unit, reduce(EXACT.add, some), len(some))) for unit, some in numbers.items()
        ]
        return Share(ALONE, [amounts], ())

    def _read(self, text: str | None) -> Share:
        if text is None:
            return self._whole.share(None)
        if text.startswith(WHOLE):
            return self._whole.share(exact.loads(text[len(WHOLE) :]))
        return self._at_stem.share(exact.loads(text))


def _joined(lists: Sequence[Sequence[_Any]]) -> list[_Any]:
    return [*chain.from_iterable(lists)]


def moments(branches: Sequence[Branch]) -> list[tuple[int, int]]:
    """Which of the texts may be moments of which nothing but a part is wanted, and the length of
    that in the text."""
    return [
        (at, 1 + PARTS[branch.groups[0][1].part])
        for at, branch in enumerate(branches)
        if len(branch.groups) == 1
        and not branch.sums + branch.distinct
        and branch.groups[0][1].part
    ]


def cut(text: str | None, length: int) -> str | None:
    """A text with the same part of a moment, and the same one for all moments with that part."""
    if text is None or text[-2:] != 'Z"' or len(text) < 22 or "\\" in text or text[0] != '"':
        return text
    return text[:length] + _ANY_TIME


def can_share(branches: Sequence[Branch]) -> bool:
    """Whether a path of the database's can name all attributes."""
    return all(is_plain(name) for branch in branches for name in branch.stem)


def share_columns(depths: Sequence[int], json: Json, free: Iterator[str]) -> list[str]:
    """The texts, of branches whose stems have so many names, out of `document`; the values to bind
    are those of `share_values`."""
    return [_column(json, list(islice(free, _bound(depth)))) for depth in depths]


def share_depths(branches: Sequence[Branch]) -> tuple[int, ...]:
    return tuple([len(_stem(branch)) for branch in branches])


def share_values(branches: Sequence[Branch], json: Json) -> list[str]:
    values = []
    for branch in branches:
        first, *names = _stem(branch)
        values.append(_path(json, [first]))
        if names:
            values.append(_path(json, [first, *names]))
            values += [_path(json, [first, at, *names]) for at in range(_ELEMENTS)]
    return values


def _bound(depth: int) -> int:
    return 1 if depth == 1 else 2 + _ELEMENTS


def _stem(branch: Branch) -> Path:
    """As far as SQL follows it: for PostgreSQL a number would name an element of an array."""
    first, *names = branch.stem
    return (first, *takewhile(lambda name: not name.isdigit(), names))


def _path(json: Json, steps: Sequence[str | int]) -> str:
    if json.name == "postgresql":
        return "{" + ",".join(f'"{step}"' for step in steps) + "}"
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f'."{step}"' for step in steps)


def _column(json: Json, names: Sequence[str]) -> str:
    first, *stems = [_text(json, name) for name in names]
    if not stems:
        return first
    alone, *elements = stems
    cases = [f" WHEN 0 THEN {alone}"]
    for count in range(1, len(elements) + 1):
        listed = " || ',' || ".join(elements[:count])
        cases.append(f" WHEN {count} THEN '[' || {listed} || ']'")
    return f"coalesce(CASE {_length(json, names[0])}{''.join(cases)} END, '{WHOLE}' || {first})"


def _text(json: Json, name: str) -> str:
    if json.name == "postgresql":
        return f"CAST(document #> CAST(:{name} AS text[]) AS text)"
    return f"(document -> :{name})"


def _length(json: Json, name: str) -> str:
    """0 for what is no array."""
    if json.name != "postgresql":
        return f"json_array_length(document, :{name})"
    value = f"(document #> CAST(:{name} AS text[]))"
    return f"(CASE jsonb_typeof({value}) WHEN 'array' THEN jsonb_array_length({value}) ELSE 0 END)"
