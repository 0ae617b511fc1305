"""Days as bars: one drawing for what was counted, or for each unit of what was summed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import reduce

from tmfserver.query.folding import EXACT, Folded

WIDTH, HEIGHT = 1000, 200  # of the drawing
MOST_DAYS = 120  # in one drawing, the newest
_TOPS = (1, 2, 3, 4, 5, 6, 8, 10)
_CENT = Decimal("0.01")


@dataclass(frozen=True)
class DayBar:
    """One day; x, y, width and height are in the drawing's own units, y downward."""

    day: str
    value: Decimal
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Chart:
    """ticks: what stands at the top, in the middle and at the bottom; labels: the first, middle and
    last day. left_out: days before the first."""

    title: str
    unit: str
    total: Decimal
    bars: Sequence[DayBar]
    ticks: Sequence[Decimal]
    labels: Sequence[str]
    left_out: int


def charts(folded: Folded, sum: str) -> list[Chart]:
    """sum: what was summed; "" for how many there are. What has no day is in none."""
    by_unit: dict[str, dict[str, Decimal]] = {}
    for (day, *_), total in folded.totals.items():
        if not _is_day(day):
            continue
        if not sum:
            by_unit.setdefault("", {})[day] = Decimal(total.count)
        for unit, entry in total.sums[0].items() if sum else ():
            by_unit.setdefault(unit or "", {})[day] = entry.value
    return [_chart(sum or "how many", unit, by_unit[unit]) for unit in sorted(by_unit)]


def _chart(title: str, unit: str, found: dict[str, Decimal]) -> Chart:
    days, left_out = _days(sorted(found))
    values = [found.get(day, Decimal(0)) for day in days]
    top = nice_top(max(values))
    step = WIDTH / len(days)
    bars = []
    for number, (day, value) in enumerate(zip(days, values, strict=True)):
        height = round(float(max(value, Decimal(0)) / top) * HEIGHT, 2)
        x, width = round((number + 0.1) * step, 2), round(step * 0.8, 2)
        bars.append(DayBar(day, value, x, round(HEIGHT - height, 2), width, height))
    labels = [days[0], days[len(days) // 2], days[-1]] if len(days) > 2 else days
    ticks = (top, top / 2, Decimal(0))
    return Chart(title, unit, _sum(values), bars, ticks, labels, left_out)


def nice_top(most: Decimal) -> Decimal:
    """The least of 1, 2, 3, 4, 5, 6, 8, 10 times a power of ten that is not below."""
    if most <= 0:
        return Decimal(1)
    power = Decimal(10) ** most.adjusted()
    return next(top * power for top in _TOPS if top * power >= most)


def written(value: Decimal) -> str:
    """For people: narrow spaces between thousands, two digits behind the point at most unless it
    is less than one."""
    plain = value.quantize(_CENT, context=EXACT) if abs(value) >= 1 else value.normalize()
    text = f"{plain:,f}".replace(",", "\u202f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _days(found: Sequence[str]) -> tuple[list[str], int]:
    """Each day from the first to the last, also those with nothing; and how many were left out."""
    last = date.fromisoformat(found[-1])
    count = min((last - date.fromisoformat(found[0])).days + 1, MOST_DAYS)
    first = last - timedelta(days=count - 1)
    left_out = len([day for day in found if day < first.isoformat()])
    return [(first + timedelta(days=n)).isoformat() for n in range(count)], left_out


def _is_day(text: object) -> bool:
    """The contract may leave open what an attribute holds."""
    try:
        return isinstance(text, str) and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _sum(values: Sequence[Decimal]) -> Decimal:
    return reduce(EXACT.add, values, Decimal(0))
