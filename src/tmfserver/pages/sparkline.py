"""A day of a listener's attempts as small bars, an hour each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tmfserver.deliveries import Hour

HOUR = 3_600_000_000  # microseconds
HOURS = 24
WIDTH, HEIGHT = 240, 36  # of the drawing
STEP = WIDTH / HOURS
LEAST = 2.0  # a bar that is no higher cannot be seen


@dataclass(frozen=True)
class Bar:
    """One hour, which began at `start` (microseconds since 1970): what was sent stands below, what
    failed on top of it. Tops and heights are in the drawing's own units, downward."""

    start: int
    sent: int
    failed: int
    x: float
    sent_top: float
    sent_height: float
    failed_top: float
    failed_height: float


def first_hour(at: int) -> int:
    """The beginning of the first hour of the day that ends with the hour of `at`."""
    return at - at % HOUR - (HOURS - 1) * HOUR


def bars(hours: Sequence[Hour], at: int) -> tuple[Bar, ...]:
    """The bars of one listener's day up to `at`, the highest as high as the drawing."""
    by_start: Mapping[int, Hour] = {hour.start: hour for hour in hours}
    first = first_hour(at)
    most = max((hour.sent + hour.failed for hour in hours if hour.start >= first), default=0)
    made = []
    for n in range(HOURS):
        start = first + n * HOUR
        hour = by_start.get(start)
        sent, failed = (hour.sent, hour.failed) if hour else (0, 0)
        above = _height(failed, most)
        below = min(_height(sent, most), HEIGHT - above)
        tops = (HEIGHT - below, below, HEIGHT - below - above, above)
        made.append(Bar(start, sent, failed, round(n * STEP, 2), *tops))
    return tuple(made)


def _height(count: int, most: int) -> float:
    return round(max(LEAST, count / most * HEIGHT), 2) if count else 0.0
