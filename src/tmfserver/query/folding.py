"""Adds documents up, one after the other: what summing.py asks for, folded into totals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from typing import Any, TypeAlias

from tmfserver.errors import BadQuery
from tmfserver.query.ast import Path
from tmfserver.query.scalars import instant
from tmfserver.query.summing import PARTS, Group, Summing

MOST_GROUPS = 100_000
_AMOUNTS, _UNITS = ("value", "amount"), ("unit", "units", "currency")
_EXACT = Context(prec=1000)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MANY, _NOTHING = object(), [None]

Key: TypeAlias = tuple[Any, ...]
_Tree: TypeAlias = dict[str, "_Tree | int"]


@dataclass(slots=True)
class Sum:
    """Of one attribute in one group and unit. count: how many numbers were added."""

    value: Decimal = Decimal(0)
    count: int = 0


@dataclass(slots=True)
class Total:
    """One group's totals. sums: by unit, for each attribute; distinct: the values seen."""

    count: int
    sums: list[dict[str | None, Sum]]
    distinct: list[set[Any]]


@dataclass(slots=True)
class Folded:
    """All groups by their values, and how many documents there were."""

    totals: dict[Key, Total] = field(default_factory=dict)
    documents: int = 0


def joined(parts: Sequence[Folded]) -> Folded:
    """The totals of several resources as one."""
    whole = Folded()
    for part in parts:
        whole.documents += part.documents
        for key, total in part.totals.items():
            known = whole.totals.setdefault(key, Total(0, [{} for _ in total.sums], []))
            known.count += total.count
            for place, sums in enumerate(total.sums):
                for unit, entry in sums.items():
                    into = known.sums[place].setdefault(unit, Sum())
                    into.value = _EXACT.add(into.value, entry.value)
                    into.count += entry.count
            if not known.distinct:
                known.distinct = [set() for _ in total.distinct]
            for place, values in enumerate(total.distinct):
                known.distinct[place] |= values
    return whole


class Fold:
    """Adds documents up, one after the other. Raises errors.BadQuery past MOST_GROUPS groups."""

    def __init__(self, summing: Summing) -> None:
        self._summing, self.folded = summing, Folded()
        self._width = len(summing.groups)
        self._keys = _tree(summing.groups)
        self._sums = [_tree((*summing.groups, each)) for each in summing.sums]
        self._distinct = [_tree((*summing.groups, each)) for each in summing.distinct]

    def take(self, document: Mapping[str, Any]) -> None:
        self.folded.documents += 1
        if not self._take_plain(document):
            self._take_any(document)

    def _take_plain(self, document: Mapping[str, Any]) -> bool:
        """The same in a fifth of the time, where no array on the way has more than one element."""
        groups = [_single(document, each.path) for each in self._summing.groups]
        sums = [_single(document, each.path) for each in self._summing.sums]
        distinct = [_single(document, each.path) for each in self._summing.distinct]
        if _MANY in groups or _MANY in sums or _MANY in distinct:
            return False
        total = self._total(self._key(groups))
        total.count += 1
        for place, value in enumerate(sums):
            _add(total.sums[place], value)
        for place, value in enumerate(distinct):
            found = _value(value, self._summing.distinct[place].part)
            if found is not None:
                total.distinct[place].add(found)
        return True

    def _take_any(self, document: Mapping[str, Any]) -> None:
        for key in {self._row_key(row) for row in _rows(document, self._keys)}:
            self._total(key).count += 1
        for place, tree in enumerate(self._sums):
            self._add_rows(document, tree, place)
        for place, tree in enumerate(self._distinct):
            part = self._summing.distinct[place].part
            for row in _rows(document, tree):
                found = row.get(self._width)
                value = _value(found[0], part) if found else None
                if value is not None:
                    self._total(self._row_key(row)).distinct[place].add(value)

    def _add_rows(self, document: Mapping[str, Any], tree: _Tree, place: int) -> None:
        seen = set()
        for row in _rows(document, tree):
            found = row.get(self._width)
            if found is None:
                continue
            key = self._row_key(row)
            # A cell is made once for each place in the document: two rows with the same one repeat
            # it, because the group's values stand in another array.
            if (key, id(found)) in seen:
                continue
            seen.add((key, id(found)))
            _add(self._total(key).sums[place], found[0])

    def _row_key(self, row: Mapping[int, list[Any]]) -> Key:
        return self._key([row.get(at, _NOTHING)[0] for at in range(self._width)])

    def _key(self, values: Sequence[Any]) -> Key:
        groups = self._summing.groups
        return tuple([_value(value, groups[at].part) for at, value in enumerate(values)])

    def _total(self, key: Key) -> Total:
        total = self.folded.totals.get(key)
        if total is None:
            if len(self.folded.totals) >= MOST_GROUPS:
                came = f"more than {MOST_GROUPS} groups"
                raise BadQuery(parameter="groupBy", came=came, expected="a filter, or fewer groups")
            sums: list[dict[str | None, Sum]] = [{} for _ in self._sums]
            total = Total(0, sums, [set() for _ in self._distinct])
            self.folded.totals[key] = total
        return total


def _tree(groups: Sequence[Group]) -> _Tree:
    """The paths as one tree, each leaf with its place in the sequence. No attribute is named as
    leaves are, so that one path may end where another goes on."""
    tree: _Tree = {}
    for at, group in enumerate(groups):
        node: Any = tree
        for name in group.path:
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


def _single(value: Any, path: Path) -> Any:
    """The one value at a path, None if there is none, _MANY where an array has more than one."""
    for name in path:
        while type(value) is list:
            if len(value) > 1:
                return _MANY
            value = value[0] if value else None
        if type(value) is not dict:
            return None
        value = value.get(name)
    while type(value) is list:
        if len(value) > 1:
            return _MANY
        value = value[0] if value else None
    return value


def _value(value: Any, part: str) -> Any:
    """A group's value: a scalar, or what a moment's part is in UTC; None for anything else."""
    if part:
        return _part(value, PARTS[part]) if isinstance(value, str) else None
    return None if isinstance(value, (dict, list)) else value


def _part(text: str, length: int) -> str | None:
    if text.endswith("Z") and len(text) >= 20:
        return text[:length]
    moment = instant(text)
    if moment is None:
        return None
    return (_EPOCH + timedelta(microseconds=moment)).isoformat()[:length]


def _add(sums: dict[str | None, Sum], value: Any) -> None:
    """Adds a number, or an amount to the sum of its unit; nothing where it is neither."""
    unit = None
    if isinstance(value, dict):
        unit = next((value[name] for name in _UNITS if isinstance(value.get(name), str)), None)
        value = next((value[name] for name in _AMOUNTS if name in value), None)
    if isinstance(value, float):
        value = repr(value)
    elif isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return
    entry = sums.get(unit)
    if entry is None:
        entry = sums[unit] = Sum()
    entry.value, entry.count = _EXACT.add(entry.value, Decimal(value)), entry.count + 1
