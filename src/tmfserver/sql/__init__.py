"""The repository's Store on SQLite and PostgreSQL: SQLAlchemy Core's statements, bare drivers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tmfserver.repository import Collection, Store
from tmfserver.sql.address import read_address
from tmfserver.sql.schema import bring_up
from tmfserver.sql.tables import refuse_shared_tables

__all__ = ["migrate", "open_store"]


async def open_store(
    url: str, collections: Sequence[Collection], *, pool_size: int = 8, migrate: bool = True
) -> Store:
    """Opens a database for these collections; with migrate=False it must have their tables.

    pool_size: how many connections this process holds on PostgreSQL, how many lists it reads at
    once on SQLite. Raises errors.WrongSetting for a wrong URL and errors.DatabaseUnreachable for a
    database that cannot be used, within ten seconds.
    """
    address = read_address(url)
    refuse_shared_tables(collections)
    await asyncio.to_thread(bring_up, address, collections, apply=migrate)
    if address.driver == "sqlite":
        from tmfserver.sql.sqlite_store import open_sqlite

        return await open_sqlite(address, pool_size)
    from tmfserver.sql.postgres_store import open_postgres

    return await open_postgres(address, pool_size)


def migrate(url: str, collections: Sequence[Collection]) -> list[str]:
    """Makes the tables and indexes that are missing, drops none, and says in sentences what it did.

    Raises as open_store does.
    """
    address = read_address(url)
    refuse_shared_tables(collections)
    return bring_up(address, collections, apply=True)
