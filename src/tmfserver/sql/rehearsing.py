"""What loads would leave out, without writing: for dry runs, however long their files are."""

# ruff: noqa: S608 - SQL text is made of question marks alone; values are bound

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence

from tmfserver.jobs import NewRow
from tmfserver.sql.sqlite_connection import answering


class Rehearsal:
    """Takes the rows of one load after the other, and remembers them in a temporary file.

    keys: the columns of the collection's keys. present: which of some values a column has.
    """

    def __init__(
        self, keys: Sequence[str], present: Callable[[str, Sequence[str]], Iterable[str]]
    ) -> None:
        self._columns, self._present = ("id", *keys), present
        self._memory = sqlite3.connect("", isolation_level=None)  # a file without a name
        self._memory.execute("PRAGMA synchronous = OFF")
        self._memory.execute("PRAGMA journal_mode = OFF")
        self._memory.execute("CREATE TABLE seen (name PRIMARY KEY) WITHOUT ROWID")

    def __call__(self, rows: Sequence[NewRow]) -> frozenset[str]:
        """The ids of those that are there already, or that share a key with one that is, be it one
        of these or of earlier rows."""
        names = {row.id: self._names(row) for row in rows}
        there = self._there([each for found in names.values() for each in found])
        with answering():
            self._memory.execute("BEGIN")
            left_out = [id for id, own in names.items() if not self._is_new(own, there)]
            self._memory.execute("COMMIT")
        return frozenset(left_out)

    def close(self) -> None:
        self._memory.close()

    def _names(self, row: NewRow) -> list[tuple[str, str]]:
        """(column, value) of all by which a row is told from others."""
        values = (row.id, *(row.marks or (None,) * (len(self._columns) - 1)))
        return [
            (column, value)
            for column, value in zip(self._columns, values, strict=True)
            if value is not None
        ]

    def _there(self, names: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        there: set[tuple[str, str]] = set()
        for column in self._columns:
            values = [value for name, value in names if name == column]
            there |= {(column, value) for value in self._present(column, values)}
        return there

    def _is_new(self, own: Sequence[tuple[str, str]], there: set[tuple[str, str]]) -> bool:
        """Whether a row would be written; it is remembered then."""
        if not there.isdisjoint(own):
            return False
        told = [" ".join(each) for each in own]
        given = ", ".join("?" * len(told))
        found = self._memory.execute(f"SELECT 1 FROM seen WHERE name IN ({given})", told)
        if found.fetchone() is not None:
            return False
        self._memory.executemany("INSERT INTO seen VALUES (?)", [(each,) for each in told])
        return True
