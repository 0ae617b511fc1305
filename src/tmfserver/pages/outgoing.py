"""What the pages about deliveries show: listeners and how they are, an event and its attempts."""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tmfserver import exact
from tmfserver.deliveries import Delivery, Health, Hour, Outbox, Told, Wanted
from tmfserver.errors import Unavailable
from tmfserver.pages.sparkline import Bar, bars, first_hour

# Where a page's values stand in the ASGI scope, which Flask finds in its environment.
OUTGOING = "tmfserver.outgoing"

PATIENCE = 5.0  # seconds that a page waits for the database
NEWEST = 20  # deliveries in each table of the page
MOST_LISTENERS = 500  # of one event that its page shows
BEHIND_SECONDS = 60


@dataclass(frozen=True)
class Card:
    """A listener as it is shown: without its key and header, and its address without what may be
    a password. state: in words; tone: good, bad or calm, for its colour."""

    health: Health
    callback: str
    state: str
    tone: str
    day: tuple[Bar, ...]

    @property
    def sent_today(self) -> int:
        return sum(bar.sent for bar in self.day)

    @property
    def failed_today(self) -> int:
        return sum(bar.failed for bar in self.day)


@dataclass(frozen=True)
class Board:
    """The page of all listeners. answers: whether the database told in time."""

    at: int
    answers: bool
    cards: Sequence[Card] = ()
    newest: Sequence[Delivery] = ()
    dead: Sequence[Delivery] = ()


@dataclass(frozen=True)
class Attempt:
    """One attempt, which ended at `at` (microseconds since 1970) after `ms` milliseconds."""

    at: int
    status: int | None
    error: str | None
    ms: float


@dataclass(frozen=True)
class Course:
    """A delivery with its last attempts, the newest first, and whom it is for."""

    delivery: Delivery
    callback: str
    attempts: Sequence[Attempt]


@dataclass(frozen=True)
class Sheet:
    """The page of one event. told: none where there is no such event (any more)."""

    at: int
    answers: bool
    id: str
    told: Told | None = None
    document: str = ""
    courses: Sequence[Course] = ()


async def board(outbox: Outbox) -> Board:
    at = _now()
    try:
        async with asyncio.timeout(PATIENCE):
            listeners = await outbox.listeners()
            hours = await outbox.hours(first_hour(at))
            newest = await outbox.find(Wanted(), NEWEST)
            dead = await outbox.find(Wanted(("dead",)), NEWEST)
    except (TimeoutError, Unavailable):
        return Board(at, answers=False)
    by_listener: dict[str, list[Hour]] = defaultdict(list)
    for hour in hours:
        by_listener[hour.listener].append(hour)
    cards = [_card(each, by_listener[each.id], at) for each in listeners]
    return Board(at, True, cards, newest, dead)


async def sheet(outbox: Outbox, id: str) -> Sheet:
    """id: the event's eventId."""
    at = _now()
    try:
        async with asyncio.timeout(PATIENCE):
            told = await outbox.event(id)
            if told is None:
                return Sheet(at, True, id)
            deliveries = await outbox.find(Wanted(id=id), MOST_LISTENERS)
            callbacks = {each.id: shown(each.callback) for each in await outbox.listeners()}
    except (TimeoutError, Unavailable):
        return Sheet(at, False, id)
    courses = [
        Course(each, callbacks.get(each.listener, ""), _attempts(each)) for each in deliveries
    ]
    document = exact.pretty(exact.loads(told.document))
    return Sheet(at, True, id, told, document, courses)


def shown(callback: str) -> str:
    """A callback without user, password and query, any of which may be what lets one in."""
    try:
        parts = urlsplit(callback)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "(not an address)"
    return f"{parts.scheme}://{host}{parts.path}" + ("?…" if parts.query else "")


def _card(health: Health, hours: Sequence[Hour], at: int) -> Card:
    return Card(health, shown(health.callback), *_state(health, at), bars(hours, at))


def _state(health: Health, at: int) -> tuple[str, str]:
    if health.ended is not None:
        return "ended its subscription", "calm"
    if not health.sent and not health.failed:
        waits = health.backlog > 0
        return ("nothing was sent yet", "bad" if waits and _is_behind(health, at) else "calm")
    if health.error is not None or not 200 <= (health.status or 200) < 300:
        return "the last attempt failed", "bad"
    if _is_behind(health, at):
        return "behind", "bad"
    return "delivering", "good"


def _is_behind(health: Health, at: int) -> bool:
    return health.oldest is not None and at - health.oldest > BEHIND_SECONDS * 1_000_000


def _attempts(delivery: Delivery) -> list[Attempt]:
    kept: list[dict[str, Any]] = json.loads(delivery.history or "[]")
    return [Attempt(each["at"], each["status"], each["error"], each["ms"]) for each in kept[::-1]]


def _now() -> int:
    return time.time_ns() // 1000
