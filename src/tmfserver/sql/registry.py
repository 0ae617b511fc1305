"""Which indexes a database has, and how far each is filled: the table attribute_index."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update

from tmfserver.sql.indexed import Index, Kind, column_index
from tmfserver.sql.tables import attribute_index, table_name

ALL = 2**63 - 1  # no seq is greater


class Registered(NamedTuple):
    """An index as the database has it; see indexed.Index. filled: up to which seq."""

    collection: str
    name: str
    path: str
    kind: Kind
    expression: str
    filled: int
    complete: bool

    @property
    def table(self) -> str:
        return table_name(self.collection)

    @property
    def database_index(self) -> str:
        """What the index of a column is called."""
        return column_index(self.table, self.path, self.expression)


def registered(connection: Connection) -> dict[tuple[str, str], Registered]:
    """All, by collection and name."""
    columns = [attribute_index.c[name] for name in Registered._fields]
    rows = [Registered(*row) for row in connection.execute(select(*columns))]
    return {(row.collection, row.name): row for row in rows}


def register(connection: Connection, index: Index) -> Registered:
    row = finished(index)._replace(filled=0, complete=False)
    enter(connection, [row])
    return row


def enter(connection: Connection, rows: Iterable[Registered]) -> None:
    if values := [row._asdict() for row in rows]:
        connection.execute(insert(attribute_index), values)


def finished(index: Index) -> Registered:
    """How an index is registered that holds all there is."""
    return Registered(
        index.collection, index.name, index.dotted, index.kind, index.expression, ALL, complete=True
    )


def advance(connection: Connection, indexes: Iterable[Index], filled: int) -> None:
    """Two who fill at the same time do the same work twice, and lose none."""
    for each in indexes:
        found = _found(each.collection, each.name)
        behind = and_(found, attribute_index.c.filled < filled)
        connection.execute(update(attribute_index).where(behind).values(filled=filled))


def complete(connection: Connection, index: Index) -> None:
    connection.execute(
        update(attribute_index)
        .where(_found(index.collection, index.name))
        .values(filled=ALL, complete=True)
    )


def forget(connection: Connection, unused: Registered) -> None:
    connection.execute(delete(attribute_index).where(_found(unused.collection, unused.name)))


def forget_collections(connection: Connection, names: Iterable[str]) -> None:
    connection.execute(delete(attribute_index).where(attribute_index.c.collection.in_(list(names))))


def _found(collection: str, name: str) -> ColumnElement[bool]:
    return and_(attribute_index.c.collection == collection, attribute_index.c.name == name)
