"""The statements by which SQLite's one writer writes, compiled once."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, insert

from tmfserver.sql import tables
from tmfserver.sql.dialects import SqliteJson
from tmfserver.sql.job_table import job_statements
from tmfserver.sql.statements import (
    document_statements,
    holding_statements,
    insert_values,
    prepare,
    system_statements,
)

JSON = SqliteJson()
SYSTEM = system_statements(JSON)
EVENT = prepare(insert_values(tables.event), JSON).sql
DELIVERY = prepare(
    insert_values(
        tables.delivery, ("event", "listener", "state", "attempts", "next_attempt_at", "subject")
    ),
    JSON,
).sql
JOBS = job_statements(JSON)


documents = lru_cache(maxsize=4096)(lambda name: document_statements(name, JSON))
holding = lru_cache(maxsize=4096)(lambda name: holding_statements(name, JSON))


@lru_cache(maxsize=4096)
def insert_sql(name: str, keys: tuple[str, ...], rows: int) -> str:
    table = tables.keyed(name, keys)
    columns = [column for column in table.c if column.name != "seq"]
    values: list[dict[Any, Any]] = [
        {column: bindparam(f"v{len(columns) * row + n}") for n, column in enumerate(columns)}
        for row in range(rows)
    ]
    return prepare(insert(table).values(values), JSON).sql


@lru_cache(maxsize=4096)
def replace_sql(name: str, keys: tuple[str, ...]) -> str:
    """Takes document, revision, keys, id, seen."""
    table = tables.keyed(name, keys)
    written = ["document", "revision", *keys]
    values: dict[str, Any] = {name: bindparam(f"v{n}") for n, name in enumerate(written)}
    at = len(written)
    found = (table.c.id == bindparam(f"v{at}"), table.c.revision == bindparam(f"v{at + 1}"))
    return prepare(table.update().values(values).where(*found), JSON).sql
