"""Brings a database to what the server needs: its own tables, then the collections'."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path as File
from typing import NamedTuple

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from tmfserver.changes import Collection
from tmfserver.errors import DatabaseUnreachable, KeyShared
from tmfserver.sql import creating, indexing, migrations
from tmfserver.sql.address import Address
from tmfserver.sql.dialects import Json, PostgresJson, SqliteJson
from tmfserver.sql.engines import BUSY_SECONDS, opened
from tmfserver.sql.indexed import Index, indexes
from tmfserver.sql.indexing import Tell
from tmfserver.sql.migrations import NEWEST
from tmfserver.sql.patience import is_in_the_way, run
from tmfserver.sql.registry import registered
from tmfserver.sql.sqlite.indexes import make_seq_index, seq_index
from tmfserver.sql.tables import table_name

_LOCK = 7_463_662_001  # one server at a time makes tables; the number means nothing
_NAMES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type IN ('table', 'index')",
    "postgresql": "SELECT relname FROM pg_class WHERE relnamespace ="
    " (SELECT oid FROM pg_namespace WHERE nspname = current_schema())",
}


class Found(NamedTuple):
    """What a database has, and what it lacks: collections without a table, indexes not complete.

    orders: tables whose index of seq alone is missing; only SQLite needs one.
    keys: uniqueness keys without a column, which whoever writes a document needs.
    """

    version: str | None
    complete: frozenset[tuple[str, str]]
    tables: list[Collection]
    indexes: list[Index]
    orders: list[str]
    keys: list[Index]

    @property
    def lacks_tables(self) -> bool:
        return bool(self.version != NEWEST or self.tables or self.keys)

    def __bool__(self) -> bool:
        return bool(self.lacks_tables or self.indexes or self.orders)


class Brought(NamedTuple):
    """done: sentences. usable: the collections with those indexes alone that are complete.
    waiting: sentences on those that are not."""

    done: list[str]
    usable: dict[str, Collection]
    waiting: list[str]


def bring_up(address: Address, collections: Sequence[Collection], *, apply: bool) -> Brought:
    """Makes what is missing, but no index on a large table; with apply=False only looks.

    Safe to run in several processes at once. Raises errors.DatabaseUnreachable, also when
    apply=False and a table is missing.
    """
    json = _json(address)
    with opened(address) as engine:
        done: list[str] = []
        with engine.connect() as connection:
            found = _look(connection, collections, json)
        if found and apply:
            done = _make(address, engine, collections, json)
            # Again, whatever was done: another process may have been the one to do it.
            with engine.connect() as connection:
                found = _look(connection, collections, json)
        if found.lacks_tables:
            raise DatabaseUnreachable(
                database=address.shown,
                problem="its tables are not those of this server, run `tmfserver migrate`",
            )
    return Brought(done, _usable(collections, found, json), _waiting(found))


def migrate(
    address: Address, collections: Sequence[Collection], tell: Tell, *, drops: bool = False
) -> None:
    """Makes all that is missing, tables of any size included, and tells in sentences what it did.

    drops: indexes that are not wanted any more are dropped. Can be broken off and run again.
    Raises errors.KeyShared, after all else is done, when documents share what must be unique.
    """
    for sentence in bring_up(address, collections, apply=True).done:
        tell(sentence)
    json = _json(address)
    with opened(address) as engine, indexing.alone(engine, json, tell):
        with engine.connect() as connection:
            found = _look(connection, collections, json)
        for table in found.orders:
            with engine.begin() as connection:
                run(connection, make_seq_index(table))
            tell(_ordered(table))
        problems = indexing.build(engine, found.indexes, json, tell)
        if drops:
            wanted = [index for each in collections for index in indexes(each, json)]
            indexing.drop_unused(engine, collections, wanted, json, tell)
    if problems:
        raise KeyShared(examples="; ".join(problems))


def _json(address: Address) -> Json:
    return SqliteJson() if address.driver == "sqlite" else PostgresJson()


def _look(connection: Connection, collections: Sequence[Collection], json: Json) -> Found:
    present = {name for (name,) in connection.exec_driver_sql(_NAMES[json.name])}
    version = None
    if "alembic_version" in present:
        version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    known = registered(connection) if "attribute_index" in present else {}
    complete = frozenset(key for key, row in known.items() if row.complete)
    tables = [each for each in collections if table_name(each.name) not in present]
    missing = [
        index
        for each in collections
        for index in indexes(each, json)
        if _place(index) not in complete
    ]
    orders = [
        table
        for table in (table_name(each.name) for each in collections)
        if json.name == "sqlite" and table in present and seq_index(table) not in present
    ]
    new = {each.name for each in tables}
    keys = [
        index
        for index in missing
        if index.kind == "key" and index.collection not in new and _place(index) not in known
    ]
    return Found(version, complete, tables, missing, orders, keys)


def _place(index: Index) -> tuple[str, str]:
    return index.collection, index.name


def _usable(collections: Sequence[Collection], found: Found, json: Json) -> dict[str, Collection]:
    usable = {}
    for each in collections:
        complete = tuple(
            index.dotted
            for index in indexes(each, json)
            if index.kind != "key" and _place(index) in found.complete
        )
        usable[each.name] = replace(each, indexed=complete)
    return usable


def _waiting(found: Found) -> list[str]:
    by_collection: dict[str, list[str]] = {}
    slow = [index for index in found.indexes if index.kind != "key"]
    for index in slow:
        by_collection.setdefault(index.collection, []).append(f"'{index.dotted}'")
    return [
        f"Queries of {name} by {', '.join(paths)} read every document, for there is no whole index:"
        " run `tmfserver migrate`, then start the server again."
        for name, paths in by_collection.items()
    ] + [
        f"Two documents of {index.collection} may have the same {index.dotted}: run"
        " `tmfserver migrate`, which makes it unique."
        for index in found.indexes
        if index.kind == "key"
    ]


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{BUSY_SECONDS}s'")


def _make(
    address: Address, engine: Engine, collections: Sequence[Collection], json: Json
) -> list[str]:
    done: list[str] = []
    while True:
        with engine.begin() as connection:
            _lock(connection)
            found = _look(connection, collections, json)
            done += _make_tables(address, connection, found, json)
        if len(found.tables) <= creating.MOST:
            break
        if json.name == "sqlite":
            time.sleep(indexing.PAUSE_SECONDS)  # others would not get in
    try:
        with engine.begin() as connection:
            _lock(connection)
            return done + list(_make_small(connection, collections, json))
    except OperationalError as error:
        # Somebody reads a table for long: the indexes can wait, others must not.
        if not is_in_the_way(error):
            raise
        return done


def _make_small(
    connection: Connection, collections: Sequence[Collection], json: Json
) -> Iterator[str]:
    found = _look(connection, collections, json)
    tables = {*found.orders, *[index.table for index in found.indexes]}
    small = {table for table in tables if indexing.is_small(connection, table)}
    for table in found.orders:
        if table in small:
            run(connection, make_seq_index(table))
            yield _ordered(table)
    few = [index for index in found.indexes if index.table in small]
    yield from indexing.make_at_once(connection, few, json)


def _make_tables(
    address: Address, connection: Connection, found: Found, json: Json
) -> Iterator[str]:
    if found.version != NEWEST:
        _upgrade(address, connection, found.version)
        yield f"Brought the server's own tables to version {NEWEST}."
    yield from creating.create(connection, found.tables[: creating.MOST], json)
    if len(found.tables) <= creating.MOST:
        indexing.prepare(connection, found.keys, json)


def _ordered(table: str) -> str:
    return f"Made index {seq_index(table)} for the order of {table}."


def _upgrade(address: Address, connection: Connection, version: str | None) -> None:
    if version is None:
        for statement in migrations.recorded(connection.dialect.name):
            run(connection, statement)
    else:
        upgrade_by_alembic(address, connection, version)


def upgrade_by_alembic(address: Address, connection: Connection, version: str | None) -> None:
    """Runs the migrations that are missing, one by one."""
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
