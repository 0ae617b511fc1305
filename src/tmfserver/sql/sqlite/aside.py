"""A slow query's page from SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

from tmfserver.repository import Row
from tmfserver.sql.adding import added_up
from tmfserver.sql.aside_jobs import Found, Job, Opening
from tmfserver.sql.aside_spool import spooled
from tmfserver.sql.sqlite.connection import Reader, explained
from tmfserver.sql.sqlite.pages import open_page, sift, take
from tmfserver.sql.statements import Prepared


class SqliteSource:
    """Keeps one connection, and takes a new one after a failure."""

    def __init__(self, opening: Opening) -> None:
        self._path, self._limits = opening.place, opening.limits
        self._reader: Reader | None = None

    def read(self, job: Job, deadline: float) -> Found:
        try:
            reader = self._reader = self._reader or Reader(self._path)
            reader.begin(deadline)
            return self._read(reader, job)
        except sqlite3.Error as error:
            if self._reader is not None:
                self._reader.close()
                self._reader = None
            raise explained(error) from error

    def _read(self, reader: Reader, job: Job) -> Found:
        asked = job.asked
        if job.summing is not None:
            rows = reader.run(asked.plan.page.sql, asked.plan.page.bind(asked.values))
            with closing(rows):
                most, deadline = self._limits.scan_limit, reader.deadline
                return added_up(rows, asked, job.summing, most, deadline)
        if not asked.is_exact:
            return Found(sift(reader, asked, self._limits.scan_limit))
        counted = job.total

        def count(reader: Reader, total: Prepared) -> int:
            nonlocal counted
            if counted is None:
                counted = reader.run(total.sql, total.bind(asked.values)).fetchone()[0]
            return counted

        opened = open_page(reader, asked, count, self._limits.total_limit)
        if opened.cursor is None:
            return Found(opened.page, counted)
        spool = spooled(_batches(opened.cursor, opened.left))
        opened.cursor.close()
        reader.end()
        return Found(opened.page, counted, spool)


def _batches(cursor: sqlite3.Cursor, left: int) -> Iterator[list[Row]]:
    ended = False
    while not ended:
        rows, ended = take(cursor, left)
        left -= len(rows)
        yield rows
