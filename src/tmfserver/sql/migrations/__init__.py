"""The server's own tables, version by version; collections' tables need no migration.

What all versions make of an empty database is written down in sqlite.sql and postgresql.sql, which
`python -m tests.storage.recording` writes anew: Alembic takes half as long to import as a server.
"""

from __future__ import annotations

from pathlib import Path

NEWEST = "0007"
_NEXT = "\n-- next\n"


def recorded(database: str) -> list[str]:
    """The statements that make the tables of the newest version in an empty database."""
    text = Path(__file__).with_name(f"{database}.sql").read_text(encoding="utf-8")
    return text.strip().split(_NEXT)


def record(database: str, statements: list[str]) -> None:
    """Writes them down."""
    text = _NEXT.join(statement.strip() for statement in statements)
    Path(__file__).with_name(f"{database}.sql").write_text(f"{text}\n", encoding="utf-8")
