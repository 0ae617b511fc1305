"""Summing of what a list would find: counts, sums and distinct counts by groups.

    groupBy=kind,party.id,date.month & sum=part.amount & distinct=party.id & any filter

What is summed is a number, or an amount with its unit (an object with a number `value` or `amount`
and a text `unit`, `units` or `currency`): each unit has a sum of its own, decimal and
exact.

An attribute inside an array has many values. A document counts once in each group that it has a
value of; values that stand in the same element of an array belong together, in a group as in a sum.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tmfserver.errors import BadQuery
from tmfserver.query.ast import Path, ValueType
from tmfserver.query.names import read_path
from tmfserver.query.parse import NAME
from tmfserver.query.spelling import decoded, shown

PARTS = {"year": 4, "month": 7, "day": 10, "hour": 13}
PARAMETERS = ("groupBy", "sum", "distinct")
MOST_NAMES = 10
AMOUNTS, UNITS = ("value", "amount"), ("unit", "units", "currency")  # what an amount's parts are
_LISTED = re.compile(rf" *{NAME} *(, *{NAME} *)*\Z").match


@dataclass(frozen=True, slots=True)
class Group:
    """What documents are grouped by: an attribute, or with `part` the year, month, day or hour (in
    UTC) of a moment. `name` is as the client wrote it."""

    name: str
    path: Path
    part: str = ""


@dataclass(frozen=True, slots=True)
class Summing:
    """What is to be counted and summed."""

    groups: tuple[Group, ...] = ()
    sums: tuple[Group, ...] = ()
    distinct: tuple[Group, ...] = ()


def read_summing(text: str, types: Mapping[str, ValueType]) -> tuple[Summing, str]:
    """What a query string asks to be totalled, and its other parts, which filter.

    types: as of query.parse. Raises errors.BadQuery.
    """
    named: dict[str, list[str]] = {parameter: [] for parameter in PARAMETERS}
    others = []
    for part in text.split("&"):
        parameter, equals, value = decoded(part).partition("=")
        if equals and parameter.strip() in named and parameter.strip() not in types:
            named[parameter.strip()] += _names(parameter.strip(), value)
        else:
            others.append(part)
    for parameter, names in named.items():
        if len(names) > MOST_NAMES:
            expected = f"at most {MOST_NAMES} attributes"
            raise BadQuery(parameter=parameter, came=str(len(names)), expected=expected)
    groups, sums, distinct = (
        tuple(_group(parameter, name, types) for name in dict.fromkeys(named[parameter]))
        for parameter in PARAMETERS
    )
    for each in sums:
        of_no_amount = _is_object(each.name, types) and not _is_amount(each.name, types)
        if each.part or of_no_amount or types.get(each.name, "number") != "number":
            expected = "numbers, or amounts with a unit"
            raise BadQuery(parameter="sum", came=shown(each.name), expected=expected)
    return Summing(groups, sums, distinct), "&".join(others)


def _is_object(name: str, types: Mapping[str, ValueType]) -> bool:
    return name not in types and any(each.startswith(f"{name}.") for each in types)


def _is_amount(name: str, types: Mapping[str, ValueType]) -> bool:
    return any(f"{name}.{part}" in types for part in (*AMOUNTS, *UNITS))


def _names(parameter: str, text: str) -> list[str]:
    if not _LISTED(text):
        expected = "attribute names of letters, digits and _ @ : -, with commas between them"
        raise BadQuery(parameter=parameter, came=shown(text), expected=expected)
    return [name.strip(" ") for name in text.split(",")]


def _group(parameter: str, name: str, types: Mapping[str, ValueType]) -> Group:
    path = read_path(name, parameter)
    if path[-1] in PARTS and len(path) > 1 and name not in types:
        known = types.get(".".join(path[:-1]))
        if known not in (None, "date-time"):
            expected = f"a date-time before '.{path[-1]}'"
            raise BadQuery(parameter=parameter, came=shown(name), expected=expected)
        return Group(name, path[:-1], path[-1])
    if parameter != "sum" and _is_object(name, types):
        inner = next(each for each in types if each.startswith(f"{name}."))
        expected = f"an attribute that has values of its own, such as {shown(inner)}"
        raise BadQuery(parameter=parameter, came=shown(name), expected=expected)
    if types.get(".".join(path[:-1])) == "date-time":
        expected = f"one of {', '.join(f'.{part}' for part in PARTS)} behind a date-time"
        raise BadQuery(parameter=parameter, came=shown(name), expected=expected)
    return Group(name, path)
