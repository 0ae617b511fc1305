"""Databases full of usages, filled through the real tables with their real triggers.

One in a folder that is kept is used again by the next run.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import psycopg

from benchmarks.databases import Databases
from benchmarks.filters.documents import stored
from tmfserver.changes import Collection, Insert
from tmfserver.planning import make_plan
from tmfserver.settings import PREFIX, Settings
from tmfserver.sql import migrate, open_store
from tmfserver.sql.tables import table_name

COLLECTION = "/tmf-api/usageManagement/v4/usage"
HANDLERS = str(Path(__file__).with_name("handlers"))
_AT_ONCE = 5_000  # documents in one transaction
_REVISION = 1_760_000_000_000_000


def collections() -> list[Collection]:
    """Of all contracts, with the indexes that are measured."""
    return list(make_plan(Settings(handlers=HANDLERS)).collections.values())


def usage(of: list[Collection]) -> Collection:
    return next(each for each in of if each.resource == "usage")


@contextmanager
def environment(**settings: object) -> Iterator[None]:
    """Starts servers with these settings, and with the indexes that are measured."""
    given = {PREFIX + name.upper(): str(value) for name, value in settings.items()}
    given[PREFIX + "HANDLERS"] = HANDLERS
    before = dict(os.environ)
    os.environ.update(given)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


async def filled(databases: Databases, count: int) -> str:
    """The URL of a database with so many usages, filled now unless it is there already."""
    name = f"usages_{count}"
    try:
        url = databases.create(name)
    except psycopg.errors.DuplicateDatabase:
        url = databases.url(name)
    every = collections()
    await asyncio.to_thread(migrate, url, every)
    there = await _count(url, every)
    if there == count:
        return url
    if there:
        raise SystemExit(f"{url} holds {there} usages instead of {count}; delete it")
    began = time.perf_counter()
    if databases.name == "sqlite":
        await _insert(url, every, count)
    else:
        await asyncio.to_thread(_copy, url, usage(every), count)
    databases.settle(url)
    say(f"{databases.name}: {count:,} usages in {time.perf_counter() - began:.0f} s")
    return url


async def _count(url: str, every: list[Collection]) -> int:
    store = await open_store(url, every)
    try:
        return await store.count(usage(every))
    finally:
        await store.close()


async def _insert(url: str, every: list[Collection], count: int) -> None:
    store, into = await open_store(url, every), usage(every)
    try:
        for number, some in enumerate(_batches(count)):
            revision = _REVISION + number
            await store.commit([Insert(into, id, text, revision) for id, text in some])
    finally:
        await store.close()


def _copy(url: str, into: Collection, count: int) -> None:
    table = table_name(into.name)
    with psycopg.connect(url) as connection:
        for number, some in enumerate(_batches(count)):
            columns = f'COPY "{table}" (id, document, revision) FROM STDIN'
            with connection.cursor().copy(columns.encode()) as copy:
                for id, text in some:
                    copy.write_row((id, text, _REVISION + number))
            connection.commit()


def _batches(count: int) -> Iterator[list[tuple[str, str]]]:
    done, documents = 0, stored(count)
    while some := list(islice(documents, _AT_ONCE)):
        yield some
        done += len(some)
        if done % 100_000 == 0:
            say(f"{done:,} of {count:,} usages")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
