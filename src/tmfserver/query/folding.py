"""Adds documents up, one after the other: what summing.py asks for, folded into totals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal
from itertools import product
from typing import Any

from tmfserver.errors import BadQuery
from tmfserver.query.branches import Key, Reading, Share, branches
from tmfserver.query.summing import Summing

MOST_GROUPS = 100_000
EXACT = Context(prec=1000)


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
                    into.value = EXACT.add(into.value, entry.value)
                    into.count += entry.count
            if not known.distinct:
                known.distinct = [set() for _ in total.distinct]
            for place, values in enumerate(total.distinct):
                known.distinct[place] |= values
    return whole


class Fold:
    """Adds documents up, one after the other. Raises errors.BadQuery past MOST_GROUPS groups."""

    def __init__(self, summing: Summing) -> None:
        self.folded = Folded()
        self.branches = branches(summing)
        self._readings = [(each.stem[0], Reading(each, 1)) for each in self.branches]
        self._totals: dict[tuple[Key, ...], Total] = {}
        self._wide = len(summing.sums), len(summing.distinct)
        places = [at for each in self.branches for at, _ in each.groups]
        self._order = sorted(range(len(places)), key=places.__getitem__)
        self._sums, self._distinct = (
            [
                (branch, at, place, bool(each.groups))
                for branch, each in enumerate(self.branches)
                for at, (place, _) in enumerate(getattr(each, kind))
            ]
            for kind in ("sums", "distinct")
        )

    def take(self, document: Mapping[str, Any]) -> None:
        shares = [reading.share(document.get(name)) for name, reading in self._readings]
        self.add(shares, self.reached(shares))

    def reached(self, shares: Sequence[Share]) -> list[Total]:
        """The groups that a document is in: those of each key of a branch with each of another."""
        return self._reached([share.keys for share in shares])

    def add(self, shares: Sequence[Share], totals: Sequence[Total], times: int = 1) -> None:
        """Adds documents to their groups: of branches with groups what each of so many has, of the
        others what they have together."""
        self.folded.documents += times
        for total in totals:
            total.count += times
        for branch, at, place, grouped in self._sums:
            repeated = times if grouped else 1
            for key, (unit, number, count) in shares[branch].sums[at]:
                added = number if repeated == 1 else EXACT.multiply(number, repeated)
                for total in self._with(shares, branch, key) if grouped else totals:
                    sums = total.sums[place]
                    entry = sums.get(unit)
                    if entry is None:
                        entry = sums[unit] = Sum()
                    entry.value = EXACT.add(entry.value, added)
                    entry.count += count * repeated
        for branch, at, place, grouped in self._distinct:
            for key, value in shares[branch].distinct[at]:
                for total in self._with(shares, branch, key) if grouped else totals:
                    total.distinct[place].add(value)

    def _with(self, shares: Sequence[Share], branch: int, key: Key) -> list[Total]:
        """The groups that have this key of the branch."""
        keys = [share.keys for share in shares]
        keys[branch] = (key,)
        return self._reached(keys)

    def _reached(self, keys: Iterable[Sequence[Key]]) -> list[Total]:
        known = self._totals
        return [known.get(each) or self._new(each) for each in product(*keys)]

    def _new(self, keys: tuple[Key, ...]) -> Total:
        if len(self._totals) >= MOST_GROUPS:
            came = f"more than {MOST_GROUPS} groups"
            raise BadQuery(parameter="groupBy", came=came, expected="a filter, or fewer groups")
        sums, distinct = self._wide
        total = Total(0, [{} for _ in range(sums)], [set() for _ in range(distinct)])
        values = [value for key in keys for value in key]
        self._totals[keys] = total
        self.folded.totals[tuple([values[at] for at in self._order])] = total
        return total
