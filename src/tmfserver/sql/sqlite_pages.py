"""Reading a page from SQLite: as far as it fits in memory, with its total, of one moment."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from tmfserver.query.ast import Query
from tmfserver.repository import Page, Row
from tmfserver.sql.drivers import FEW, MANY, worth_walking
from tmfserver.sql.edges import made_page
from tmfserver.sql.plans import ALL, Asked, Plan
from tmfserver.sql.sieve import Sieve
from tmfserver.sql.sqlite_connection import Reader
from tmfserver.sql.statements import Prepared

BATCH_SIZE = 256 * 1024  # characters of documents that are held at once
SIFTED_AT_ONCE = 16  # candidates; between them other threads have their turn

Count: TypeAlias = Callable[[Reader, Prepared], int]


@dataclass(slots=True)
class Opened:
    """A page as far as it was read; `cursor` gives its other `left` rows, in the open
    transaction."""

    page: Page
    cursor: sqlite3.Cursor | None = None
    left: int = 0


def open_page(reader: Reader, asked: Asked, count: Count, total_limit: int) -> Opened:
    """Reads a page's first rows and the total."""
    reader.run("BEGIN")
    try:
        opened = _open(reader, asked, count, total_limit)
    except BaseException:
        reader.undo()
        raise
    if opened.cursor is None:
        reader.end()
    return opened


def _open(reader: Reader, asked: Asked, count: Count, total_limit: int) -> Opened:
    query = asked.query
    plan = chosen_plan(reader, asked, None if total_limit else count)
    if query.limit == 0:
        return Opened(made_page(query, count(reader, plan.total), [], 0, total_limit))
    cursor = reader.run(plan.page.sql, plan.page.bind(asked.values))
    rows, ended = take(cursor, query.limit + 1)
    fetched, last = len(rows), None
    if not ended:
        keys = reader.run(plan.keys.sql, plan.keys.bind(asked.values)).fetchall()
        fetched = len(keys)
        last = keys[min(fetched, query.limit) - 1 + _first(query, fetched)]
    here = min(fetched, query.limit)
    rows = rows[_first(query, fetched) :][:here]
    whole = query.start is None and here < query.limit and (here or not query.offset)
    total = query.offset + here if whole else count(reader, plan.total)
    page = made_page(query, total, rows, fetched, total_limit, last)
    if len(rows) < here:
        return Opened(page, cursor, here - len(rows))
    cursor.close()
    return Opened(page)


def chosen_plan(reader: Reader, asked: Asked, total: Count | None) -> Plan:
    """The plan that goes by the index that finds least, or walks the order's: see drivers.py.

    total: counts to the end, where the total is asked for anyway.
    """
    plan, values, query = asked.plan, asked.values, asked.query
    if not plan.choices:
        return plan

    def counted(most: int) -> list[int]:
        found = [choice.found for choice in plan.choices]
        return [reader.run(each.sql, (*each.bind(values), most)).fetchone()[0] for each in found]

    enough = ALL
    if plan.walk is not None and plan.size is not None:
        rows = reader.run(plan.size.sql, plan.size.bind(values)).fetchone()[0]
        enough = worth_walking(rows, query.offset + query.limit)
    counts = counted(FEW)
    if min(counts) >= FEW and len(counts) == 1 and total is not None:
        counts = [total(reader, plan.choices[0].plan.total)]
    elif min(counts) >= FEW:
        counts = counted(min(enough, MANY))
    best = plan.choices[counts.index(min(counts))].plan
    if plan.walk is None or min(counts) < enough:
        return best
    return replace(best, page=plan.walk.page, keys=plan.walk.keys)


def _first(query: Query, fetched: int) -> int:
    """Which row the page begins with: before a position, one too many stands first."""
    return int(query.start is not None and query.start.backwards and fetched > query.limit)


def take(cursor: sqlite3.Cursor, most: int) -> tuple[list[Row], bool]:
    """The next rows, until their documents are BATCH_SIZE long together; and if these were all."""
    rows: list[Row] = []
    size = 0
    for row in cursor:
        rows.append(row)
        size += len(row[1])
        if len(rows) == most:
            return rows, True
        if size >= BATCH_SIZE:
            return rows, False
    return rows, True


def sift(reader: Reader, asked: Asked, most: int) -> Page:
    """The page of a query that SQL can say in part."""
    sieve, plan = Sieve(asked, most, reader.deadline), asked.plan
    cursor = reader.run(plan.page.sql, plan.page.bind(asked.values))
    try:
        while rows := cursor.fetchmany(SIFTED_AT_ONCE):
            sieve.take(rows)
            time.sleep(0)
    finally:
        cursor.close()
    return sieve.page()
