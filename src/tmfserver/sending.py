"""Sends notifications in this process: makes a dispatcher as the settings have it, and runs it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tmfserver.deliveries import Outbox
from tmfserver.engine.notifications import projected
from tmfserver.settings import Settings

if TYPE_CHECKING:
    from tmfserver.delivery.connecting import Resolve
    from tmfserver.delivery.dispatcher import Dispatcher

GRACE_SECONDS = 5.0


def make_dispatcher(
    settings: Settings, outbox: Outbox, resolve: Resolve | None = None
) -> Dispatcher:
    """resolve: looks names up, instead of the system's resolver."""
    from tmfserver.delivery.connecting import Connector, Resolver
    from tmfserver.delivery.dispatcher import Bounds, Dispatcher
    from tmfserver.delivery.networks import read_networks
    from tmfserver.delivery.schedule import Schedule, read_delays
    from tmfserver.delivery.sender import Sender

    seconds = float(settings.delivery_timeout)
    bounds = Bounds(
        settings.deliveries_at_once,
        settings.deliveries_per_listener,
        # For an attempt, for waiting that others end theirs, and for writing it down.
        lease=2 * seconds + 5,
        attempt=seconds + 1,
        grace=min(GRACE_SECONDS, seconds),
        keep_sent=settings.keep_sent_days,
        keep_events=settings.keep_events_days,
    )
    schedule = Schedule(read_delays(settings.delivery_delays), settings.delivery_retry_after)
    connector = Connector(read_networks(settings.callback_networks), resolve or Resolver())
    sender = Sender(connector, settings.delivery_connect_timeout, seconds)
    return Dispatcher(outbox, sender, schedule, bounds, projected)


class Sending:
    """A dispatcher beside a server, which does not wait until it is loaded."""

    def __init__(self, settings: Settings, outbox: Outbox) -> None:
        self._started = asyncio.create_task(_started(settings, outbox))

    async def stop(self) -> None:
        await (await self._started).stop()


async def _started(settings: Settings, outbox: Outbox) -> Dispatcher:
    await asyncio.to_thread(_load)
    dispatcher = make_dispatcher(settings, outbox)
    dispatcher.start()
    return dispatcher


def _load() -> None:
    from tmfserver.delivery import dispatcher  # noqa: F401 it takes as long as a start
