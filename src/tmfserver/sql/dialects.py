"""What SQLite and PostgreSQL say differently about JSON: each thing once per database, as SQL text.

Texts hold `:name` where a value is bound. Attribute names stand in a text only where an index
needs them there, quoted by `_quoted`; in all else they are bound values too.
"""

# ruff: noqa: S608 - SQL text is what this module is for; values are bound, names quoted

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from typing import Literal, NamedTuple, Protocol, TypeAlias

from sqlalchemy import Dialect
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from tmfserver.exact import Exact
from tmfserver.query.ast import Path, ValueType
from tmfserver.sql.tables import is_plain

Bound: TypeAlias = str | int | float | Exact | bytes
Direction = Literal["min", "max"]


class Value(NamedTuple):
    """SQL for one JSON value: its JSON type's name, and what it is as text or number."""

    kind: str
    content: str


class Walk(NamedTuple):
    """SQL that reaches every value of a path: `rows` gives them, one row each, as `value`."""

    head: str
    rows: str
    value: Value


class Json(Protocol):
    """How one database reads JSON documents, kept in a column `document`."""

    @property
    def name(self) -> str: ...

    @property
    def dialect(self) -> Dialect: ...

    def scalar(self, path: Path) -> Value:
        """The one value of a path without arrays; its names stand in the text."""
        ...

    def walk(self, names: Sequence[str]) -> Walk:
        """Every value of any path; `names` are those of the values that `walk_values` gives."""
        ...

    def walk_values(self, path: Path) -> Sequence[Bound]: ...

    def typed(self, type: ValueType, value: Value) -> str:
        """The value as one of this type, or NULL: instants as microseconds since 1970."""
        ...

    def bind(self, type: ValueType, name: str) -> str: ...

    def bound(self, value: Bound) -> Bound:
        """The value as the driver takes it."""
        ...

    def starts(self, content: str, bound: str) -> str: ...

    def contains(self, content: str, bound: str) -> str: ...

    def ranked(self, value: Value, *, moments: bool) -> str:
        """What any value sorts by: numbers (and, with `moments`, instants), strings, booleans."""
        ...

    def furthest(self, walk: Walk, rank: str, direction: Direction) -> str:
        """The smallest or the largest rank that a walk reaches."""
        ...


WALK_VALUES = {"sqlite": 4, "postgresql": 1}


class SqliteJson:
    """JSON1 on a text column."""

    name = "sqlite"

    @cached_property
    def dialect(self) -> Dialect:
        return SQLiteDialect_pysqlite(paramstyle="qmark")

    def scalar(self, path: Path) -> Value:
        place = _quoted("$" + "".join(f'."{name}"' for name in path))
        return Value(f"json_type(document, {place})", f"json_extract(document, {place})")

    def walk(self, names: Sequence[str]) -> Walk:
        path, length, start, level = names
        head = (
            "WITH RECURSIVE w(level, content, kind) AS ("
            f"SELECT CAST(:{level} AS INTEGER), json_extract(document, :{start}),"
            f" json_type(document, :{start})"
            " UNION ALL SELECT w.level + (w.kind = 'object'), e.value, e.type"
            " FROM w, json_each(CASE WHEN w.kind = 'array'"
            f" OR (w.kind = 'object' AND w.level < :{length}) THEN w.content END) AS e"
            f" WHERE w.kind = 'array' OR e.key = json_extract(:{path}, '$[' || w.level || ']'))"
        )
        rows = f"w WHERE w.level = :{length}"
        return Walk(head, rows, Value("w.kind", "w.content"))

    def walk_values(self, path: Path) -> Sequence[Bound]:
        names = json.dumps(path, ensure_ascii=False)
        if is_plain(path[0]):
            return names, len(path), f'$."{path[0]}"', 1
        return names, len(path), "$", 0

    def typed(self, type: ValueType, value: Value) -> str:
        kind, content = value
        match type:
            case "string":
                return f"CASE WHEN {kind} = 'text' THEN {content} END"
            case "number":
                return f"CASE WHEN {kind} IN ('integer', 'real') THEN {content} END"
            case "boolean":
                return f"CASE WHEN {kind} IN ('true', 'false') THEN {kind} END"
            case "date-time":
                return f"CASE WHEN {kind} = 'text' THEN {_sqlite_instant(content)} END"

    def bind(self, type: ValueType, name: str) -> str:
        del type
        return f":{name}"

    def bound(self, value: Bound) -> Bound:
        return float(value) if isinstance(value, Exact) else value

    def starts(self, content: str, bound: str) -> str:
        return f"instr({content}, {bound}) = 1"

    def contains(self, content: str, bound: str) -> str:
        return f"instr({content}, {bound}) > 0"

    def ranked(self, value: Value, *, moments: bool) -> str:
        # SQLite's own order of types: numbers, texts, blobs.
        kind, content = value
        text = f"coalesce({_sqlite_instant(content)}, {content})" if moments else content
        return (
            f"CASE WHEN {kind} IN ('integer', 'real') THEN {content}"
            f" WHEN {kind} = 'text' THEN {text}"
            f" WHEN {kind} = 'false' THEN x'00' WHEN {kind} = 'true' THEN x'01' END"
        )

    def furthest(self, walk: Walk, rank: str, direction: Direction) -> str:
        return f"({walk.head} SELECT {direction}({rank}) FROM {walk.rows})"


class PostgresJson:
    """Operators of jsonb, and jsonpath for walks."""

    name = "postgresql"

    @cached_property
    def dialect(self) -> Dialect:
        # Imported here, for it takes a twentieth of a start that has no use for it.
        from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

        made: Dialect = PGDialect_psycopg(  # type: ignore[no-untyped-call]
            paramstyle="numeric_dollar"
        )
        return made

    def scalar(self, path: Path) -> Value:
        *holders, last = map(_quoted, path)
        holder = "document"
        for name in holders:
            holder = f"({holder} -> {name})"
        return Value(f"jsonb_typeof({holder} -> {last})", f"({holder} ->> {last})")

    def walk(self, names: Sequence[str]) -> Walk:
        rows = f"jsonb_path_query(document, CAST(:{names[0]} AS jsonpath)) AS w(value) WHERE true"
        return Walk("", rows, Value("jsonb_typeof(w.value)", "(w.value #>> '{}')"))

    def walk_values(self, path: Path) -> Sequence[Bound]:
        # In lax mode each [*] opens one level of arrays and lets other values pass.
        steps = "".join(f".{json.dumps(name, ensure_ascii=False)}[*][*][*][*]" for name in path)
        return (f"${steps}",)

    def typed(self, type: ValueType, value: Value) -> str:
        kind, content = value
        match type:
            case "string":
                return f"(CASE WHEN {kind} = 'string' THEN {content} END COLLATE \"C\")"
            case "number":
                return f"(CASE WHEN {kind} = 'number' THEN CAST({content} AS numeric) END)"
            case "boolean":
                return f"(CASE WHEN {kind} = 'boolean' THEN {content} END COLLATE \"C\")"
            case "date-time":
                return f"tmfserver_instant(CASE WHEN {kind} = 'string' THEN {content} END)"

    def bind(self, type: ValueType, name: str) -> str:
        cast = {"number": "numeric", "date-time": "bigint"}.get(type, "text")
        return f"CAST(:{name} AS {cast})"

    def bound(self, value: Bound) -> Bound:
        # As text, for the driver would give each size of number its own prepared statement.
        return {"inf": "Infinity", "-inf": "-Infinity"}.get(text := str(value), text)

    def starts(self, content: str, bound: str) -> str:
        return f"starts_with({content}, {bound})"

    def contains(self, content: str, bound: str) -> str:
        return f"strpos({content}, {bound}) > 0"

    def ranked(self, value: Value, *, moments: bool) -> str:
        kind, content = value
        string = _row(1, text=content)
        if moments:
            at = f"tmfserver_instant({content})"
            string = f"CASE WHEN {at} IS NULL THEN {string} ELSE {_row(0, number=at)} END"
        return (
            f"CASE {kind} WHEN 'number' THEN {_row(0, number=content)}"
            f" WHEN 'string' THEN {string} WHEN 'boolean' THEN {_row(2, text=content)} END"
        )

    def furthest(self, walk: Walk, rank: str, direction: Direction) -> str:
        way = "ASC" if direction == "min" else "DESC"
        ranks = f"SELECT {rank} AS rank FROM {walk.rows}"
        return (
            f"(SELECT r.rank FROM ({ranks}) AS r WHERE r.rank IS DISTINCT FROM NULL"
            f" ORDER BY r.rank {way} LIMIT 1)"
        )


def _row(rank: int, number: str = "NULL", text: str = "NULL") -> str:
    return f'ROW({rank}, CAST({number} AS numeric), CAST({text} AS text) COLLATE "C")'


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_DAY = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"
_TIME = "[0-2][0-9]:[0-5][0-9]:[0-6][0-9]"
_OFFSET = "[+-][0-2][0-9]:[0-5][0-9]"


def _sqlite_instant(text: str) -> str:
    """Microseconds since 1970, NULL unless the text is a date-time, as query/scalars.py has it.

    Only functions that SQLite brings along, so that an index on it needs none of ours. The first
    two cases are quick and cover what SQLite itself can read, the last one does the rest: small
    letters, no offset, leap seconds, offsets beyond 14 hours.
    """
    whole = f"substr({text}, 1, 19)"
    sound = f"strftime('%Y-%m-%dT%H:%M:%S', {whole}, '+0 days') = {whole} AND {text} >= '0001'"
    micros = f"CAST(round(CAST('0' || substr({text}, 20, 7) AS REAL) * 1000000) AS INTEGER)"
    fraction = f"CASE WHEN substr({text}, 20, 1) = '.' THEN {micros} ELSE 0 END"
    readable = f"0 * strftime('%s', {text})"
    quick = (
        f"CASE WHEN {text} GLOB '{_DAY}T{_TIME}*Z' AND {sound}"
        f" THEN strftime('%s', {whole}) * 1000000 + {micros} + {readable}"
        f" WHEN {text} GLOB '{_DAY}T{_TIME}*{_OFFSET}' AND {sound}"
        f" THEN strftime('%s', {whole} || substr({text}, -6)) * 1000000 + {fraction} + {readable}"
        " END"
    )
    return f"coalesce({quick}, {_sqlite_instant_by_parts(text, fraction)})"


def _sqlite_instant_by_parts(text: str, fraction: str) -> str:
    day, dot = f"substr({text}, 1, 10)", "?" * 19 + "."
    zone = (
        f"CASE WHEN substr({text}, 20, 1) = '.' THEN ltrim(substr({text}, 21), '0123456789')"
        f" ELSE substr({text}, 20) END"
    )
    seconds = (
        f"strftime('%s', {day}) + substr({text}, 12, 2) * 3600"
        f" + substr({text}, 15, 2) * 60 + substr({text}, 18, 2)"
    )
    ahead = (
        f"CASE WHEN {zone} IN ('', 'Z', 'z') THEN 0"
        f" WHEN {zone} GLOB '{_OFFSET}' AND substr({zone}, 2, 2) <= '23'"
        f" THEN (substr({zone}, 1, 1) || '60') * (substr({zone}, 2, 2) * 60 + substr({zone}, 5))"
        " END"
    )
    return (
        f"CASE WHEN {text} GLOB '{_DAY}[Tt ]{_TIME}*'"
        f" AND date({day}, '+0 days') = {day} AND {day} >= '0001'"
        f" AND substr({text}, 12, 2) <= '23' AND substr({text}, 18, 2) <= '60'"
        f" AND ({text} NOT GLOB '{dot}*' OR {text} GLOB '{dot}[0-9]*')"
        f" THEN ({seconds} - ({ahead})) * 1000000 + {fraction} END"
    )
