"""Totals that were counted already, for as long as nothing was committed since."""

from __future__ import annotations

import sqlite3
from typing import Any, TypeAlias

from tmfserver.sql.plans import Asked
from tmfserver.sql.sqlite_connection import Reader
from tmfserver.sql.sqlite_pages import Count

MOST = 1000

_Key: TypeAlias = tuple[str, tuple[Any, ...]]


class Totals:
    """SQLite has a number that changes with each commit, whoever made it. A total that was counted
    after the number was read holds for as long as the number stays."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._run = connection.execute
        self._known: dict[_Key, tuple[int, int]] = {}

    def count(self, asked: Asked) -> Count:
        """A way to the total of what is asked: by memory if it can be."""
        total = asked.plan.total
        values = total.bind(asked.values)
        key = total.sql, values
        moment = self._run("PRAGMA data_version").fetchone()[0]

        def count(reader: Reader) -> int:
            known = self._known.get(key)
            if known is not None and known[0] == moment:
                return known[1]
            found: int = reader.run(total.sql, values).fetchone()[0]
            if len(self._known) >= MOST:
                self._known.clear()
            self._known[key] = moment, found
            return found

        return count
