"""SQL that reads the values of an attribute inside arrays out of documents."""

# ruff: noqa: S608 - SQL text is what this module is for; values are bound, names quoted

from __future__ import annotations

from typing import NamedTuple

from tmfserver.query.ast import Path, ValueType
from tmfserver.sql.dialects import Json, Value


class Source(NamedTuple):
    """Where documents come from: what FROM begins with ("" in a row's trigger), and their names."""

    rows: str
    document: str
    seq: str


def members(
    path: Path, arrays: tuple[int, ...], type: ValueType, head: int, json: Json, source: Source
) -> str:
    """A SELECT of (value, seq) without a WHERE: a row for each value of each document, NULL for
    those that are not of this type.

    arrays: how long the parts of the path are that lead to arrays. Strings are cut to `head`.
    """
    walk, value = (
        _sqlite(path, arrays, source) if json.name == "sqlite" else _postgres(path, source)
    )
    typed = json.typed(type, value)
    if type == "string":
        typed = f"substr({typed}, 1, {head})"
    return f"SELECT {typed} AS value, {source.seq} AS seq FROM {source.rows}{walk}"


def _sqlite(path: Path, arrays: tuple[int, ...], source: Source) -> tuple[str, Value]:
    # What the contract says is an array is read as one: a recursive walk would take many times
    # as long, and SQLite has none in triggers.
    holder, done, each = source.document, 0, []
    for number, length in enumerate(arrays):
        each.append(f"json_each({holder}, {_place(path[done:length])}) AS e{number}")
        holder = f"CASE WHEN e{number}.type = 'object' THEN e{number}.value END"
        done = length
    place = _place(path[done:])
    value = Value(f"json_type({holder}, {place})", f"json_extract({holder}, {place})")
    return ", ".join(each), value


def _place(names: Path) -> str:
    return quoted("$" + "".join(f'."{name}"' for name in names))


def _postgres(path: Path, source: Source) -> tuple[str, Value]:
    # In lax mode [*] opens an array and lets other values pass; twice, for arrays of arrays.
    place = quoted("$" + "".join(f'."{name}"[*][*]' for name in path))
    walk = f"jsonb_path_query({source.document}, {place}) AS w(value)"
    return walk, Value("jsonb_typeof(w.value)", "(w.value #>> '{}')")


def quoted(text: str) -> str:
    """A text as SQL says it."""
    return "'" + text.replace("'", "''") + "'"
