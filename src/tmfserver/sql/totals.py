"""Totals that were counted already, for as long as nothing was committed since."""

from __future__ import annotations

import sqlite3
from typing import Any, TypeAlias

from tmfserver.sql.plans import Asked
from tmfserver.sql.sqlite.connection import Reader
from tmfserver.sql.statements import Prepared

MOST = 1000

_Key: TypeAlias = tuple[str, tuple[Any, ...]]


class Totals:
    """SQLite has a number that changes with each commit, whoever made it. A total that was counted
    after the number was read holds for as long as the number stays."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._run = connection.execute
        self._known: dict[_Key, tuple[int, int]] = {}

    def count(self, asked: Asked) -> Total:
        return Total(self, asked)

    def moment(self) -> int:
        """On the event loop alone."""
        moment: int = self._run("PRAGMA data_version").fetchone()[0]
        return moment

    def known(self, key: _Key, moment: int) -> int | None:
        known = self._known.get(key)
        return None if known is None or known[0] != moment else known[1]

    def keep(self, key: _Key, moment: int, found: int) -> None:
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[key] = moment, found


class Total:
    """A way to the total of what is asked: by memory if it can be."""

    __slots__ = ("_key", "_moment", "_totals", "_values")

    def __init__(self, totals: Totals, asked: Asked) -> None:
        total, self._values, self._totals = asked.plan.total, asked.values, totals
        self._key = total.sql, total.bind(self._values)
        self._moment = totals.moment()

    def __call__(self, reader: Reader, total: Prepared) -> int:
        known = self._totals.known(self._key, self._moment)
        if known is not None:
            return known
        found: int = reader.run(total.sql, total.bind(self._values)).fetchone()[0]
        self.keep(found)
        return found

    def known_now(self) -> int | None:
        """By memory alone, for a query that has waited; on the event loop alone."""
        self._moment = self._totals.moment()
        return self._totals.known(self._key, self._moment)

    def keep(self, found: int) -> None:
        """What was counted after this was made, or last asked for what is known."""
        self._totals.keep(self._key, self._moment, found)
