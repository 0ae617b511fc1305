"""What is to be added up, attribute by attribute: each has values of its own, whatever the others
have, so what one attribute gives can be kept and used again for the next document.

A branch is one attribute of documents with all paths that lead through it. What values stand in the
same element of an array is a matter of one branch alone; between branches each value goes with
each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from itertools import takewhile
from typing import Any, NamedTuple, TypeAlias

from tmfserver.query.ast import Path
from tmfserver.query.scalars import instant
from tmfserver.query.summing import AMOUNTS, PARTS, UNITS, Group, Summing

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOTHING = [None]

Key: TypeAlias = tuple[Any, ...]
Amount: TypeAlias = tuple[str | None, Decimal, int]  # unit, sum, of how many numbers
_Tree: TypeAlias = dict[str, "_Tree | int"]

ALONE: Sequence[Key] = ((),)  # the one key of a branch without groups


class Truth(Enum):
    """A boolean among a group's values: to Python true is 1, and in JSON it is not."""

    TRUE = True
    FALSE = False


class Share(NamedTuple):
    """What one branch of one document has, or of several that are in the same groups. keys: the
    values of its groups, each once; sums and distinct: of each attribute of the branch, what is
    added or counted, by the key it goes with."""

    keys: Sequence[Key]
    sums: Sequence[Sequence[tuple[Key, Amount]]]
    distinct: Sequence[Sequence[tuple[Key, Any]]]


@dataclass(frozen=True, slots=True)
class Branch:
    """Which groups, sums and distinct values lead through one attribute, by their places in the
    Summing. stem: the names that all its paths begin with."""

    stem: Path
    groups: tuple[tuple[int, Group], ...] = ()
    sums: tuple[tuple[int, Group], ...] = ()
    distinct: tuple[tuple[int, Group], ...] = ()


def branches(summing: Summing) -> tuple[Branch, ...]:
    """One for each attribute that is named, in the order of their names' first mention."""
    named = [*summing.groups, *summing.sums, *summing.distinct]
    found = []
    for name in dict.fromkeys(group.path[0] for group in named):
        paths = [group.path for group in named if group.path[0] == name]
        alike = takewhile(lambda names: len(set(names)) == 1, zip(*paths, strict=False))
        mine = (
            tuple([(at, group) for at, group in enumerate(groups) if group.path[0] == name])
            for groups in (summing.groups, summing.sums, summing.distinct)
        )
        found.append(Branch(tuple([names[0] for names in alike]), *mine))
    return tuple(found)


class Reading:
    """How a branch's share is read from the value that stands behind the first `depth` names of
    its stem."""

    def __init__(self, branch: Branch, depth: int) -> None:
        groups, self._sums, self._distinct = (
            [(group.path[depth:], group.part) for _, group in some]
            for some in (branch.groups, branch.sums, branch.distinct)
        )
        self._groups, self._width = groups, len(groups)
        paths = [path for path, _ in groups]
        self._keys = _tree(paths)
        self._trees = [_tree([*paths, path]) for path, _ in (*self._sums, *self._distinct)]

    def share(self, value: Any) -> Share:
        match self._groups, self._sums, self._distinct:
            case [(path, part)], [], []:
                found = [_value(each, part) for each in _reached(value, path)]
                return Share([(each,) for each in dict.fromkeys(found)], (), ())
            case [], [(path, _)], []:
                amounts = [_amount(each) for each in _reached(value, path)]
                return Share(ALONE, [[((), each) for each in amounts if each]], ())
        sums, distinct = self._trees[: len(self._sums)], self._trees[len(self._sums) :]
        return Share(
            list(dict.fromkeys(self._key(row) for row in _rows(value, self._keys))),
            [self._added(value, tree) for tree in sums],
            [
                self._counted(value, tree, part)
                for tree, (_, part) in zip(distinct, self._distinct, strict=True)
            ],
        )

    def _added(self, value: Any, tree: _Tree) -> list[tuple[Key, Amount]]:
        found: dict[tuple[Key, int], tuple[Key, Amount]] = {}
        # A cell is made once for each place in the document: two rows with the same one repeat
        # it, because the group's values stand in another array.
        rows = _rows(value, tree)
        for row in rows:
            cell = row.get(self._width, _NOTHING)
            amount = _amount(cell[0])
            if amount is not None:
                key = self._key(row)
                found[key, id(cell)] = key, amount
        return list(found.values())

    def _counted(self, value: Any, tree: _Tree, part: str) -> list[tuple[Key, Any]]:
        found: dict[tuple[Key, Any], None] = {}
        for row in _rows(value, tree):
            counted = _value(row.get(self._width, _NOTHING)[0], part)
            if counted is not None:
                found[self._key(row), counted] = None
        return list(found)

    def _key(self, row: Mapping[int, list[Any]]) -> Key:
        return tuple(
            [_value(row.get(at, _NOTHING)[0], part) for at, (_, part) in enumerate(self._groups)]
        )


def _tree(paths: Sequence[Path]) -> _Tree:
    """The paths as one tree, each leaf with its place in the sequence. No attribute is named as
    leaves are, so that one path may end where another goes on."""
    tree: _Tree = {}
    for at, path in enumerate(paths):
        node: Any = tree
        for name in path:
            node = node.setdefault(name, {})
        node[f"\0{at}"] = at
    return tree


def _rows(value: Any, tree: _Tree) -> list[dict[int, list[Any]]]:
    """Each way to choose one element of every array on the tree's paths, as the values that its
    leaves have there, each in a cell of its own."""
    if isinstance(value, list):
        return [row for element in value for row in _rows(element, tree)] or [{}]
    rows: list[dict[int, list[Any]]] = [{}]
    for name, below in tree.items():
        if isinstance(below, int):
            cell = [value]
            for row in rows:
                row[below] = cell
        elif isinstance(value, Mapping) and name in value:
            inner = _rows(value[name], below)
            if len(inner) == 1:
                for row in rows:
                    row.update(inner[0])
            else:
                rows = [{**row, **more} for row in rows for more in inner]
    return rows


def _reached(value: Any, path: Path) -> list[Any]:
    """The values of a path alone in its rows, None where a row has none."""
    found = _elements(value) if type(value) is list else [value]
    for name in path:
        inner = [each.get(name) if type(each) is dict else None for each in found]
        found = [element for each in inner for element in _elements(each)]
    return found


def _elements(value: Any) -> list[Any]:
    if type(value) is not list:
        return [value]
    return [element for each in value for element in _elements(each)] or [None]


def _value(value: Any, part: str) -> Any:
    """A group's value: a scalar, or what a moment's part is in UTC; None for anything else."""
    if part:
        return _part(value, PARTS[part]) if isinstance(value, str) else None
    if isinstance(value, bool):
        return Truth(value)
    return None if isinstance(value, (dict, list)) else value


def _part(text: str, length: int) -> str | None:
    if text.endswith("Z") and len(text) >= 20:
        return text[:length]
    moment = instant(text)
    if moment is None:
        return None
    try:
        return (_EPOCH + timedelta(microseconds=moment)).isoformat()[:length]
    except OverflowError:  # its offset leads out of the years that there are
        return None


def _amount(value: Any) -> Amount | None:
    """A number, or an amount with its unit; None for anything else."""
    unit = None
    if isinstance(value, dict):
        unit = next((value[name] for name in UNITS if isinstance(value.get(name), str)), None)
        value = next((value[name] for name in AMOUNTS if name in value), None)
    if isinstance(value, float):
        value = repr(value)
    elif isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return None
    return unit, Decimal(value), 1
