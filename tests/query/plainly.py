"""Totals as they are meant, told the long way: every row that a document has of the paths."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from typing import Any

from hypothesis import strategies as st

from tmfserver.exact import Exact
from tmfserver.query.branches import Truth
from tmfserver.query.folding import Folded, Sum, Total
from tmfserver.query.scalars import instant
from tmfserver.query.summing import PARTS, Group, Summing, read_summing

_EXACT = Context(prec=1000)


def added(summing: Summing, documents: Sequence[Any]) -> Folded:
    """A document counts once in each group that a row of it has; a value is added once to each
    group of the rows that it stands in, and values of one row stand in the same elements."""
    folded = Folded(documents=len(documents))

    def total(key: Any) -> Total:
        sums: list[dict[str | None, Sum]] = [{} for _ in summing.sums]
        return folded.totals.setdefault(key, Total(0, sums, [set() for _ in summing.distinct]))

    for document in documents:
        for key in {_key(row, summing) for row in _rows(document, _tree(summing.groups))}:
            total(key).count += 1
        for place, each in enumerate(summing.sums):
            seen = set()
            for row in _rows(document, _tree((*summing.groups, each))):
                cell, key = row.get(len(summing.groups), [None]), _key(row, summing)
                if (key, id(cell)) not in seen and (amount := _amount(cell[0])) is not None:
                    entry = total(key).sums[place].setdefault(amount[0], Sum())
                    entry.value = _EXACT.add(entry.value, amount[1])
                    entry.count += 1
                seen.add((key, id(cell)))
        for place, each in enumerate(summing.distinct):
            for row in _rows(document, _tree((*summing.groups, each))):
                value = _value(row.get(len(summing.groups), [None])[0], each)
                if value is not None:
                    total(_key(row, summing)).distinct[place].add(value)
    return folded


def _tree(groups: Sequence[Group]) -> dict[Any, Any]:
    tree: dict[Any, Any] = {}
    for at, group in enumerate(groups):
        node = tree
        for name in group.path:
            node = node.setdefault(name, {})
        node[at] = at
    return tree


def _rows(value: Any, tree: dict[Any, Any]) -> list[dict[int, list[Any]]]:
    if isinstance(value, list):
        return [row for element in value for row in _rows(element, tree)] or [{}]
    rows: list[dict[int, list[Any]]] = [{}]
    for name, below in tree.items():
        if isinstance(name, int):
            cell = [value]
            rows = [{**row, name: cell} for row in rows]
        elif isinstance(value, dict) and name in value:
            inner = _rows(value[name], below)
            rows = [{**row, **more} for row in rows for more in inner]
    return rows


def _key(row: dict[int, list[Any]], summing: Summing) -> tuple[Any, ...]:
    return tuple(_value(row.get(at, [None])[0], each) for at, each in enumerate(summing.groups))


def _value(value: Any, group: Group) -> Any:
    if not group.part:
        if isinstance(value, bool):
            return Truth(value)
        return None if isinstance(value, (dict, list)) else value
    if not isinstance(value, str):
        return None
    moment = instant(value)
    return None if moment is None else _moment(moment)[: PARTS[group.part]]


def _moment(moment: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment)).isoformat()


def _amount(value: Any) -> tuple[str | None, Decimal] | None:
    unit = None
    if isinstance(value, dict):
        units = [value.get(name) for name in ("unit", "units", "currency")]
        unit = next((each for each in units if isinstance(each, str)), None)
        value = next((value[name] for name in ("value", "amount") if name in value), None)
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return None
    return unit, Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


# --- documents that mix whatever JSON may hold

NUMBERS = st.sampled_from(
    [0, 1, -7, 0.1, 12.3, -0.0, 1e-09, 2**53 + 1, 2**64 - 1, 1e300,
     *map(Exact, ("12.30", "1e3", "-0", "0.10", "1E+2", "12345678901234567890.123456789",
     "-0.00", "1" * 40)),
    ]
)  # fmt: skip
TEXTS = st.sampled_from(["a", "b", "é\U0001f642", "", 'q"\\', "12.3", "=", "["])
MOMENTS = st.sampled_from(
    ["2026-03-01T00:30:00+01:00", "2026-03-01T00:30:00Z", "2026-03-01T00:30:00.123Z", "never"]
)
_SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS | MOMENTS
_AMOUNTS = st.fixed_dictionaries(
    {},
    optional={
        "unit": st.sampled_from(["EUR", "USD", 7, None]),
        "value": NUMBERS | TEXTS,
        "deep": _SCALARS,
        "0": _SCALARS,
    },
)
_INNER = _SCALARS | _AMOUNTS | st.lists(_SCALARS | _AMOUNTS, max_size=3)
_OBJECTS = st.fixed_dictionaries({}, optional={"id": _INNER, "tag": _SCALARS, "amount": _INNER})
_ANY = (
    _SCALARS
    | _OBJECTS
    | st.lists(_OBJECTS, max_size=6)
    | st.lists(_SCALARS | _OBJECTS | st.lists(_OBJECTS, max_size=2), max_size=3)
)
DOCUMENTS = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("kind", "when", "party", "part"), _ANY)
)
ATTRIBUTES = (
    "kind", "when.month", "when.day", "when", "party.id", "party.tag", "party.id.deep",
    "part.amount", "part.tag", "part.id", "part.amount.value", "part.0", "part", "party.id.0",
)  # fmt: skip


def asked_for(groups: Sequence[str], sums: Sequence[str], distinct: Sequence[str]) -> Summing:
    named = {"groupBy": groups, "sum": [each for each in sums if "when" not in each],
             "distinct": distinct}  # fmt: skip
    text = "&".join(f"{name}={','.join(each)}" for name, each in named.items() if each)
    return read_summing(text, {})[0]
