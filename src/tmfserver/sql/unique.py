"""Uniqueness keys: a column for each, which who writes a document fills, and a unique index on it.

The column is there from the start on, so that servers write it; the index follows when all
documents have their keys and no two share one.
"""

# ruff: noqa: S608 - SQL text is what this module is for; values are bound, names quoted

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, text

from tmfserver import exact
from tmfserver.changes import Collection, Insert, Keys, Replace
from tmfserver.document.keys import key_of
from tmfserver.spec import ORIGIN
from tmfserver.sql.dialects import Json
from tmfserver.sql.indexed import Index
from tmfserver.sql.tables import key_name, table_name

EXAMPLES = 3


def columns(collection: Collection) -> tuple[str, ...]:
    """The columns of a collection's keys, in their order."""
    return tuple([key_name(key.name) for key in collection.keys])


def marks(change: Insert | Replace) -> list[str | None]:
    """What a change writes into these columns."""
    return marks_of(change.collection, change.keys)


def marks_of(collection: Collection, keys: Keys | None) -> list[str | None]:
    """What these keys are in the collection's columns."""
    return [key and key.mark for key in keys or (None,) * len(collection.keys)]


def owner(collection: str, column: str, mark: str) -> str:
    """SQL for the id of the document that has a key; `mark` is the parameter's sign."""
    return f'SELECT id FROM "{table_name(collection)}" WHERE "{column}" = {mark}'


def fill(
    connection: Connection, table: str, indexes: Sequence[Index], after: int, upto: int, json: Json
) -> None:
    """Gives the documents with after < seq <= upto their keys; a partner's copies have none."""
    keys = [index for index in indexes if index.kind == "key" and index.parts]
    if not keys:
        return
    # Locked before they are read, so that no change is overtaken.
    lock = " FOR NO KEY UPDATE" if json.name == "postgresql" else ""
    read = f'SELECT seq, CAST(document AS text) FROM "{table}" WHERE seq > :after AND seq <= :upto'
    set_ = ", ".join([f'"{index.name}" = :k{n}' for n, index in enumerate(keys)])
    rows = connection.execute(text(f"{read}{lock}"), {"after": after, "upto": upto}).all()
    filled = []
    for seq, document in rows:
        whole = exact.loads(document)
        found = [key_of(whole, index.parts) for index in keys if ORIGIN not in whole]
        if any(found):
            marks = {f"k{n}": key and key.mark for n, key in enumerate(found)}
            filled.append({"seq": seq, **marks})
    if filled:
        connection.execute(text(f'UPDATE "{table}" SET {set_} WHERE seq = :seq'), filled)


def shared(connection: Connection, index: Index) -> str:
    """Some of the documents that share a key, as a sentence's part; "" when none do."""
    column = f'"{index.name}"'
    ids = f'(SELECT max(id) FROM "{index.table}" AS o WHERE o.{column} = t.{column})'
    pairs = connection.exec_driver_sql(
        f'SELECT min(id), {ids} FROM "{index.table}" AS t WHERE {column} IS NOT NULL'
        f" GROUP BY {column} HAVING count(*) > 1 ORDER BY 1 LIMIT {EXAMPLES}"
    ).all()
    if not pairs:
        return ""
    named = ", ".join([f"'{first}' and '{second}'" for first, second in pairs])
    return f"{index.collection} by {index.dotted}: {named} have the same"
