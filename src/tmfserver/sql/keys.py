"""What a row is sorted by, out of the database and back into it: a Position holds it meanwhile.

On SQLite a key is a number, a text or a truth value as it stands. On PostgreSQL it is always a
text, from which the database itself makes the number or the row of values that it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tmfserver.query.ast import Position
from tmfserver.sql.dialects import Bound, Json
from tmfserver.sql.filters import ID, SortShape

_TRUTH = {b"\0": False, b"\1": True}  # how SQLite ranks them, see dialects.ranked


def splits(json: Json, descending: bool) -> bool:
    """Whether an index must be read in two parts for the rows without a value to come last."""
    return json.name == "postgresql" and descending


def present(json: Json, name: str) -> str:
    """SQL: the key is there. A row of values on PostgreSQL `IS NOT NULL` only if all of it is."""
    return f"NOT ({name} IS NULL)" if json.name == "postgresql" else f"{name} IS NOT NULL"


def bind_seq(json: Json, name: str) -> str:
    return f"CAST(:{name} AS bigint)" if json.name == "postgresql" else f":{name}"


def bind_key(json: Json, name: str, shape: SortShape) -> str:
    if json.name != "postgresql":
        return f":{name}"
    if _is_row(shape):
        row = f"CAST(:{name} AS jsonb)"
        return (
            f"ROW(CAST({row} ->> 'f1' AS integer), CAST({row} ->> 'f2' AS numeric),"
            f" CAST({row} ->> 'f3' AS text) COLLATE \"C\")"
        )
    return json.bind("string" if shape.place == ID else shape.type or "string", name)


def key_text(name: str, shape: SortShape) -> str:
    """PostgreSQL: the key as text."""
    return f"CAST(to_jsonb({name}) AS text)" if _is_row(shape) else f"CAST({name} AS text)"


def _is_row(shape: SortShape) -> bool:
    return shape.type is None and shape.place != ID


def key_bound(json: Json, key: Any) -> Bound:
    """A key of a Position as the driver takes it."""
    if json.name == "postgresql":
        return str(key)
    return {False: b"\0", True: b"\1"}[key] if isinstance(key, bool) else json.bound(key)


def position(row: Sequence[Any]) -> Position:
    """Of a row (id, document, revision, seq, keys ...)."""
    keys = [_TRUTH[key] if isinstance(key, bytes) else key for key in row[4:]]
    return Position(tuple(keys), row[3])
