"""Takes what is due out of the outbox, has it sent, and writes down what came of it.

Any number of dispatchers share an outbox. Each listener has so many attempts at a time and no more,
so that one that is slow keeps only itself waiting. At least once: what was sent, but not yet
written down when the process died, is sent again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic, time_ns

import orjson

from tmfserver.deliveries import Claimed, Key, Outbox, Outcome
from tmfserver.delivery.schedule import Schedule
from tmfserver.delivery.sender import OWN, Answer, Sender
from tmfserver.delivery.signing import signed
from tmfserver.errors import Failure

log = logging.getLogger(__name__)

Project = Callable[[str, str], str]  # (an event, a listener's query) → what the listener gets

POLL_SECONDS = 0.1  # between two looks for what other processes have committed
AFTER_FAILURE_SECONDS = 1.0
SWEEP_SECONDS = 15.0
KEPT_ATTEMPTS = 5  # of a delivery's history
AHEAD = 2  # claimed for each that may be sent at a time, so that none waits for the database
DAY = 86_400_000_000  # microseconds
MOST_TIDIED = 1000
PAUSE_SECONDS = 0.05  # between two batches of tidying
TIDY_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much, and for how long.

    at_once: attempts of this process; per_listener: of one listener. lease: seconds that a claim
    lasts, of which `attempt` must be left to begin one. grace: seconds for attempts under way when
    it stops. keep_sent, keep_events: days.
    """

    at_once: int
    per_listener: int
    lease: float
    attempt: float
    grace: float
    keep_sent: int
    keep_events: int


class Dispatcher:
    """Runs until it is stopped; what it then holds is finished or given back."""

    def __init__(
        self, outbox: Outbox, sender: Sender, schedule: Schedule, bounds: Bounds, project: Project
    ) -> None:
        self._outbox, self._sender, self._schedule = outbox, sender, schedule
        self._bounds, self._project = bounds, project
        self._held: Counter[str] = Counter()  # claimed and not settled yet, by listener
        self._waiting: dict[str, deque[tuple[Claimed, Key]]] = {}
        self._sending: Counter[str] = Counter()
        self._attempts: set[asyncio.Task[None]] = set()
        self._outcomes: list[Outcome] = []
        self._done = asyncio.Event()
        self._ended = asyncio.Event()
        self._paused: dict[str, float] = {}
        self._stopping = self._closing = False
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        loops = (self._claiming, self._settling, self._tidying)
        self._tasks = [asyncio.create_task(each()) for each in loops]

    async def stop(self) -> None:
        """Claims no more, waits a little for attempts under way, gives the rest back."""
        self._stopping = True
        claiming, settling, tidying = self._tasks
        tidying.cancel()
        self._outbox.arrived.set()
        await asyncio.wait([claiming, tidying])
        for queue in self._waiting.values():
            self._outcomes += [_given_back(claimed) for claimed, _ in queue]
        self._waiting.clear()
        if self._attempts:
            _, late = await asyncio.wait(self._attempts, timeout=self._bounds.grace)
            for attempt in late:
                attempt.cancel()
            if late:
                await asyncio.wait(late)
        self._closing = True
        self._done.set()
        await asyncio.wait([settling])
        self._sender.close()

    async def _claiming(self) -> None:
        bounds, swept = self._bounds, monotonic()
        while not self._stopping:
            self._outbox.arrived.clear()
            room = AHEAD * bounds.at_once - self._held.total()
            claimed = 0
            if room > 0:
                try:
                    claimed = await self._claim(room)
                except Exception as failure:  # noqa: BLE001 - a database comes back, most often
                    log.warning("Nothing can be sent: %s", failure)
                    await asyncio.sleep(AFTER_FAILURE_SECONDS)
            if monotonic() - swept > SWEEP_SECONDS:
                self._sender.sweep()
                swept = monotonic()
            if not claimed:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._outbox.arrived.wait(), POLL_SECONDS)

    async def _claim(self, room: int) -> int:
        bounds = self._bounds
        each = AHEAD * bounds.per_listener
        busy = {**self._held, **dict.fromkeys(self._paused_now(), each)}
        batch = await self._outbox.claim(room, each, busy, bounds.lease)
        for claimed in batch.claimed:
            self._held[claimed.listener] += 1
            waiting = self._waiting.setdefault(claimed.listener, deque())
            waiting.append((claimed, batch.keys[claimed.listener]))
        self._go_on()
        return len(batch.claimed)

    def _paused_now(self) -> list[str]:
        """Listeners that have asked to be left alone for a while."""
        at = monotonic()
        self._paused = {id: until for id, until in self._paused.items() if until > at}
        return list(self._paused)

    def _go_on(self) -> None:
        """Starts attempts, one of each listener in turn, while there is room."""
        bounds = self._bounds
        started = True
        while started and not self._stopping and len(self._attempts) < bounds.at_once:
            started = False
            for listener, waiting in list(self._waiting.items()):
                if len(self._attempts) >= bounds.at_once:
                    return
                if self._sending[listener] >= bounds.per_listener:
                    continue
                self._start(*waiting.popleft())
                started = True
                if not waiting:
                    del self._waiting[listener]

    def _start(self, claimed: Claimed, key: Key) -> None:
        self._sending[claimed.listener] += 1
        attempt = asyncio.create_task(self._attempt(claimed, key))
        self._attempts.add(attempt)

        def end(attempt: asyncio.Task[None]) -> None:
            self._attempts.discard(attempt)
            self._sending[claimed.listener] -= 1
            self._go_on()

        attempt.add_done_callback(end)

    async def _attempt(self, claimed: Claimed, key: Key) -> None:
        outcome = _given_back(claimed)
        try:
            # What lay here for long would be another's before it is sent.
            if claimed.lease - _now() > self._bounds.attempt * 1e6:
                outcome = await self._sent(claimed, key)
        finally:
            self._outcomes.append(outcome)
            self._done.set()

    async def _sent(self, claimed: Claimed, key: Key) -> Outcome:
        try:
            body = self._project(claimed.document, claimed.query).encode()
            headers = signed(key.secret, f"{claimed.id}_{claimed.listener}", body)
            name, _, value = key.header.partition(":")
            if value and name.strip().lower() not in OWN | headers.keys():
                headers[name.strip()] = value.strip()
        except Exception as error:  # noqa: BLE001 - one that cannot be made must stop no other
            answer = Answer(None, f"it cannot be made: {type(error).__name__}", None, 0.0)
        else:
            answer = await self._sender.send(claimed.callback, headers, body)
        if answer.status == 410:
            log.info("Listener %s has ended its subscription.", claimed.listener)
            with suppress(Failure):
                await self._outbox.end(claimed.listener)
            self._ended.set()
        return self._outcome(claimed, answer)

    def _outcome(self, claimed: Claimed, answer: Answer) -> Outcome:
        at = _now()
        history = _history(claimed.history, at, answer)
        facts = (answer.status, answer.error, history)
        if answer.status is not None and 200 <= answer.status < 300:
            return Outcome(claimed, "sent", at, True, *facts)
        asked = answer.retry_after if answer.status in (429, 503) else None
        if asked is not None:
            pause = min(asked, self._schedule.longest_retry_after)
            self._paused[claimed.listener] = monotonic() + pause
        delay = self._schedule.after(claimed.attempts + 1, asked)
        if delay is None or answer.status == 410:
            return Outcome(claimed, "dead", at, True, *facts)
        return Outcome(claimed, "due", at + int(delay * 1e6), True, *facts)

    async def _settling(self) -> None:
        """Writes down what came of attempts: all that ended while the last were written."""
        while True:
            await self._done.wait()
            self._done.clear()
            outcomes, self._outcomes = self._outcomes, []
            if not outcomes:
                if self._closing:
                    return
                continue
            try:
                await self._outbox.settle(outcomes)
            except Exception as failure:  # noqa: BLE001 - sending must go on
                log.warning("What was sent cannot be written down: %s", failure)
                if self._closing:
                    return  # once their leases are over, others send them again
                self._outcomes = outcomes + self._outcomes
                await asyncio.sleep(AFTER_FAILURE_SECONDS)
            else:
                self._forget(outcomes)
            if self._closing or self._outcomes:
                self._done.set()

    def _forget(self, outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            listener = outcome.claimed.listener
            self._held[listener] -= 1
            if not self._held[listener]:
                del self._held[listener]
        self._outbox.arrived.set()

    async def _tidying(self) -> None:
        """Deletes what was kept long enough, a little at a time."""
        while True:
            at = _now()
            sent = at - self._bounds.keep_sent * DAY
            events = at - self._bounds.keep_events * DAY
            try:
                deleted = MOST_TIDIED
                while deleted:
                    deleted = await self._outbox.tidy(sent, events, MOST_TIDIED)
                    await asyncio.sleep(PAUSE_SECONDS)
            except Exception as failure:  # noqa: BLE001 - sending must go on
                log.warning("Old deliveries cannot be deleted: %s", failure)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), TIDY_SECONDS)
                await asyncio.sleep(AFTER_FAILURE_SECONDS)  # changes under way come in behind
            self._ended.clear()


def _given_back(claimed: Claimed) -> Outcome:
    return Outcome(claimed, "due", _now(), tried=False)


def _history(before: str | None, at: int, answer: Answer) -> str:
    """The last attempts, this one at their end: when, status, error, milliseconds."""
    kept = orjson.loads(before)[1 - KEPT_ATTEMPTS :] if before else []
    made = {
        "at": at,
        "status": answer.status,
        "error": answer.error,
        "ms": round(answer.seconds * 1000, 1),
    }
    return orjson.dumps([*kept, made]).decode()


def _now() -> int:
    return time_ns() // 1000
