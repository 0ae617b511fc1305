"""The statements that make, fill and drop an index on PostgreSQL.

Columns are filled by one trigger per table, row by row before the row is written; side tables by
triggers that run once for a statement, whatever the number of its rows.
"""

# ruff: noqa: S608 - SQL text is what this module is for; values are bound, names quoted

from __future__ import annotations

from collections.abc import Sequence

from tmfserver.query.ast import ValueType
from tmfserver.sql.dialects import PostgresJson
from tmfserver.sql.indexed import HEAD, Index
from tmfserver.sql.members import Source, members, quoted
from tmfserver.sql.registry import Registered

JSON = PostgresJson()
_TYPES: dict[ValueType, str] = {
    "string": 'text COLLATE "C"',
    "number": "numeric",
    "boolean": 'text COLLATE "C"',
    "date-time": "bigint",
}


def prepare(index: Index, columns: Sequence[Registered]) -> list[str]:
    """From here on all that is written is in the index too. columns: all that the table has."""
    table, name = index.table, index.name
    if index.kind == "members":
        return _side_table(index)
    added = f'ALTER TABLE "{table}" ADD COLUMN "{name}" {column(index)}'
    return [added] if index.kind == "key" else [added, *_fill_columns(table, columns)]


def column(index: Index) -> str:
    """How the column of an index is declared, without its name."""
    return _TYPES[index.type]


def beside(table: str, indexes: Sequence[Index], columns: Sequence[Registered]) -> list[str]:
    """What a new table that has the columns of these indexes lacks of them. columns: as above."""
    made = _fill_columns(table, columns) if columns else []
    for each in indexes:
        made += _side_table(each) if each.kind == "members" else [_make(each)]
    return made


def _side_table(index: Index) -> list[str]:
    table, name = index.table, index.name
    made = f'CREATE TABLE "{name}" (value {column(index)} NOT NULL, seq bigint NOT NULL'
    triggers = [
        f'CREATE TRIGGER "{name}_{change}" AFTER {change} ON "{table}" REFERENCING {rows}'
        f' FOR EACH STATEMENT EXECUTE FUNCTION "{name}"()'
        for change, rows in (
            ("insert", "NEW TABLE AS new_rows"),
            ("update", "OLD TABLE AS old_rows NEW TABLE AS new_rows"),
            ("delete", "OLD TABLE AS old_rows"),
        )
    ]
    return [f"{made}, PRIMARY KEY (value, seq))", _function(name, _keep(index)), *triggers]


def fill(table: str, indexes: Sequence[Index], after: int, upto: int) -> list[str]:
    """Puts the documents with after < seq <= upto into the indexes.

    Rows are locked before their documents are read, so that no change is overtaken.
    """
    these = f"seq > {after} AND seq <= {upto}"
    rows = f'SELECT seq, document FROM "{table}" WHERE {these} ORDER BY seq FOR NO KEY UPDATE'
    made = [
        f'WITH d AS MATERIALIZED ({rows}) INSERT INTO "{each.name}" (value, seq)'
        f" {_members(each, 'd')} ON CONFLICT DO NOTHING"
        for each in indexes
        if each.kind == "members"
    ]
    columns = [each for each in indexes if each.kind == "column"]
    if columns:
        set_ = ", ".join([f'"{each.name}" = {each.expression}' for each in columns])
        now = ", ".join([f'"{each.name}"' for each in columns])
        then = ", ".join([each.expression for each in columns])
        made.append(
            f'UPDATE "{table}" SET {set_} WHERE {these} AND ROW({now}) IS DISTINCT FROM ROW({then})'
        )
    return made


def finish(index: Index, *, concurrently: bool = False) -> list[str]:
    """Once all is filled. Concurrently: others write meanwhile, and there is no transaction."""
    word = "CONCURRENTLY " if concurrently else ""
    outdated = [f'DROP INDEX {word}IF EXISTS "{index.outdated}"'] if index.outdated else []
    if index.kind == "members":
        return outdated
    unfinished = f'DROP INDEX {word}IF EXISTS "{index.database_index}"'
    return [*outdated, unfinished, _make(index, word)]


def _make(index: Index, word: str = "") -> str:
    name, column = f'{word}"{index.database_index}"', f'"{index.name}"'
    if index.kind == "key":
        where = f"({column}) WHERE {column} IS NOT NULL"
        return f'CREATE UNIQUE INDEX {name} ON "{index.table}" {where}'
    return f'CREATE INDEX {name} ON "{index.table}" ({column}, seq)'


def drop(table: str, unused: Registered, columns: Sequence[Registered]) -> list[str]:
    """columns: all that stay."""
    if unused.kind == "members":
        return [
            *[
                f'DROP TRIGGER IF EXISTS "{unused.name}_{change}" ON "{table}"'
                for change in ("insert", "update", "delete")
            ],
            f'DROP FUNCTION IF EXISTS "{unused.name}"()',
            f'DROP TABLE IF EXISTS "{unused.name}"',
        ]
    return [
        *_fill_columns(table, columns),
        f'ALTER TABLE "{table}" DROP COLUMN IF EXISTS "{unused.name}"',
    ]


def _fill_columns(table: str, columns: Sequence[Registered]) -> list[str]:
    lines = "".join([f' NEW."{each.name}" := {each.expression};' for each in columns])
    # The expressions say `document`, which is a variable here.
    body = f"DECLARE document jsonb := NEW.document; BEGIN{lines} RETURN NEW; END"
    name = f"{table}__fill"
    return [
        _function(name, body),
        f'DROP TRIGGER IF EXISTS "{name}" ON "{table}"',
        (
            f'CREATE TRIGGER "{name}" BEFORE INSERT OR UPDATE OF document ON "{table}"'
            f' FOR EACH ROW EXECUTE FUNCTION "{name}"()'
        ),
    ]


def _function(name: str, body: str) -> str:
    return (
        f'CREATE OR REPLACE FUNCTION "{name}"() RETURNS trigger LANGUAGE plpgsql AS {quoted(body)}'
    )


def _keep(index: Index) -> str:
    """The body of a side table's trigger: what a statement changed, and no more."""
    side, first = index.name, quoted(index.path[0])
    moved = (
        "(SELECT {0}.seq, {0}.document FROM old_rows AS o JOIN new_rows AS n USING (seq)"
        f" WHERE o.document -> {first} IS DISTINCT FROM n.document -> {first}) AS d"
    )
    old, new = _members(index, moved.format("o")), _members(index, moved.format("n"))
    gone = f'DELETE FROM "{side}" AS s USING ({{}}) AS g WHERE s.value = g.value AND s.seq = g.seq'
    come = f'INSERT INTO "{side}" (value, seq) {{}} ON CONFLICT DO NOTHING'
    return (
        f"BEGIN IF TG_OP = 'INSERT' THEN {come.format(_members(index, 'new_rows AS d'))};"
        f" ELSIF TG_OP = 'DELETE' THEN {gone.format(_members(index, 'old_rows AS d'))};"
        f" ELSE {gone.format(f'{old} EXCEPT {new}')}; {come.format(f'{new} EXCEPT {old}')};"
        " END IF; RETURN NULL; END"
    )


def _members(index: Index, rows: str) -> str:
    source = Source(f"{rows}, ", "d.document", "d.seq")
    found = members(index.path, index.arrays, index.type, HEAD, JSON, source)
    return f"SELECT value, seq FROM ({found}) AS m WHERE value IS NOT NULL"
