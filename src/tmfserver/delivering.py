"""The commands about notifications: deliver, deliveries, listeners, inbox."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from typing import Any, TypeVar

import click

from tmfserver import exact, sql
from tmfserver.deliveries import Delivery, Health, Outbox, Received, State, Wanted
from tmfserver.engine.representation import instant
from tmfserver.errors import RequestFailure
from tmfserver.flags import Misused, Sentence, read_settings, with_settings
from tmfserver.listing import table
from tmfserver.query.scalars import asked_instant
from tmfserver.sending import make_dispatcher
from tmfserver.settings import Settings

T = TypeVar("T")

log = logging.getLogger("tmfserver")

PAGE = 500  # deliveries that are read at a time
STATES: dict[str, tuple[State, ...]] = {
    "due": ("due", "waiting"),
    "sent": ("sent",),
    "dead": ("dead",),
}
AS_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")


@click.command()
@with_settings(
    "database", "callback_networks", "delivery_delays", "delivery_retry_after",
    "delivery_connect_timeout", "delivery_timeout", "deliveries_at_once",
    "deliveries_per_listener", "keep_sent_days", "keep_events_days", "pool_size", "log_level",
)  # fmt: skip
def deliver(**given: Any) -> None:
    """Sends notifications until it is told to stop; any number may run beside servers.

    Servers send notifications themselves, unless they are started with --no-deliver.
    """
    settings = read_settings(given)
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)
    _run(settings, lambda outbox: _deliver(settings, outbox))


async def _deliver(settings: Settings, outbox: Outbox) -> None:
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    dispatcher = make_dispatcher(settings, outbox)
    dispatcher.start()
    log.info("tmfserver sends notifications")
    await told.wait()
    await dispatcher.stop()


class Moment(click.ParamType[int]):
    """A date, or a date-time (RFC 3339), in microseconds since 1970."""

    name = "time"

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        moment = asked_instant(value)
        if moment is None:
            self.fail(f"'{value}' is no time as 2026-01-31T12:00:00Z or 2026-01-31", param, ctx)
        return moment


def wanted(function: Callable[..., Any]) -> Callable[..., Any]:
    """The flags that choose deliveries."""
    for option in (
        click.option("--until", type=Moment(), help="Of events before this time."),
        click.option("--since", type=Moment(), help="Of events at this time or later."),
        click.option("--id", "event", help="Of the event with this eventId."),
        click.option("--listener", help="Of the listener with this id."),
    ):
        function = option(function)
    return function


@click.group(invoke_without_command=True)
@click.option("--state", type=click.Choice(list(STATES)), help="Only those that are so.")
@wanted
@click.option("--limit", default=50, type=click.IntRange(1), show_default=True, help="The newest.")
@with_settings("database")
@AS_JSON
@click.pass_context
def deliveries(
    context: click.Context, /, *, state: str | None, limit: int, as_json: bool, **given: Any
) -> None:
    """Lists deliveries, the newest first.

    due: to be sent, or being sent; those that wait for an earlier one about the same resource are
    shown as waiting. dead: given up after the last attempt.
    """
    if context.invoked_subcommand is not None:
        return
    chosen = _wanted(given, STATES[state] if state else ())
    rows = _run(read_settings(given), lambda outbox: _found(outbox, chosen, limit))
    if as_json:
        click.echo(json.dumps([_delivery(each) for each in rows], indent=2))
    else:
        head = ("event", "type", "listener", "state", "tries", "last answer", "next or sent")
        click.echo(table([head, *map(_delivery_row, rows)]))


@deliveries.command()
@click.option(
    "--state", type=click.Choice(["dead", "sent"]), default="dead", show_default=True,
    help="Which are sent again.",
)  # fmt: skip
@wanted
@click.option("--all", "every", is_flag=True, help="Of all listeners and times.")
@with_settings("database")
def replay(*, state: str, every: bool, **given: Any) -> None:
    """Has deliveries sent again, from the first attempt on.

    They keep their eventId, so that listeners know them again.
    """
    chosen = _wanted(given, STATES[state])
    if not every and chosen == Wanted(chosen.states):
        raise Misused("name --id, --listener, --since or --until, or say --all")
    count = _run(read_settings(given), lambda outbox: outbox.replay(chosen))
    click.echo(f"{count} deliveries are due again.")


@click.group(invoke_without_command=True)
@with_settings("database")
@AS_JSON
@click.pass_context
def listeners(context: click.Context, /, *, as_json: bool, **given: Any) -> None:
    """Lists listeners with what was sent to them, what failed and what is due."""
    if context.invoked_subcommand is not None:
        return
    rows = _run(read_settings(given), lambda outbox: outbox.listeners())
    if as_json:
        click.echo(json.dumps([_health(each) for each in rows], indent=2))
        return
    head = ("id", "callback", "query", "due", "oldest", "sent", "failed", "dead", "last sent")
    click.echo(table([head, *map(_health_row, rows)]))


@listeners.command()
@click.argument("id")
@with_settings("database")
def rotate(id: str, **given: Any) -> None:
    """Gives a listener a new key to verify notifications by, and shows it this once.

    Until the next time, notifications are signed with the key before, too.
    """
    from tmfserver.engine.listeners import new_secret

    secret = new_secret()
    _run(read_settings(given), lambda outbox: outbox.rotate(id, secret))
    click.echo(secret)


@click.command()
@click.option("--limit", default=50, type=click.IntRange(1), show_default=True, help="The newest.")
@with_settings("database")
@AS_JSON
def inbox(*, limit: int, as_json: bool, **given: Any) -> None:
    """Lists the notifications that other parties' hubs sent here, the newest first."""
    rows = _run(read_settings(given), lambda outbox: outbox.received(limit))
    if as_json:
        shown = [{**asdict(each), "document": exact.loads(each.document)} for each in rows]
        click.echo(exact.pretty([_with_times(each, "created") for each in shown]))
    else:
        head = ("received", "type", "eventId", "api")
        click.echo(table([head, *map(_received_row, rows)]))


def _run(settings: Settings, work: Callable[[Outbox], Coroutine[Any, Any, T]]) -> T:
    """Does the work on the database of the settings."""

    async def run() -> T:
        outbox = await sql.open_outbox(
            settings.database, limits=sql.Limits(pool_size=settings.pool_size)
        )
        try:
            return await work(outbox)
        finally:
            await outbox.close()

    import uvloop

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(run())
    except RequestFailure as failure:
        raise Sentence(str(failure)) from failure


def _wanted(given: dict[str, Any], states: tuple[State, ...]) -> Wanted:
    names = ("listener", "event", "since", "until")
    listener, event, since, until = [given.pop(name) for name in names]
    return Wanted(states, listener, event, since, until)


async def _found(outbox: Outbox, chosen: Wanted, limit: int) -> list[Delivery]:
    found: list[Delivery] = []
    while len(found) < limit:
        before = (found[-1].event, found[-1].listener) if found else None
        rows = await outbox.find(chosen, min(PAGE, limit - len(found)), before)
        found += rows
        if not rows:
            break
    return found


def _delivery(each: Delivery) -> dict[str, Any]:
    shown = asdict(each)
    del shown["event"]
    shown["history"] = [_with_times(tried, "at") for tried in json.loads(each.history or "[]")]
    return _with_times(shown, "created", "next", "sent")


def _health(each: Health) -> dict[str, Any]:
    times = ("created", "ended", "last_sent", "last_failed", "oldest")
    return _with_times(asdict(each), *times)


def _with_times(shown: dict[str, Any], *names: str) -> dict[str, Any]:
    return {**shown, **{name: _time(shown[name]) or None for name in names}}


def _delivery_row(each: Delivery) -> tuple[str, ...]:
    answer = each.error or str(each.status or "-")
    at = each.sent if each.state == "sent" else each.next if each.state == "due" else None
    tries = str(each.attempts)
    return each.id, each.type, each.listener, each.state, tries, answer, _time(at) or "-"


def _health_row(each: Health) -> tuple[str, ...]:
    last = f"ended {_time(each.ended)}" if each.ended else _time(each.last_sent)
    counts = str(each.sent), str(each.failed), str(each.dead)
    due, oldest = str(each.backlog), _time(each.oldest)
    return each.id, each.callback, each.query or "-", due, oldest or "-", *counts, last or "-"


def _received_row(each: Received) -> tuple[str, ...]:
    return _time(each.created), each.type, each.id, each.api


def _time(moment: int | None) -> str:
    return instant(moment) if moment is not None else ""
