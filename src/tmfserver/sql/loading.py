"""Writes many new rows in one transaction with what belongs to them, on either database."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from tmfserver.changes import Collection, Event, Present
from tmfserver.errors import ListenersChanged
from tmfserver.jobs import After, NewRow
from tmfserver.sql import unique
from tmfserver.sql.job_table import JobTable
from tmfserver.sql.rehearsing import Rehearsal
from tmfserver.sql.statements import absent, holding_statements
from tmfserver.sql.tables import table_name


class Loads(JobTable, ABC):
    """The part of jobs.Bulk that writes rows, or says what would be left out of them."""

    pause_seconds = 0.0  # between two transactions, so that others get the right to write

    def load(
        self,
        collection: Collection,
        rows: Sequence[NewRow],
        then: Callable[[frozenset[str]], After],
        holders: Sequence[Present] = (),
    ) -> frozenset[str]:
        with self._transaction():
            self.require(holders)
            taken = self._insert(collection, rows)
            after = then(taken)
            if after.version is not None and self._version() != after.version:
                raise ListenersChanged
            if after.events:
                self._tell(after.events)
            if after.progress is not None:
                self.write(after.progress)
        if self.pause_seconds:
            time.sleep(self.pause_seconds)
        return taken

    def require(self, holders: Sequence[Present]) -> None:
        for each in holders:
            statement = holding_statements(each.collection.name, self._json).present
            if not self._run(statement, each.id).fetchall():
                raise absent(each)

    def rehearsal(self, collection: Collection) -> Rehearsal:
        present = partial(self._present, table_name(collection.name))
        return Rehearsal(unique.columns(collection), present)

    @abstractmethod
    def _insert(self, collection: Collection, rows: Sequence[NewRow]) -> frozenset[str]:
        """The ids of those that are there already."""

    @abstractmethod
    def _version(self) -> int:
        """Of the listeners."""

    @abstractmethod
    def _tell(self, events: Sequence[Event]) -> None: ...

    @abstractmethod
    def _present(self, table: str, column: str, values: Sequence[str]) -> Iterable[str]:
        """Which of these values the column has."""
