"""Imports and exports as this server's settings and contracts have them, without HTTP.

The command line and the processes that carry out jobs go the same way through here.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, cast

from tmfserver import exact, sql
from tmfserver.document.fields import select
from tmfserver.document.reading import parse_json
from tmfserver.engine import ResourceEngine
from tmfserver.engine.loading import Loader
from tmfserver.engine.nested import shortened, standing_in
from tmfserver.engine.paths import rewrite_href
from tmfserver.engine.remembering import Remembering
from tmfserver.engine.representation import represent
from tmfserver.engine.shared_bulk import shared_bulk
from tmfserver.engine.sharing import shared_tables
from tmfserver.engine.targets import Target, Targets
from tmfserver.engines import Engines
from tmfserver.jobs import Bulk, Found
from tmfserver.planning import Plan
from tmfserver.query.ast import Query
from tmfserver.query.match import places
from tmfserver.query.parse import parse
from tmfserver.records import Columns
from tmfserver.repository import Row, Store
from tmfserver.spec import Shape
from tmfserver.spec.openapi import JSON

MOST = 2**62  # documents of an export whose query names no limit
ALWAYS = (("id",), ("href",))


def tune_process() -> None:
    """For a process that only moves documents, by one thread that reads and one that writes.

    Documents come and go, and hold no circles: the collector has little to find. And who waits
    for the database must not wait, at each of its answers, the usual 5 ms for the other thread.
    """
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)
    sys.setswitchinterval(0.0005)


def targets_of(plan: Plan) -> Targets:
    return Targets(plan.apis, plan.collections)


def columns_of(target: Target) -> Columns:
    return Columns(target.collection.types, target.collection.arrays)


def open_bulk(plan: Plan, *, migrate: bool = True) -> Bulk:
    """The plan's database, to write and read much; migrate: makes what is missing."""
    bulk = sql.open_bulk(plan.settings.database, plan.tables, migrate=migrate)
    return shared_bulk(bulk, plan.sharings, plan.collections)


def make_loader(
    plan: Plan,
    target: Target,
    base: str,
    store: Store,
    wait: Callable[[Awaitable[None]], None],
) -> Loader:
    """What makes documents of records, as a POST does: see engine/loading.py."""
    engine = Engines(plan, cast("Store", Remembering(store))).engine(target.api, target.name)
    read = partial(parse_json, levels=plan.settings.depth_limit)
    if target.attribute:
        read = partial(_read_held, read, target)
    shape = _create_shape(target)
    return Loader(engine, shape, read, base, wait, target.head, target.present)


def _read_held(read: Callable[[bytes], Any], target: Target, content: bytes) -> Any:
    return target.take(read(content))


def engine_of(plan: Plan, target: Target, store: Store) -> ResourceEngine:
    """What moves the target's documents alone, from state to state."""
    engine = Engines(plan, store).engine(target.api, target.name)
    return engine.within(target.holder, target.holding) if target.is_within else engine


def _create_shape(target: Target) -> Shape:
    """What POST checks; where there is none, what the resource is."""
    for operation in target.api.operations:
        if operation.verb == "create" and operation.resource == target.name:
            content = operation.definition.get("requestBody", {}).get("content", {})
            return target.api.schemas.shape_of(content.get(JSON, {}).get("schema", {}))
    return target.api.schemas.shape(target.api.resource(target.name).schema)


@contextmanager
def opened_loader(plan: Plan, target: Target, base: str) -> Iterator[Loader]:
    """A loader, with the database open for what rules and policies ask of it.

    base: the collection's URL with its slash. Raises errors.NotFound where what the documents are
    to stand in is not there.
    """
    with asyncio.Runner() as runner:
        opening = sql.open_store(plan.settings.database, plan.tables, migrate=False)
        store = runner.run(opening)
        try:
            tables = shared_tables(store, plan.sharings, plan.collections)
            runner.run(target.check(tables))
            yield make_loader(
                plan, target, base, tables, lambda each: runner.run(cast("Any", each))
            )
        finally:
            runner.run(store.close())


def read_query(target: Target, text: str) -> Query:
    """What an export asks for. Raises errors.BadQuery and errors.NotServed."""
    plain = text.strip().removeprefix("?")
    return parse(plain, target.collection.types, limit=MOST, largest=MOST, whole=True)


def find(bulk: Bulk, target: Target, base: str, query: Query) -> Found:
    """The rows of an export, of one moment. Raises as Bulk.find does, and errors.NotFound where
    what the documents stand in is not there."""
    query = target.narrow(rewrite_href(query, base))
    if not target.is_within:
        return bulk.find(target.collection, query)
    bulk.require(target.present)
    found = bulk.find(target.collection, standing_in(query, target.holder))
    return replace(found, batches=map(shortened, found.batches))


def texts(base: str, query: Query, rows: Sequence[Row]) -> list[str]:
    """Documents as clients see them, or of each what the query's `fields` choose."""
    if query.fields is None:
        return [represent(row, base) for row in rows]
    fields = query.fields
    made = []
    for row in rows:
        document = exact.loads(represent(row, base))
        reached = [place for reach in fields.reaches for place in places(reach, document)]
        made.append(exact.dumps(select(document, (*ALWAYS, *fields.paths), reached)).decode())
    return made
