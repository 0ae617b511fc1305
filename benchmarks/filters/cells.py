"""What is asked: each query as a client writes it, and as SQL by hand on the same tables."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal, TypeAlias
from urllib.parse import quote

from benchmarks.filters.documents import (
    DOCUMENTS_EACH,
    SECONDS,
    instant,
    microseconds,
    party,
    specification,
)

PAGE = 20
Values: TypeAlias = dict[str, str | int]
Place = Literal[
    "first", "1,000th by offset", "last by offset", "1,000th by cursor", "last by cursor"
]

_THOUSANDTH = 999 * PAGE
_LONG = 'usageCharacteristic[?(@.name=="duration" && @.value>60)]'
_BY_STATUS = "FROM {t} AS t WHERE t.{status} = :status"
_IS_STATUS = "FROM {t} AS t WHERE {late_status} = :status"
_OF_PARTY = "FROM {parties} AS p, {t} AS t WHERE p.value = :party AND t.seq = p.seq"
_IN_DAY = "FROM {t} AS t WHERE t.{date} >= :day_low AND t.{date} < :day_high"
_IN_HOUR = "FROM {t} AS t WHERE t.{date} >= :hour_low AND t.{date} < :hour_high"
_AROUND = "FROM {t} AS t WHERE t.{date} >= :few_low AND t.{date} < :few_high"
_IN_HALF = "FROM {t} AS t WHERE t.{date} >= :half_low"


@dataclass(frozen=True, slots=True)
class Cell:
    """A query. `text` is its query string with {values}.

    page: SQL from FROM on, without its LIMIT; "" where only the total is asked for.
    total: the same for the total.
    counted: with the total; else both leave it out, for it costs more than the page.
    few: its answer is as small among many documents as among few, so it should take as long.
    backwards: the SQL gives the rows in the opposite order.
    """

    name: str
    text: str
    page: str
    total: str
    counted: bool = True
    few: bool = False
    place: Place = "first"
    backwards: bool = False

    @property
    def target(self) -> str:
        return f"{self.text}&limit={PAGE if self.page else 0}".lstrip("&")


def _filtered(name: str, text: str, found: str, *, few: bool = False, total: str = "") -> Cell:
    return Cell(name, text, f"{found} ORDER BY t.seq", total or found, few=few)


def _paged(order: str, text: str, key: str, sign: str = "") -> list[Cell]:
    """The first, the thousandth and the last page of all usages in one order, without totals."""
    way = " DESC" if sign else ""
    back = "" if sign else " DESC"
    ordered = ", ".join(f"t.{each}{way}" for each in [key, "seq"] if each)
    turned = ", ".join(f"t.{each}{back}" for each in [key, "seq"] if each)
    deep = (
        f"FROM (SELECT t.seq AS k FROM {{t}} AS t ORDER BY {ordered} LIMIT {PAGE} OFFSET :{{skip}})"
        f" AS k, {{t}} AS t WHERE t.seq = k.k ORDER BY {ordered}"
    )
    than = "<" if sign else ">"
    behind = f"(t.{key}, t.seq) {than} (:key, :seq)" if key else f"t.seq {than} :seq"
    everything = "FROM {t} AS t"

    def cell(page: str, place: Place, *, few: bool = True, backwards: bool = False) -> Cell:
        name = f"{order}, {place} page"
        return Cell(name, text, page, everything, counted=False, few=few, place=place,
                    backwards=backwards)  # fmt: skip

    return [
        cell(f"{everything} ORDER BY {ordered}", "first"),
        cell(deep.replace("{skip}", "thousandth"), "1,000th by offset", few=False),
        cell(deep.replace("{skip}", "last"), "last by offset", few=False),
        cell(f"{everything} WHERE {behind} ORDER BY {ordered}", "1,000th by cursor"),
        cell(f"{everything} ORDER BY {turned}", "last by cursor", backwards=True),
    ]


CELLS: tuple[Cell, ...] = (
    _filtered(
        "specification (50 match)",
        "usageSpecification.id={specification}",
        "FROM {t} AS t WHERE t.{specification} = :specification",
        few=True,
    ),
    _filtered("status (1/7 match)", "status={status}", _BY_STATUS),
    _filtered(
        "date range of 50",
        "usageDate.gte={few_from}&usageDate.lt={few_to}",
        _AROUND,
        few=True,
    ),
    _filtered("date range, an hour", "usageDate.gte={hour_from}&usageDate.lt={hour_to}", _IN_HOUR),
    _filtered("date range, half of all", "usageDate.gte={half_from}", _IN_HALF),
    _filtered(
        "party in an array (75 match)",
        "relatedParty.id={party}",
        _OF_PARTY,
        few=True,
        total="FROM {parties} WHERE value = :party",
    ),
    _filtered(
        "status and party",
        "status={status}&relatedParty.id={party}",
        f"{_OF_PARTY} AND {{late_status}} = :status",
        few=True,
    ),
    _filtered(
        "status and a day",
        "status={status}&usageDate.gte={day_from}&usageDate.lt={day_to}",
        f"{_IN_DAY} AND {{late_status}} = :status",
    ),
    _filtered(
        "party and JSONPath",
        f"relatedParty.id={{party}}&filter={quote(_LONG)}",
        f"{_OF_PARTY} AND {{long}}",
        few=True,
    ),
    Cell(
        "all, sorted by date",
        "sort=usageDate",
        "FROM {t} AS t ORDER BY t.{date}, t.seq",
        "FROM {t} AS t",
    ),
    Cell(
        "all, sorted by -date",
        "sort=-usageDate",
        "FROM {t} AS t ORDER BY t.{date} DESC, t.seq DESC",
        "FROM {t} AS t",
    ),
    Cell(
        "status, sorted by date",
        "status={status}&sort=usageDate",
        f"{_IS_STATUS} ORDER BY t.{{date}}, t.seq",
        _BY_STATUS,
    ),
    Cell(
        "status, sorted by -date",
        "status={status}&sort=-usageDate",
        f"{_IS_STATUS} ORDER BY t.{{date}} DESC, t.seq DESC",
        _BY_STATUS,
    ),
    _filtered("all", "", "FROM {t} AS t"),
    Cell("total alone, all", "", "", "FROM {t} AS t"),
    Cell("total alone, status", "status={status}", "", _BY_STATUS),
    *_paged("by age", "", ""),
    *_paged("by date", "sort=usageDate", "{date}"),
    *_paged("by -date", "sort=-usageDate", "{date}", "-"),
    Cell(
        "status by -date, first page",
        "status={status}&sort=-usageDate",
        f"{_IS_STATUS} ORDER BY t.{{date}} DESC, t.seq DESC",
        _BY_STATUS,
        counted=False,
        few=True,
    ),
)


def offset(place: Place, count: int) -> int:
    """How many documents stand before the page, where it is asked for by offset."""
    return {"1,000th by offset": _THOUSANDTH, "last by offset": count - PAGE}.get(place, 0)


def exists(cell: Cell, count: int) -> bool:
    return not cell.place.startswith("1,000th") or count >= _THOUSANDTH + PAGE


def values(number: int, count: int) -> Values:
    """What variant `number` of a query asks for among `count` documents: as text for the query
    string, as an index holds it for SQL."""
    rng = random.Random(number)
    of = count // DOCUMENTS_EACH
    found: Values = {
        "status": "rated",
        "party": party(rng.randrange(of)),
        "specification": specification(rng.randrange(of), count),
        "half_from": instant(SECONDS // 2),
        "half_low": microseconds(SECONDS // 2),
        "thousandth": _THOUSANDTH,
        "last": count - PAGE,
    }
    few = SECONDS * DOCUMENTS_EACH // count
    for name, length in (("few", few), ("hour", 3_600), ("day", 86_400)):
        start = rng.randrange(SECONDS - length)
        found[f"{name}_from"], found[f"{name}_to"] = instant(start), instant(start + length)
        found[f"{name}_low"] = microseconds(start)
        found[f"{name}_high"] = microseconds(start + length)
    return found
