"""Real servers to test against: `tmfserver serve` as a program of its own, on either database."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest

from tests.programs import COMMAND, Program

SQLITE, POSTGRESQL = "sqlite", "postgresql"
DATABASES = (SQLITE, POSTGRESQL)
PATIENCE = 30.0
# Else threads that share a client close each other's connections (httpcore issue 1110).
NO_LIMITS = httpx.Limits(
    max_connections=None, max_keepalive_connections=None, keepalive_expiry=None
)
# Sends nothing unless a test is about that, and takes listeners of this machine.
QUIET = {"TMFSERVER_DELIVER": "false", "TMFSERVER_CALLBACK_NETWORKS": "127.0.0.0/8"}


@dataclass
class Server:
    """A running server, its database and what it has printed."""

    url: str
    database: str
    process: subprocess.Popen[bytes] | Program
    log: Path

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    def client(self, **options: Any) -> httpx.Client:
        """A client of this server; it has no use for certificates, which take long to load."""
        given = {"base_url": self.url, "timeout": 60, "verify": False, "limits": NO_LIMITS}
        return httpx.Client(**{**given, **options})

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def printed(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def terminate(self) -> None:
        """Asks it to stop, and does not wait."""
        self.process.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        """Asks it to stop and gives its exit code."""
        self.terminate()
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        """Ends it and its workers without warning, as a power cut would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)

    def memory(self) -> int:
        """Bytes of memory that the process holds now (Linux)."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


class StartServer(Protocol):
    """The factory that the fixture `start_server` is."""

    def __call__(
        self,
        *,
        database: str = "",
        environment: Mapping[str, str] | None = None,
        installed: bool = False,
        **settings: Any,
    ) -> Server: ...


def wait_until(condition: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
    """Asks again until it holds; fails with `what` when it takes too long."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"waited {patience:.0f} s in vain until {what}"
        time.sleep(0.02)


def free_port() -> int:
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def plain_environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without the settings that a developer may have in it.

    Programs that are started may keep what Python compiled: else each compiles the server anew.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("TMFSERVER_") and name != "PYTHONDONTWRITEBYTECODE"
    }
    return {**kept, **(more or {})}


def flags(settings: Mapping[str, Any]) -> list[str]:
    """Settings as the command line takes them."""
    made: list[str] = []
    for name, value in settings.items():
        flag = f"--{name.replace('_', '-')}"
        if isinstance(value, bool):
            made += [flag] if value else []
        elif isinstance(value, list | tuple):
            made += [part for each in value for part in (flag, str(each))]
        else:
            made += [flag, str(value)]
    return made


def begin(
    words: Sequence[str],
    folder: Path,
    log: Path,
    environment: Mapping[str, str] | None = None,
    *,
    installed: bool = False,
) -> subprocess.Popen[bytes] | Program:
    """Starts a command that goes on until it is told to stop; what it prints is added to `log`."""
    around = plain_environment({**QUIET, **(environment or {})})
    if not installed:
        return Program(words, folder, around, log)
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(COMMAND), *words],
            cwd=folder,
            env=around,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def launch(
    folder: Path,
    database: str,
    environment: Mapping[str, str] | None = None,
    *,
    installed: bool = False,
    **settings: Any,
) -> Server:
    """Starts a server and returns once it answers. installed: the command as a user starts it."""
    folder.mkdir(parents=True, exist_ok=True)
    port, log = free_port(), folder / "log"
    words = ["serve", *flags({"port": port, "database": database, **settings})]
    process = begin(words, folder, log, environment, installed=installed)
    server = Server(f"http://127.0.0.1:{port}", database, process, log)
    try:
        wait_until(lambda: _is_healthy(server), "the server answers /health")
    except BaseException:
        if server.is_running:
            server.kill()
        raise
    return server


def _is_healthy(server: Server) -> bool:
    assert server.is_running, f"the server ended while it started:\n{server.printed()}"
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=1)) as connection:
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except OSError:
            return False


def stop_cleanly(*servers: Server) -> None:
    """Stops servers that a test is done with; they must go quietly."""
    stopped = [(server.stop(), server.printed()) for server in servers if server.is_running]
    for code, printed in stopped:
        assert "Traceback" not in printed, printed
        assert code == 0, f"stopped by SIGTERM, the server's exit code is {code}"


def new_sqlite_database(folder: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{folder / f'{uuid.uuid4().hex}.db'}"


def beside(server_url: str, name: str) -> str:
    """The URL of another database of the same PostgreSQL."""
    return urlsplit(server_url)._replace(path=f"/{name}").geturl()


def new_postgresql_database(server_url: str) -> str:
    """A fresh database beside the one that the URL names."""
    name = f"served_{uuid.uuid4().hex}"
    with closing(psycopg.connect(server_url, autocommit=True)) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())
    return beside(server_url, name)


def select(database: str, statement: str) -> list[tuple[Any, ...]]:
    """Rows straight from a server's database."""
    if database.startswith("sqlite"):
        path = database.removeprefix("sqlite:///")
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            return connection.execute(statement).fetchall()
    with closing(psycopg.connect(database)) as connection:
        return connection.execute(statement.encode()).fetchall()


MakeDatabase = Callable[[str], str]


@pytest.fixture(scope="session")
def make_database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> MakeDatabase:
    """Makes a fresh database of a kind and gives its URL."""

    def make(kind: str) -> str:
        if kind == SQLITE:
            return new_sqlite_database(tmp_path_factory.mktemp("database"))
        return new_postgresql_database(request.getfixturevalue("postgres_server"))

    return make


@pytest.fixture(scope="session")
def sqlite_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The one server on SQLite that all tests share."""
    folder = tmp_path_factory.mktemp(SQLITE)
    server = launch(folder, new_sqlite_database(folder))
    yield server
    stop_cleanly(server)


@pytest.fixture(scope="session")
def postgresql_server(
    postgres_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The one server on PostgreSQL that all tests share."""
    server = launch(tmp_path_factory.mktemp(POSTGRESQL), new_postgresql_database(postgres_server))
    yield server
    stop_cleanly(server)


@pytest.fixture(scope="session", params=DATABASES)
def server(request: pytest.FixtureRequest) -> Server:
    """The shared server, once on each database; tests keep to documents of their own."""
    found: Server = request.getfixturevalue(f"{request.param}_server")
    return found


@pytest.fixture(scope="session")
def client(server: Server) -> Iterator[httpx.Client]:
    """Talks to the shared server."""
    with server.client() as made:
        yield made


@pytest.fixture(params=DATABASES)
def new_database(request: pytest.FixtureRequest, make_database: MakeDatabase) -> str:
    """The URL of an empty database, once of each kind."""
    return make_database(request.param)


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """Starts servers of a test's own: settings by name, SQLite unless it names a database."""
    started: list[Server] = []

    def start(
        *,
        database: str = "",
        environment: Mapping[str, str] | None = None,
        installed: bool = False,
        **settings: Any,
    ) -> Server:
        folder = tmp_path / f"server-{len(started)}"
        chosen = database or new_sqlite_database(folder)
        started.append(launch(folder, chosen, environment, installed=installed, **settings))
        return started[-1]

    yield start
    stop_cleanly(*started)
