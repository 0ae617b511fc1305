"""Graceful stop, and several processes under gunicorn."""

from __future__ import annotations

import os
import signal
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from tests.http.asking import FORMAT, USAGE, USAGES, create, total
from tests.serving import SQLITE, MakeDatabase, Server, StartServer, select, wait_until

ASKED = 40
BODY = b'{"description": "sent in two parts"}'
HEAD = (
    f"POST {USAGE} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    f"Content-Length: {len(BODY)}\r\nExpect: 100-continue\r\n\r\n"
).encode()


def under_way(server: Server) -> socket.socket:
    """A connection with a request that the server has begun to read, but not all of it."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    connection.sendall(HEAD)
    assert connection.recv(1000).startswith(b"HTTP/1.1 100")
    connection.sendall(BODY[:10])
    return connection


def accepts(server: Server) -> bool:
    try:
        socket.create_connection(("127.0.0.1", server.port), timeout=1).close()
    except OSError:
        return False
    return True


def answer(connection: socket.socket) -> bytes:
    received = b""
    while part := connection.recv(65536):
        received += part
    return received


@pytest.mark.parametrize("gunicorn", [False, True], ids=["uvicorn", "gunicorn"])
def test_a_request_under_way_is_answered(
    start_server: StartServer, make_database: MakeDatabase, gunicorn: bool
) -> None:
    """On SIGTERM no new connection is taken, what was begun is answered, and then it ends."""
    database = make_database(SQLITE)
    server = start_server(database=database, installed=True, gunicorn=gunicorn)
    with closing(under_way(server)) as connection:
        server.terminate()
        wait_until(lambda: not accepts(server), "no new connection is taken")
        assert server.is_running
        connection.sendall(BODY[10:])
        assert answer(connection).startswith(b"HTTP/1.1 201")
    assert server.process.wait(30) == 0
    assert "Traceback" not in server.printed()
    ((document,),) = select(database, "SELECT document FROM usage_management_v4_usage")
    assert "sent in two parts" in document


@pytest.mark.parametrize("gunicorn", [False, True], ids=["uvicorn", "gunicorn"])
def test_an_idle_connection_holds_up_nothing(start_server: StartServer, gunicorn: bool) -> None:
    """A client that keeps its connection open does not keep the server from stopping."""
    server = start_server(installed=True, gunicorn=gunicorn)
    with server.client() as client:
        assert client.get(USAGE).status_code == 200
        server.terminate()
        assert server.process.wait(10) == 0


def children(server: Server) -> list[int]:
    """The processes that a server has started (Linux)."""
    pid = server.process.pid
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in text.split()]


def every_process_says(status: int, ask: Callable[[], httpx.Response]) -> None:
    """Asks so often, at once, that no process is left out."""
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: ask().status_code, range(ASKED)))
    assert Counter(answers) == {status: ASKED}


@pytest.fixture
def two(start_server: StartServer, new_database: str) -> Iterator[tuple[Server, httpx.Client]]:
    """A server of two processes, and a client with a new connection for every request."""
    server = start_server(database=new_database, installed=True, workers=2)
    wait_until(lambda: len(children(server)) == 2, "both processes run")
    with server.client(limits=httpx.Limits(max_keepalive_connections=0)) as client:
        yield server, client


def test_two_processes_serve_as_one(two: tuple[Server, httpx.Client]) -> None:
    """`--workers 2`: one set of documents and listeners; SIGTERM to the first stops them all."""
    server, client = two

    def post(number: int) -> int:
        return client.post(FORMAT, json={"id": f"n{number}", "name": "x"}).status_code

    with ThreadPoolExecutor(16) as threads:
        assert set(threads.map(post, range(ASKED))) == {201}
        assert set(threads.map(post, range(ASKED))) == {409}
    assert total(client, FORMAT) == ASKED
    every_process_says(200, lambda: client.get(f"{FORMAT}/n7"))
    hub = f"{USAGES}/hub"
    listener = client.post(hub, json={"callback": "http://127.0.0.1:9/"}).json()
    every_process_says(201, lambda: client.post(USAGE, json={}))
    assert select(server.database, "SELECT count(*) FROM event") == [(ASKED,)]
    assert client.delete(f"{hub}/{listener['id']}").status_code == 204
    workers = children(server)
    assert server.stop() == 0
    assert not [worker for worker in workers if Path(f"/proc/{worker}").exists()]
    assert "Traceback" not in server.printed()


def test_a_listener_is_known_to_every_process_at_once(two: tuple[Server, httpx.Client]) -> None:
    """A listener that one process has registered, any other gives, and has forgotten, too."""
    _, client = two
    hub = f"{USAGES}/hub"
    for number in range(3):
        callback = {"callback": f"http://127.0.0.1:9/{number}"}
        listener = client.post(hub, json=callback).json()
        every_process_says(200, lambda at=f"{hub}/{listener['id']}": client.get(at))
        assert client.delete(f"{hub}/{listener['id']}").status_code == 204
        every_process_says(404, lambda at=f"{hub}/{listener['id']}": client.get(at))


def test_a_worker_that_dies_is_replaced(start_server: StartServer) -> None:
    """Under gunicorn, when the process is killed another takes its place."""
    server = start_server(installed=True, gunicorn=True)
    (worker,) = children(server)
    with server.client() as client:
        create(client, FORMAT, {"name": "before"})
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: children(server) not in ([], [worker]), "another process runs")

        def serves() -> bool:
            try:
                return bool(client.get(FORMAT, timeout=5).json()[0]["name"] == "before")
            except httpx.TransportError:
                return False

        wait_until(serves, "the other process serves what was there")
