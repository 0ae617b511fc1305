"""The command that moves many documents from one state to another."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from getpass import getuser
from typing import Any

import click
import orjson

from tmfserver import exact, sql, transfers
from tmfserver.ends import is_terminal, told_in
from tmfserver.engine import ResourceEngine, represent
from tmfserver.engine.sharing import shared_tables
from tmfserver.engine.targets import Target
from tmfserver.errors import BadQuery, NotFound, RequestFailure
from tmfserver.flags import Sentence, with_settings
from tmfserver.planning import Plan
from tmfserver.query.ast import Query
from tmfserver.query.parse import parse
from tmfserver.repository import Row
from tmfserver.transferring import REFUSED, absolute, begin, failing

AT_ONCE = 64  # documents that are moved together
MOST_TOLD = 10  # refused ones that are told without --errors


@click.command()
@click.argument("resource")
@click.option("--query", default="", help="Which: filters, as a list's URL has them. Default: all.")
@click.option("--to", "state", required=True, metavar="STATE", help="The state to move them to.")
@click.option("--dry-run", is_flag=True, help="Checks everything and changes nothing.")
@click.option("--errors", type=click.Path(dir_okay=False), help="Where to tell of each refusal.")
@with_settings(
    "database", "specs", "base_paths", "shared_tables", "handlers", "references",
    "characteristics", "public_url",
)  # fmt: skip
def transition(
    resource: str, query: str, state: str, *, dry_run: bool, errors: str | None, **given: Any
) -> None:
    """Moves the documents of RESOURCE that match to a state, each as a PATCH would; thing/1/part
    are those that stand in one thing.

    For example: tmfserver transition thing --query 'status=active&date.lt=2026-01-01' --to retired.
    The life cycle is asked, events are told, and histories name the user of the system.

    Exit code 0: all that match are in the state now. 1: it could not be done, or not to the end.
    3: some were refused; the first are told, and --errors FILE tells of all.
    """
    plan, target, base = begin(resource, given)
    tally = Tally()
    with ExitStack() as stack, failing("", tally):
        move = Move(_state_of(plan, target), state, absolute(plan, base), getuser(), dry_run)
        asked = _read(target, query)
        tell = stack.enter_context(told_in(errors))
        shown = stack.enter_context(_bar())

        def take(moved: Moved) -> None:
            tally.add(moved)
            shown(moved)
            tell([_line(*each) for each in moved.refused])

        asyncio.run(_move_all(plan, target, asked, move, take))
    if errors is None:
        for id, reason in tally.first:
            click.echo(f"{id}: {reason}", err=True)
    click.echo(tally.told(dry_run=dry_run), err=True)
    if tally.refused:
        sys.exit(REFUSED)


@dataclass(frozen=True)
class Move:
    """What is to be done with each document. base: the collection's URL with its slash."""

    attribute: str
    state: str
    base: str
    by: str
    dry_run: bool

    def change(self, old: Mapping[str, Any]) -> dict[str, Any]:
        return {**old, self.attribute: self.state}


@dataclass(frozen=True)
class Moved:
    """What became of some documents. found: of how many in all, as far as it is known."""

    found: int
    moved: int
    there: int
    refused: Sequence[tuple[str, str]]


class Tally:
    """What became of all so far, and the first that were refused."""

    def __init__(self) -> None:
        self.moved = self.there = self.refused = 0
        self.first: list[tuple[str, str]] = []

    def add(self, some: Moved) -> None:
        self.moved += some.moved
        self.there += some.there
        self.refused += len(some.refused)
        self.first += some.refused[: MOST_TOLD - len(self.first)]

    def told(self, *, dry_run: bool = False) -> str:
        done = "would be moved" if dry_run else "moved"
        found = self.moved + self.there + self.refused
        return (
            f"{found} found: {self.moved} {done}, {self.there} there already,"
            f" {self.refused} refused"
        )


def _line(id: str, reason: str) -> bytes:
    return orjson.dumps({"id": id, "reason": reason}) + b"\n"


def _state_of(plan: Plan, target: Target) -> str:
    """The attribute that tells the state, by the handler or by the contract."""
    resource = target.api.resource(target.name)
    handler = plan.handlers.get(resource.name)
    rule = handler.rules.lifecycle if handler else None
    state = rule.attribute if rule else resource.state
    if state is None:
        problem = "has no state, by its contract or by a handler's life cycle"
        raise Sentence(f"{resource.name} {problem}.")
    return state


def _read(target: Target, text: str) -> Query:
    """Raises BadQuery for what is no filter: all that match are moved, in the order they came."""
    query = parse(text.strip().removeprefix("?"), target.collection.types, limit=AT_ONCE)
    if query != Query(filter=query.filter, limit=AT_ONCE):
        raise BadQuery(parameter="query", came=f"'{text}'", expected="filters alone")
    return target.narrow(query)


async def _move_all(
    plan: Plan, target: Target, query: Query, move: Move, take: Callable[[Moved], None]
) -> None:
    store = await sql.open_store(plan.settings.database, plan.tables)
    try:
        tables = shared_tables(store, plan.sharings, plan.collections)
        await target.check(tables)
        engine = transfers.engine_of(plan, target, tables)
        found = None
        while True:
            page = await engine.list(query, move.base)
            found = page.total if found is None else found
            rows = [*page.rows]
            if page.more is not None:
                async for some in page.more:
                    rows += some
            fates = await asyncio.gather(*[_move(engine, move, row) for row in rows])
            refused = [(row[0], fate) for row, fate in zip(rows, fates, strict=True) if fate]
            there = fates.count(None)
            take(Moved(found, len(fates) - there - len(refused), there, refused))
            if page.after is None:
                return
            # A place, which those that were moved and match no more leave where it is.
            query = replace(query, start=page.after)
    finally:
        await store.close()


async def _move(engine: ResourceEngine, move: Move, row: Row) -> str | None:
    """Why it was refused; "" when it was moved, None when it was in the state already."""
    try:
        if move.dry_run:
            return await _check(engine, move, row)
        outcome = await engine.patch(row[0], move.change, move.base, by=move.by)
    except NotFound:
        return None  # somebody deleted it meanwhile
    except RequestFailure as failure:
        return str(failure)
    return None if outcome.row[2] == row[2] else ""


async def _check(engine: ResourceEngine, move: Move, row: Row) -> str | None:
    old = exact.loads(represent(row, move.base))
    new = move.change(old)
    if new == old:
        return None
    engine.shape.check(new)
    await engine.checks.check(old, new, move.base)
    return ""


@contextmanager
def _bar() -> Iterator[Callable[[Moved], None]]:
    """A progress bar, on a terminal alone."""
    if not is_terminal():
        yield lambda _: None
        return
    with click.progressbar(length=0, label="moved", file=sys.stderr) as bar:

        def shown(moved: Moved) -> None:
            bar.length = moved.found
            bar.update(moved.moved + moved.there + len(moved.refused))

        yield shown
