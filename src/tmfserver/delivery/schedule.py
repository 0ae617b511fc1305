"""When an attempt that failed is made again."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

JITTER = 0.2  # of a delay, more or less


@dataclass(frozen=True, slots=True)
class Schedule:
    """delays: seconds after the first, second, ... attempt; longest_retry_after: seconds."""

    delays: Sequence[float]
    longest_retry_after: float

    def after(self, attempts: int, retry_after: float | None = None) -> float | None:
        """Seconds to wait after so many attempts; None: that was the last one.

        Never sooner than the delay of the list, and as late as the listener asks (RFC 9110
        10.2.3), within the limit.
        """
        if attempts > len(self.delays):
            return None
        delay = self.delays[attempts - 1] * random.uniform(1 - JITTER, 1 + JITTER)
        if retry_after is None:
            return delay
        return max(delay, min(retry_after, self.longest_retry_after))


def read_delays(text: str) -> tuple[float, ...]:
    """The setting delivery_delays."""
    return tuple([float(each) for each in text.split(",")])


def read_retry_after(text: str) -> float | None:
    """Seconds from now, of a header that gives seconds or a date; None if it gives neither."""
    plain = text.strip()
    if plain.isascii() and plain.isdigit():
        return float(plain[:10])
    try:
        moment = parsedate_to_datetime(plain)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
