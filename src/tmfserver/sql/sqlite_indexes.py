"""The statements that make, fill and drop an index on SQLite.

A column is computed, not stored: it costs nothing to add, and only its database index takes room.
"""

# ruff: noqa: S608 - SQL text is what this module is for; values are bound, names quoted

from __future__ import annotations

from collections.abc import Sequence

from tmfserver.sql.dialects import SqliteJson
from tmfserver.sql.indexed import HEAD, Index
from tmfserver.sql.members import Source, members, quoted
from tmfserver.sql.registry import Registered

JSON = SqliteJson()


def seq_index(table: str) -> str:
    """A name. An index on seq alone: deep pages find their rows without reading past documents."""
    return f"{table}__seq"


def make_seq_index(table: str) -> str:
    return f'CREATE INDEX IF NOT EXISTS "{seq_index(table)}" ON "{table}" (seq)'


def prepare(index: Index, _columns: Sequence[Registered]) -> list[str]:
    """From here on all that is written is in the index too."""
    table, name = index.table, index.name
    if index.kind == "members":
        made = f'CREATE TABLE "{name}" (value NOT NULL, seq INTEGER NOT NULL'
        return [f"{made}, PRIMARY KEY (value, seq)) WITHOUT ROWID", *_triggers(index)]
    return [f'ALTER TABLE "{table}" ADD COLUMN "{name}" {column(index)}']


def column(index: Index) -> str:
    """How the column of an index is declared, without its name."""
    if index.kind == "key":
        return "TEXT"
    return f"GENERATED ALWAYS AS ({index.expression}) VIRTUAL"


def beside(table: str, indexes: Sequence[Index], _columns: Sequence[Registered]) -> list[str]:
    """What a new table that has the columns of these indexes lacks of them."""
    made = [make_seq_index(table)]
    for each in indexes:
        made += prepare(each, ()) if each.kind == "members" else [_make(each)]
    return made


def _triggers(index: Index) -> list[str]:
    side, first = index.name, quoted(f'$."{index.path[0]}"')
    old, new = _members(index, "old"), _members(index, "new")
    gone = f'DELETE FROM "{side}" WHERE seq = old.seq AND value IN (SELECT value FROM'
    # What is no value is NULL, and ignored as repeated values are.
    come = f'INSERT OR IGNORE INTO "{side}" {new};'
    changed = f"json_extract(old.document, {first}) IS NOT json_extract(new.document, {first})"
    return [
        _trigger(index, "insert", come),
        _trigger(
            index,
            "update",
            f"{gone} ({old}) EXCEPT SELECT value FROM ({new})); {come}",
            f' OF document ON "{index.table}" WHEN {changed}',
        ),
        _trigger(index, "delete", f"{gone} ({old}));"),
    ]


def _trigger(index: Index, change: str, body: str, where: str = "") -> str:
    where = where or f' ON "{index.table}"'
    return f'CREATE TRIGGER "{index.name}_{change}" AFTER {change}{where} BEGIN {body} END'


def fill(_table: str, indexes: Sequence[Index], after: int, upto: int) -> list[str]:
    """Puts the documents with after < seq <= upto into the indexes."""
    return [
        f'INSERT OR IGNORE INTO "{each.name}" {_members(each, each.table)}'
        f' WHERE "{each.table}".seq > {after} AND "{each.table}".seq <= {upto} ORDER BY 1, 2'
        for each in indexes
        if each.kind == "members"
    ]


def finish(index: Index, *, concurrently: bool = False) -> list[str]:
    """Once all is filled; concurrently says nothing to SQLite."""
    del concurrently
    if index.kind == "key":
        return [_make(index)]
    outdated = f'DROP INDEX IF EXISTS "{index.outdated}"'
    return [outdated] if index.kind == "members" else [outdated, _make(index)]


def _make(index: Index) -> str:
    place = f'"{index.database_index}" ON "{index.table}" ("{index.name}")'
    if index.kind == "key":
        where = f'WHERE "{index.name}" IS NOT NULL'
        return f"CREATE UNIQUE INDEX IF NOT EXISTS {place} {where}"
    return f"CREATE INDEX IF NOT EXISTS {place}"


def drop(table: str, unused: Registered, _columns: Sequence[Registered]) -> list[str]:
    if unused.kind == "members":
        triggers = [f'"{unused.name}_{change}"' for change in ("insert", "update", "delete")]
        return [
            *[f"DROP TRIGGER IF EXISTS {each}" for each in triggers],
            f'DROP TABLE IF EXISTS "{unused.name}"',
        ]
    return [
        f'DROP INDEX IF EXISTS "{unused.database_index}"',
        f'ALTER TABLE "{table}" DROP COLUMN "{unused.name}"',
    ]


def _members(index: Index, row: str) -> str:
    rows = f'"{row}", ' if row == index.table else ""
    source = Source(rows, f'"{row}".document', f'"{row}".seq')
    return members(index.path, index.arrays, index.type, HEAD, JSON, source)
