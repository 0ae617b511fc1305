"""`python -m tests.storage.recording` writes down what the migrations make of an empty database."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from sqlalchemy import event

from tests.postgres import running
from tmfserver.sql import migrations
from tmfserver.sql.address import read_address
from tmfserver.sql.engines import opened
from tmfserver.sql.schema import upgrade_by_alembic

LOOKING = ("SELECT", "PRAGMA")


def statements(url: str) -> list[str]:
    """What Alembic runs on this database, which is empty."""
    address, ran = read_address(url), []

    def keep(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        said = "\n".join([line.rstrip() for line in statement.strip().splitlines()])
        if not said.startswith(LOOKING):
            ran.append(said.partition(" RETURNING ")[0])

    with opened(address) as engine, engine.begin() as connection:
        event.listen(connection, "before_cursor_execute", keep)
        upgrade_by_alembic(address, connection, None)
    return ran


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        migrations.record("sqlite", statements(f"sqlite:///{Path(folder) / 'empty.db'}"))
    with running() as server:
        migrations.record("postgresql", statements(server.lend_database()))


if __name__ == "__main__":
    main()
