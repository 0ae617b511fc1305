"""Transactions of migrations, which others may get in the way of."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

T = TypeVar("T")

PATIENCE = 100  # times that a lock is tried for
_IN_THE_WAY = frozenset({"40P01", "40001", "55P03"})  # deadlock, serialization, lock timeout


def run(connection: Connection, statement: str) -> None:
    connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def begin(connection: Connection) -> None:
    """Of a transaction that writes: SQLite would else read first, and then be too late."""
    if connection.dialect.name == "sqlite":
        run(connection, "BEGIN IMMEDIATE")
    else:
        run(connection, "SET LOCAL lock_timeout = '2s'")


def is_in_the_way(error: OperationalError) -> bool:
    """Whether other transactions are all that is wrong."""
    state = getattr(error.orig, "sqlstate", None)
    return state in _IN_THE_WAY or getattr(error.orig, "sqlite_errorname", "") == "SQLITE_BUSY"


@contextmanager
def autocommitting(engine: Engine) -> Iterator[Connection]:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection


def in_transaction(engine: Engine, work: Callable[[Connection], T]) -> T:
    with engine.begin() as connection:
        begin(connection)
        return work(connection)


def patiently(engine: Engine, work: Callable[[Connection], T]) -> T:
    """The same, again where other transactions were in its way."""
    for attempt in range(1, PATIENCE + 1):
        try:
            return in_transaction(engine, work)
        except OperationalError as error:
            if attempt == PATIENCE or not is_in_the_way(error):
                raise
        time.sleep(0.1)
    raise AssertionError
