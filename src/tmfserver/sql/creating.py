"""Makes the tables of new collections, each whole: its columns, side tables, triggers and indexes.

Nothing is added to such a table afterwards: for each ALTER TABLE SQLite reads its whole schema
anew, which took a minute for the tables of sixty contracts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Table
from sqlalchemy.schema import CreateTable
from sqlalchemy.types import UserDefinedType

from tmfserver.changes import Collection
from tmfserver.sql.dialects import Json
from tmfserver.sql.indexed import Index, indexes
from tmfserver.sql.indexing import MAKERS, Maker, made
from tmfserver.sql.patience import run
from tmfserver.sql.registry import enter, finished, forget_collections
from tmfserver.sql.tables import made_of, table_name

# Tables in one transaction. On SQLite others wait for as long; on PostgreSQL it holds a dozen locks
# for each, of 6,400 that it has as shipped.
MOST = 40


def create(connection: Connection, collections: Sequence[Collection], json: Json) -> Iterator[str]:
    """In the transaction that the connection is in; says what it did."""
    maker, rows = MAKERS[json.name], []
    for collection in collections:
        wanted = indexes(collection, json)
        mine = [finished(index) for index in wanted]
        connection.execute(CreateTable(_table(collection.name, wanted, maker)))
        table = table_name(collection.name)
        yield f"Made table {table} for {collection.name}."
        columns = sorted(row for row in mine if row.kind == "column")
        for statement in maker.beside(table, wanted, columns):
            run(connection, statement)
        yield from map(made, wanted)
        rows += mine
    # Somebody may have dropped tables, but not what was said of them.
    forget_collections(connection, [each.name for each in collections])
    enter(connection, rows)


def _table(name: str, wanted: Sequence[Index], maker: Maker) -> Table:
    columns = [each for each in wanted if each.kind != "members"]
    return made_of(name, [Column(each.name, _Declared(maker.column(each))) for each in columns])


class _Declared(UserDefinedType[Any]):
    """A column's type, and what else stands behind its name, as SQL says it."""

    cache_ok = True

    def __init__(self, declaration: str) -> None:
        self.declaration = declaration

    def get_col_spec(self, **_: object) -> str:
        return self.declaration
