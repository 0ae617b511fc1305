"""Which contracts a database was served by, and what is stored under them, read as a stream."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path as File
from typing import NamedTuple

from sqlalchemy import Connection, cast, select, text
from sqlalchemy.types import Text

from tmfserver.errors import DatabaseUnreachable
from tmfserver.sql.address import Address, read_address
from tmfserver.sql.engines import bare, explained, opened
from tmfserver.sql.tables import documents, table_name

BATCH = 1000  # documents that are read at a time

_SERVED = "SELECT base_path, title, version, content, facts FROM contract"
_TABLE = {
    "sqlite": "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '{}'",
    "postgresql": "SELECT 1 FROM pg_class WHERE oid = to_regclass('\"{}\"')",
}
_RECORD = text(
    "INSERT INTO contract (base_path, title, version, content, facts, served)"
    " VALUES (:base_path, :title, :version, :content, :facts, :served)"
    " ON CONFLICT (base_path) DO UPDATE SET title = excluded.title, version = excluded.version,"
    " content = excluded.content, facts = excluded.facts, served = excluded.served"
)


class ServedContract(NamedTuple):
    """A contract as it was served last. content: a hash of its files; facts: what it says, packed
    by `spec.facts`."""

    base_path: str
    title: str
    version: str
    content: str
    facts: bytes


def served_contracts(url: str) -> dict[str, ServedContract]:
    """The contracts that were served last, by base path; none for a database that is new.

    Raises errors.WrongSetting and errors.DatabaseUnreachable as opening a store does.
    """
    address = read_address(url)
    if _is_missing(address):
        return {}
    with explained(address), closing(bare(address)) as connection:
        if connection.execute(_TABLE[address.driver].format("contract")).fetchone() is None:
            return {}
        rows = [ServedContract(*row) for row in connection.execute(_SERVED)]
    return {row.base_path: row for row in rows}


def record_contracts(url: str, rows: Iterable[ServedContract]) -> None:
    """Keeps these as the contracts that were served last under their base paths."""
    values = [{**row._asdict(), "served": time.time_ns() // 1000} for row in rows]
    if values:
        with opened(read_address(url)) as engine, engine.begin() as connection:
            connection.execute(_RECORD, values)


def stored(url: str, collection: str) -> Iterator[Sequence[tuple[str, str]]]:
    """(id, document as JSON text) of all that is stored in a collection, in batches, by age.

    Nothing for a collection that has no table. The database must be there.
    """
    address = read_address(url)
    if _is_missing(address):
        raise DatabaseUnreachable(database=address.shown, problem="there is no such file")
    table = documents(collection)
    columns = select(table.c.seq, table.c.id, cast(table.c.document, Text)).order_by(table.c.seq)
    with opened(address) as engine, engine.connect() as connection:
        if not _has_table(connection, table_name(collection)):
            return
        last = -(2**62)
        while rows := connection.execute(columns.where(table.c.seq > last).limit(BATCH)).all():
            yield [(row[1], row[2]) for row in rows]
            last = rows[-1][0]
            connection.rollback()  # what is read for long must not hold up who cleans up


def _has_table(connection: Connection, name: str) -> bool:
    statement = _TABLE[connection.dialect.name].format(name)
    return connection.exec_driver_sql(statement).first() is not None


def _is_missing(address: Address) -> bool:
    return address.driver == "sqlite" and not File(address.place).exists()
