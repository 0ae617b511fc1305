"""A slow query's page from PostgreSQL, on a connection of its own."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import chain
from typing import Any, TypeAlias

import orjson
import psycopg
from psycopg import errors as pg
from psycopg.rows import TupleRow

from tmfserver.sql.adding import added_up
from tmfserver.sql.aside_jobs import Found, Job, Opening
from tmfserver.sql.aside_spool import spooled
from tmfserver.sql.edges import made_page
from tmfserver.sql.lanes import Late
from tmfserver.sql.limits import Limits
from tmfserver.sql.plans import Asked
from tmfserver.sql.postgres.pool import FAILURES, meaning
from tmfserver.sql.sieve import Sieve

BATCH_SIZE = 256 * 1024  # characters of documents that are held at once
CHUNK = 64  # rows that come from the server at a time

Connection: TypeAlias = psycopg.Connection[TupleRow]


class PostgresSource:
    """Keeps one connection, and takes a new one when that is lost."""

    def __init__(self, opening: Opening) -> None:
        self._conninfo, self._limits = opening.place, opening.limits
        self._connection: Connection | None = None

    def read(self, job: Job, deadline: float) -> Found:
        for last in (False, True):
            try:
                connection = self._connection = self._connection or _connected(self._conninfo)
                left = max(1, round((deadline - time.monotonic()) * 1000))
                _set(connection, "statement_timeout", str(left))
                return _read(connection, job, self._limits, deadline)
            except pg.QueryCanceled:
                raise Late from None
            except FAILURES as error:
                lost = self._connection is not None and self._connection.broken
                if lost:
                    self._connection = None
                if last or not lost:
                    raise meaning(error) from error
        raise AssertionError


def _connected(conninfo: str) -> Connection:
    connection = psycopg.connect(
        conninfo,
        autocommit=True,
        prepare_threshold=None,  # it pays to plan a slow query for its own values
        cursor_factory=psycopg.RawCursor,
        application_name="tmfserver slow queries",
    )
    _set(connection, "jit", "off")
    _set(connection, "max_parallel_workers_per_gather", "0")  # the other processors are for others
    return connection


def _set(connection: Connection, name: str, value: str) -> None:
    connection.execute("SELECT set_config($1, $2, false)", (name, value))


def _read(connection: Connection, job: Job, limits: Limits, deadline: float) -> Found:
    asked, plan = job.asked, job.asked.plan
    if asked.is_exact and asked.query.limit == 0:
        counted = connection.execute(plan.total.sql, plan.total.bind(asked.values)).fetchall()
        return Found(made_page(asked.query, counted[0][0], [], 0, limits.total_limit))
    rows: Generator[Any] = connection.cursor().stream(  # type: ignore[assignment]
        plan.page.sql, plan.page.bind(asked.values), size=CHUNK
    )
    with closing(rows):
        if job.summing is not None:
            return added_up(rows, asked, job.summing, limits.scan_limit, deadline)
        if asked.is_exact:
            return _open(asked, rows, limits.total_limit)
        sieve = Sieve(asked, limits.scan_limit, deadline)
        sieve.take(rows)
        return Found(sieve.page())


def _open(asked: Asked, found: Iterator[Any], total_limit: int) -> Found:
    """As reader.py does; what is too big for memory goes into a file."""
    total, fetched, last, *row = next(found)
    first = () if row[0] is None else (row,)
    batches = _batches(chain(first, (row for _, _, _, *row in found)))
    rows = next(batches, [])
    at_end = None if last is None else orjson.loads(last)
    page = made_page(asked.query, total, rows, fetched, total_limit, at_end)
    return Found(page, spool=spooled(batches) if len(rows) < page.count else "")


def _batches(rows: Iterable[Sequence[Any]]) -> Iterator[list[Any]]:
    some: list[Any] = []
    size = 0
    for row in rows:
        some.append(tuple(row))
        size += len(row[1])
        if size >= BATCH_SIZE:
            yield some
            some, size = [], 0
    if some:
        yield some
