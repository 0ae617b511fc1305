"""The repository's Store on SQLite and PostgreSQL: SQLAlchemy Core's statements, bare drivers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tmfserver.changes import Collection
from tmfserver.deliveries import Outbox
from tmfserver.jobs import Bulk
from tmfserver.query.ast import Query
from tmfserver.repository import Store
from tmfserver.sql import schema
from tmfserver.sql.address import read_address
from tmfserver.sql.contracts import ServedContract, record_contracts, served_contracts, stored
from tmfserver.sql.engines import conninfo, explained
from tmfserver.sql.limits import Limits
from tmfserver.sql.schema import Brought
from tmfserver.sql.tables import refuse_shared_tables

if TYPE_CHECKING:
    from tmfserver.sql.explanation import Explanation

__all__ = [
    "Brought", "Limits", "ServedContract", "explain", "migrate", "open_bulk", "open_outbox",
    "open_store", "prepare", "record_contracts", "served_contracts", "stored",
]  # fmt: skip

log = logging.getLogger(__name__)

NO_LIMITS = Limits()


async def open_store(
    url: str,
    collections: Sequence[Collection],
    *,
    limits: Limits = NO_LIMITS,
    migrate: bool = True,
    brought: Brought | None = None,
) -> Store:
    """Opens a database for these collections; with migrate=False it must have their tables.

    brought: what `prepare` said of these collections just now, which is not looked at again.
    Raises errors.WrongSetting for a wrong URL and errors.DatabaseUnreachable for a
    database that cannot be used, within ten seconds.
    """
    address = read_address(url)
    refuse_shared_tables(collections)
    if brought is None:
        brought = await asyncio.to_thread(schema.bring_up, address, collections, apply=migrate)
    for sentence in brought.waiting:
        log.warning(sentence)
    if address.driver == "sqlite":
        from tmfserver.sql.sqlite.store import open_sqlite

        return await open_sqlite(address, limits, brought.usable)
    from tmfserver.sql.postgres.store import open_postgres

    return await open_postgres(address, limits, brought.usable)


async def open_outbox(url: str, *, limits: Limits = NO_LIMITS) -> Outbox:
    """Opens the deliveries of a database alone, with the server's own tables brought up to date.

    Raises as open_store does.
    """
    address = read_address(url)
    await asyncio.to_thread(schema.bring_up, address, (), apply=True)
    if address.driver == "sqlite":
        from tmfserver.sql.sqlite.store import open_sqlite_outbox

        return await open_sqlite_outbox(address)
    from tmfserver.sql.postgres.store import open_postgres_outbox

    return await open_postgres_outbox(address, limits)


def open_bulk(url: str, collections: Sequence[Collection], *, migrate: bool = True) -> Bulk:
    """Opens a database to write and read much, for whoever has a process for it.

    migrate: makes what is missing; else it must be there. Raises as open_store does.
    """
    address = read_address(url)
    usable = {each.name: each for each in collections}
    if migrate:
        refuse_shared_tables(collections)
        usable = schema.bring_up(address, collections, apply=True).usable
    with explained(address):
        if address.driver == "sqlite":
            from tmfserver.sql.sqlite.bulk import SqliteBulk

            return SqliteBulk(address.place, usable)
        from tmfserver.sql.postgres.bulk import PostgresBulk

        return PostgresBulk(conninfo(address), usable)


def prepare(url: str, collections: Sequence[Collection]) -> Brought:
    """Makes what a start needs: tables, and indexes where there is little to index.

    Raises as open_store does.
    """
    address = read_address(url)
    refuse_shared_tables(collections)
    return schema.bring_up(address, collections, apply=True)


def migrate(
    url: str,
    collections: Sequence[Collection],
    tell: Callable[[str], object] | None = None,
    *,
    drops: bool = False,
) -> list[str]:
    """Makes all tables and indexes that are missing, while servers go on, and says what it did.

    tell: is given each sentence as soon as it is true. drops: indexes of these collections that
    are not asked for any more are dropped; else nothing is. May be broken off, and run again.
    Raises as open_store does.
    """
    address = read_address(url)
    refuse_shared_tables(collections)
    told: list[str] = []

    def both(sentence: str) -> None:
        told.append(sentence)
        if tell is not None:
            tell(sentence)

    schema.migrate(address, collections, both, drops=drops)
    return told


def explain(
    url: str, collection: Collection, query: Query, *, limits: Limits = NO_LIMITS
) -> Explanation:
    """How the database would answer this list; it runs nothing. Raises as open_store does, and
    errors.BadQuery and errors.NotServed as a list does."""
    from tmfserver.sql.explanation import explain

    return explain(
        read_address(url),
        collection,
        query,
        total_limit=limits.total_limit,
        scan_limit=limits.scan_limit,
    )
