"""Which attributes have an index, and what it holds: plain values, from the contract alone.

An attribute with one value per document is a column of its collection's table. One inside arrays
has a side table of (value, seq), one row for each distinct value of a document. Both hold values
as `holds` says: of a string only its beginning, for PostgreSQL indexes no more than 2.7 KB.
A uniqueness key is a column too; see unique.py.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple

from tmfserver.changes import Collection, UniqueKey
from tmfserver.query.ast import Path, ValueType
from tmfserver.sql.dialects import Json, PostgresJson, SqliteJson, Value
from tmfserver.sql.members import Source, members
from tmfserver.sql.tables import (
    column_name,
    index_name,
    is_plain,
    key_name,
    members_name,
    table_name,
)

HEAD = 256  # characters of a string

Kind = Literal["column", "members", "key"]


class Index(NamedTuple):
    """An index that a collection has or should have.

    path: of the attribute; of a key its name alone.
    name: of the column or the side table; another expression makes another name.
    arrays: how long the parts of the path are that lead to arrays, the shortest first.
    expression: SQL for what a column holds, "" for a side table and a key.
    database_index: what the index of a column is called.
    outdated: the name of the index that earlier versions of the server made instead.
    parts: the attributes that make a key, if they are in the document.
    """

    collection: str
    table: str
    path: Path
    type: ValueType
    kind: Kind
    name: str
    arrays: tuple[int, ...]
    expression: str
    database_index: str
    outdated: str
    parts: tuple[str, ...] = ()

    @property
    def dotted(self) -> str:
        return ".".join(self.path)


def holds(type: ValueType, value: Value, json: Json) -> str:
    """SQL for what an index holds of a value, NULL for one of another type."""
    typed = json.typed(type, value)
    return f"substr({typed}, 1, {HEAD})" if type == "string" else typed


def indexes(collection: Collection, json: Json) -> list[Index]:
    """All that its rules ask for and that are possible, its keys among them."""
    asked = [index_of(collection, tuple(each.split(".")), json) for each in collection.indexed]
    found = [index for index in dict.fromkeys(asked) if index is not None]
    return found + [key_index(collection.name, key) for key in collection.keys]


def key_index(collection: str, key: UniqueKey) -> Index:
    """The column that holds a uniqueness key, and its index."""
    table, name = table_name(collection), key_name(key.name)
    index = column_index(table, key.name, "")
    return Index(
        collection, table, (key.name,), "string", "key", name, (), "", index, "", key.paths
    )


def column_index(table: str, dotted: str, expression: str) -> str:
    """What the database index of a column is called."""
    return index_name(table, tuple(dotted.split(".")), f"column {expression}")


def index_of(collection: Collection, path: Path, json: Json) -> Index | None:
    """None where the rules ask for none, or the contract gives the path's values no type."""
    dotted = ".".join(path)
    if dotted not in collection.indexed or dotted not in collection.types:
        return None
    return _index(collection.name, path, collection.types[dotted], collection.arrays, json.name)


@lru_cache(maxsize=4096)
def _index(
    collection: str, path: Path, type: ValueType, all_arrays: frozenset[str], database: str
) -> Index | None:
    lengths = range(1, len(path) + 1)
    arrays = tuple(length for length in lengths if ".".join(path[:length]) in all_arrays)
    if len(path) in arrays or not all(map(is_plain, path)):
        return None
    json: Json = SqliteJson() if database == "sqlite" else PostgresJson()
    table = table_name(collection)
    expression = holds(type, json.scalar(path), json)
    outdated = index_name(table, path, expression)
    if arrays:
        mark = members(path, arrays, type, HEAD, json, Source("", "document", "seq"))
        name = members_name(table, path, mark)
        return Index(collection, table, path, type, "members", name, arrays, "", "", outdated)
    name = column_name(path, expression)
    index = column_index(table, ".".join(path), expression)
    return Index(collection, table, path, type, "column", name, (), expression, index, outdated)
