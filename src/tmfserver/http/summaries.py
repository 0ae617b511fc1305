"""Summing of a resource: counts, sums and distinct counts by groups, as an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import orjson

from tmfserver import exact
from tmfserver.query.branches import Key, Truth
from tmfserver.query.folding import Folded, Sum, Total
from tmfserver.query.summing import Group, Summing

MANY = 2_000  # groups, which are sorted in some milliseconds
_MOST_DIGITS = 40


def as_json(resource: str, summing: Summing, folded: Folded, offset: int, limit: int) -> bytes:
    """The groups in the order of their values, those `limit` behind `offset`."""
    ordered = sorted(folded.totals, key=_order)
    groups = [_group(key, folded.totals[key], summing) for key in ordered[offset : offset + limit]]
    document = {
        "resource": resource,
        "count": folded.documents,
        "groupBy": [group.name for group in summing.groups],
        "groups": groups,
        "@type": "Summary",
    }
    return exact.dumps(document)


def _group(key: Key, total: Total, summing: Summing) -> dict[str, Any]:
    group: dict[str, Any] = {
        "group": dict(zip(_names(summing.groups), key, strict=True)),
        "count": total.count,
    }
    if summing.sums:
        names = _names(summing.sums)
        group["sum"] = {name: _sums(sums) for name, sums in zip(names, total.sums, strict=True)}
    if summing.distinct:
        names = _names(summing.distinct)
        group["distinct"] = {
            name: len(values) for name, values in zip(names, total.distinct, strict=True)
        }
    return group


def _names(groups: Sequence[Group]) -> list[str]:
    return [group.name for group in groups]


def _sums(sums: Mapping[str | None, Sum]) -> list[dict[str, Any]]:
    return [
        {
            **({} if unit is None else {"unit": unit}),
            "value": orjson.Fragment(_digits(entry.value)),
            "count": entry.count,
        }
        for unit, entry in sorted(sums.items(), key=lambda item: item[0] or "")
    ]


def _digits(value: Decimal) -> str:
    """All its digits, without a power of ten unless they would be very many."""
    text = format(value, "f")
    return text if len(text) <= _MOST_DIGITS else str(value)


def _order(key: Key) -> tuple[tuple[int, Any], ...]:
    """Numbers, then texts, then booleans; what has no value comes last."""
    return tuple([_rank(value) for value in key])


def _rank(value: Any) -> tuple[int, Any]:
    if value is None:
        return 4, ""
    if isinstance(value, Truth):
        return 3, value.value
    return (2 if isinstance(value, str) else 1), value
