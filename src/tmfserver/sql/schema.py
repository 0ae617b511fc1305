"""Brings a database to what the server needs: its own tables, then the collections'."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path as File
from typing import NamedTuple

from sqlalchemy import Connection, Engine, create_engine, pool
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateTable

from tmfserver.errors import DatabaseUnreachable
from tmfserver.repository import Collection
from tmfserver.sql.address import Address, without_secrets
from tmfserver.sql.conditions import index_expression
from tmfserver.sql.dialects import Json, PostgresJson, SqliteJson
from tmfserver.sql.migrations import NEWEST
from tmfserver.sql.tables import documents, index_name, is_scalar, table_name

BUSY_SECONDS = 4.0  # how long a lock of another process is waited for
CONNECT_SECONDS = 4
_LOCK = 7_463_662_001  # one server at a time makes tables; the number means nothing
_NAMES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type IN ('table', 'index')",
    "postgresql": "SELECT relname FROM pg_class WHERE relnamespace ="
    " (SELECT oid FROM pg_namespace WHERE nspname = current_schema())",
}


class Missing(NamedTuple):
    """What a database lacks: (collection name) for tables, (name, statement, why) for indexes."""

    version: str | None
    system: bool
    tables: list[str]
    indexes: list[tuple[str, str, str]]

    def __bool__(self) -> bool:
        return bool(self.system or self.tables or self.indexes)


def bring_up(address: Address, collections: Sequence[Collection], *, apply: bool) -> list[str]:
    """Makes what is missing and says so in sentences; with apply=False only looks.

    Safe to run in several processes at once. Raises errors.DatabaseUnreachable, also when
    apply=False and a table is missing.
    """
    json: Json = SqliteJson() if address.driver == "sqlite" else PostgresJson()
    engine = _engine(address)
    try:
        with _explained(address):
            with engine.connect() as connection:
                missing = _look(connection, collections, json)
            if not missing:
                return []
            if not apply:
                return _refuse(address, missing)
            with engine.begin() as connection:
                _lock(connection)
                return _make(address, connection, _look(connection, collections, json), json)
    finally:
        engine.dispose()


def conninfo(address: Address) -> str:
    """The URL with a limit to how long connecting may take, unless it says one itself."""
    from psycopg.conninfo import make_conninfo

    if "connect_timeout=" in address.place:
        return address.place
    return make_conninfo(address.place, connect_timeout=CONNECT_SECONDS)


def _engine(address: Address) -> Engine:
    # The driver is imported where it is used: SQLite starts without.
    if address.driver == "postgresql":
        import psycopg

        return create_engine(
            "postgresql+psycopg://",
            creator=lambda: psycopg.connect(conninfo(address), application_name="tmfserver"),
            poolclass=pool.NullPool,
        )
    return create_engine(
        "sqlite://", creator=lambda: _sqlite_file(address), poolclass=pool.NullPool
    )


def _sqlite_file(address: Address) -> sqlite3.Connection:
    folder = File(address.place).parent
    if not folder.is_dir():
        raise DatabaseUnreachable(database=address.shown, problem=f"there is no folder {folder}")
    connection = sqlite3.connect(
        address.place, isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA journal_mode = WAL")
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def _explained(address: Address) -> Iterator[None]:
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


def _look(connection: Connection, collections: Sequence[Collection], json: Json) -> Missing:
    present = {name for (name,) in connection.exec_driver_sql(_NAMES[json.name])}
    version = None
    if "alembic_version" in present:
        version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    tables = [each.name for each in collections if table_name(each.name) not in present]
    indexes = [
        index for each in collections for index in _indexes(each, json) if index[0] not in present
    ]
    return Missing(version, version != NEWEST, tables, indexes)


def _indexes(collection: Collection, json: Json) -> Iterator[tuple[str, str, str]]:
    table = table_name(collection.name)
    for dotted in collection.indexed:
        path = tuple(dotted.split("."))
        if not is_scalar(collection, path):
            continue
        expression = index_expression(path, collection.types[dotted], json)
        name = index_name(table, path, expression)
        statement = f'CREATE INDEX "{name}" ON "{table}" (({expression}), seq)'
        yield name, statement, f"Made index {name} for '{dotted}' of {collection.name}."


def _refuse(address: Address, missing: Missing) -> list[str]:
    if missing.system or missing.tables:
        raise DatabaseUnreachable(
            database=address.shown,
            problem="its tables are not those of this server, run `tmfserver migrate`",
        )
    return []


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")


def _make(address: Address, connection: Connection, missing: Missing, json: Json) -> list[str]:
    done = []
    if missing.system:
        _upgrade(address, connection, missing.version)
        done.append(f"Brought the server's own tables to version {NEWEST}.")
    for name in missing.tables:
        connection.execute(CreateTable(documents(name)))
        done.append(f"Made table {table_name(name)} for {name}.")
    for _, statement, sentence in missing.indexes:
        connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
        done.append(sentence)
    return done


def _upgrade(address: Address, connection: Connection, version: str | None) -> None:
    # Alembic takes longer to import than an up-to-date database takes to open.
    from alembic import command, util
    from alembic.config import Config

    config = Config()
    folder = str(File(__file__).with_name("migrations"))
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except util.CommandError as error:
        raise DatabaseUnreachable(
            database=address.shown,
            problem=f"its version is {version}, which this server does not know; it knows {NEWEST}",
        ) from error
