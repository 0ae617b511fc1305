"""What sending asks of a database: deliveries are claimed, settled, listed, replayed and tidied.

The order of one resource instance is kept for each listener: of its undelivered deliveries only the
oldest is ever given out, the others wait. A dead one lets the next one pass, for what cannot be
delivered in thirty hours must not silence its resource for ever. Times are microseconds since 1970.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

# due: to be sent, or being sent. waiting: behind an earlier one of its listener and instance.
State: TypeAlias = Literal["due", "waiting", "sent", "dead"]


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that this process alone may send, until `lease` (then others may).

    event: the event's place in the outbox; id: its eventId; document: the event as JSON text.
    history: the last attempts, as JSON text, or none.
    """

    event: int
    listener: str
    subject: str
    attempts: int
    history: str | None
    id: str
    document: str
    callback: str
    query: str
    lease: int


@dataclass(frozen=True, slots=True)
class Key:
    """What is needed to speak to a listener. Neither is ever shown.

    secret: Standard Webhooks keys, the newest first, with a space between; header: "Name: value".
    """

    secret: str
    header: str

    def __repr__(self) -> str:
        return "Key(...)"


@dataclass(frozen=True, slots=True)
class Batch:
    """What was claimed, and the keys of the listeners concerned."""

    claimed: Sequence[Claimed]
    keys: Mapping[str, Key]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a claimed delivery. Nothing happens if others have claimed it meanwhile.

    state: due is to be tried again `at` that time, the others are done with at that time.
    tried: false when it is given back unsent. status: HTTP, None without an answer.
    """

    claimed: Claimed
    state: State
    at: int
    tried: bool = True
    status: int | None = None
    error: str | None = None
    history: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which deliveries are meant; all conditions hold. id: of the event. since, until: when the
    event happened."""

    states: tuple[State, ...] = ()
    listener: str | None = None
    id: str | None = None
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery as people see it. `next`: when it is tried again, if it is due."""

    event: int
    listener: str
    id: str
    type: str
    subject: str
    state: State
    attempts: int
    next: int
    sent: int | None
    status: int | None
    error: str | None
    history: str | None
    created: int


@dataclass(frozen=True, slots=True)
class Health:
    """A listener with its figures. `sent`, `failed` and `dead` count attempts that ended so since
    it subscribed; `backlog` what is undelivered now, the oldest of it made at `oldest` with the
    eventId `oldest_id`. `status` and `error` are those of the last attempt."""

    id: str
    api: str
    callback: str
    query: str
    created: int
    ended: int | None
    sent: int
    failed: int
    dead: int
    last_sent: int | None
    last_failed: int | None
    status: int | None
    error: str | None
    backlog: int
    oldest: int | None
    oldest_id: str | None


@dataclass(frozen=True, slots=True)
class Hour:
    """How many attempts of a listener ended so in the hour that began at `start`."""

    listener: str
    start: int
    sent: int
    failed: int


@dataclass(frozen=True, slots=True)
class Told:
    """An event as it was written. id: its eventId; document: the event as JSON text."""

    id: str
    api: str
    type: str
    subject: str
    document: str
    created: int


@dataclass(frozen=True, slots=True)
class Received:
    """What another party's hub sent to one of our listener paths."""

    api: str
    id: str
    type: str
    document: str
    created: int


class Outbox(Protocol):
    """Deliveries in a database that any number of processes share.

    arrived: set when this process has committed something to send; who waits for it clears it.
    """

    @property
    def arrived(self) -> asyncio.Event: ...

    async def claim(self, most: int, each: int, busy: Mapping[str, int], lease: float) -> Batch:
        """Deliveries that are due, for `lease` seconds this process's alone.

        most: altogether; each: of one listener, less what `busy` says that it has under way. At
        most one of a listener and resource instance, the oldest that is undelivered.
        """
        ...

    async def settle(self, outcomes: Sequence[Outcome]) -> None: ...

    async def end(self, listener: str) -> None:
        """Ends a subscription as the listener asked; what it has not got is dead."""
        ...

    async def find(
        self, wanted: Wanted, limit: int, before: tuple[int, str] | None = None
    ) -> list[Delivery]:
        """The newest first. before: (event, listener) of the last one of the page above."""
        ...

    async def replay(self, wanted: Wanted) -> int:
        """Makes sent and dead deliveries due again, of listeners that there are; how many."""
        ...

    async def listeners(self) -> list[Health]: ...

    async def hours(self, since: int) -> list[Hour]:
        """The hours that began at `since` or later and had attempts; two days are kept."""
        ...

    async def event(self, id: str) -> Told | None: ...

    async def rotate(self, listener: str, secret: str) -> None:
        """Signs with this key and the one before from now on. Raises errors.NotFound."""
        ...

    async def received(self, limit: int) -> list[Received]:
        """The newest first."""
        ...

    async def tidy(self, sent_before: int, events_before: int, most: int) -> int:
        """Deletes at most so many sent deliveries, and so many events that are not due any more,
        from before these times; how many it deleted. What is due to listeners that ended their
        subscription is dead afterwards."""
        ...

    async def close(self) -> None: ...
