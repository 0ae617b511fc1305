"""Connections for making tables by SQLAlchemy; requests are served on bare drivers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path as File
from typing import Any

from sqlalchemy import Engine, create_engine, pool
from sqlalchemy.exc import DBAPIError

from tmfserver.errors import DatabaseUnreachable
from tmfserver.sql.address import Address, without_secrets

BUSY_SECONDS = 4.0  # how long a lock of another process is waited for
CONNECT_SECONDS = 4
CACHE = 64 * 1024  # KiB of a SQLite file that are kept in memory while it is filled


def conninfo(address: Address) -> str:
    """The URL with a limit to how long connecting may take, unless it says one itself."""
    from psycopg.conninfo import make_conninfo

    if "connect_timeout=" in address.place:
        return address.place
    return make_conninfo(address.place, connect_timeout=CONNECT_SECONDS)


def bare(address: Address) -> Any:
    """A connection of the driver's own: for one question, an engine takes longer to make."""
    # The driver is imported where it is used: SQLite starts without.
    if address.driver == "postgresql":
        import psycopg

        return psycopg.connect(conninfo(address), application_name="tmfserver")
    return _sqlite_file(address)


def _engine(address: Address) -> Engine:
    url = "postgresql+psycopg://" if address.driver == "postgresql" else "sqlite://"
    return create_engine(url, creator=lambda: bare(address), poolclass=pool.NullPool)


def _sqlite_file(address: Address) -> sqlite3.Connection:
    folder = File(address.place).parent
    if not folder.is_dir():
        raise DatabaseUnreachable(database=address.shown, problem=f"there is no folder {folder}")
    connection = sqlite3.connect(
        address.place, isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA cache_size = -{CACHE}")
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def opened(address: Address) -> Iterator[Engine]:
    engine = _engine(address)
    try:
        with explained(address):
            yield engine
    finally:
        engine.dispose()


@contextmanager
def explained(address: Address) -> Iterator[None]:
    """Turns the driver's failures into errors.DatabaseUnreachable."""
    try:
        yield
    except _driver_errors(address) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        problem = without_secrets(" ".join(str(cause).split()) or type(cause).__name__)
        raise DatabaseUnreachable(database=address.shown, problem=problem) from error


def _driver_errors(address: Address) -> tuple[type[Exception], ...]:
    if address.driver == "sqlite":
        return sqlite3.Error, DBAPIError
    import psycopg

    return psycopg.Error, DBAPIError
