"""`tmfserver conformance`: our server passes, others are told what is wrong with them."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.commands.running import program
from tests.conformance.facts import RESOURCES
from tests.serving import StartServer, free_port

from tmfserver import sql
from tmfserver.changes import Insert
from tmfserver.cli import commands
from tmfserver.conformance.command import Chosen, examine
from tmfserver.conformance.registry import LEVELS
from tmfserver.conformance.results import Run
from tmfserver.planning import bundled_specs, make_plan
from tmfserver.settings import read

USAGES = bundled_specs() / "TMF635-Usage-Management-v4.0.0.swagger.json"
MANY = {"usage": 6_000, "billingAccount": 4_000}
TELLING = {"TMFSERVER_DELIVER": "true"}
# What the resources do not have, so that nothing can be asked of it.
LEFT_OUT = {
    "mandatory.create", "mandatory.inside", "patch.mandatory", "patch.query", "filter.inside",
    "filter.date", "empty.object",
}  # fmt: skip


def run_of(url: str, **flags: Any) -> Run:
    chosen = {"contracts": (), "handlers": "", "database": "", "headers": (), "level": "full",
              "timeout": 60, "listener": "", "listen": ""}  # fmt: skip
    return examine(Chosen(url=url, **{**chosen, **flags}))


def asked(*words: str | Path) -> Result:
    """What the command says and how it ends."""
    return CliRunner().invoke(commands, ["conformance", *map(str, words)])


async def fill(database: str) -> None:
    """Many documents at once, all alike and like those that the checks make."""
    plan = make_plan(read({"database": database}, {}))
    store = await sql.open_store(database, list(plan.collections.values()))
    for name, count in MANY.items():
        (collection,) = [each for each in plan.collections.values() if each.resource == name]
        rows = [
            Insert(
                collection, f"old-{n}", json.dumps({"id": f"old-{n}", **RESOURCES[name].create}), n
            )
            for n in range(1, count + 1)
        ]
        for begin in range(0, count, 1_000):
            await store.commit(rows[begin : begin + 1_000])
    await store.close()


@pytest.mark.slow
def test_our_server_passes(start_server: StartServer, new_database: str) -> None:
    """Every check passes on a fresh store, and on a second run, with 10,000 documents; the store is
    left as it was."""
    server = start_server(database=new_database, environment=TELLING)
    for many in (False, True):
        if many:
            asyncio.run(fill(new_database))
        done = run_of(server.url)
        assert [(each.resource, each.id, each.reason) for each in done.checks
                if each.outcome == "failed"] == []  # fmt: skip
        assert {each.id for each in done.checks if each.outcome == "skipped"} <= LEFT_OUT
        assert {each.level for each in done.checks} == set(LEVELS)
        assert [each.version for each in done.apis] == ["4.0.0", "4.0.0"]
        with server.client() as client:
            for name, facts in RESOURCES.items():
                answer = client.get(facts.path, params={"limit": 0})
                assert answer.headers["x-total-count"] == str(
                    MANY[name] if many and name in MANY else 0
                )


def test_levels_ask_more_and_more() -> None:
    """A server of its own is started for each run; each level adds to the one below."""
    ids = []
    for level in LEVELS:
        done = run_of("", contracts=(str(USAGES),), level=level)
        assert [each.reason for each in done.checks if each.outcome == "failed"] == []
        assert (done.target, done.database) == ("a fresh server of its own", "SQLite, thrown away")
        ids.append({(each.resource, each.id) for each in done.checks})
    assert ids[0] < ids[1] < ids[2]


def test_the_command_tells_what_passed(tmp_path: Path) -> None:
    """As a program it ends with 0, and says what was tested."""
    done = program("conformance", "--level", "kit", "--contract", str(USAGES), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Usage Management 4.0.0 at http://127.0.0.1:" in done.stdout
    assert "Level kit: 25 passed, 0 failed, 0 skipped" in done.stdout
    assert "Usage Management, usage: 13 passed" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_command_tells_what_failed(faulty_server: str) -> None:
    """A failed check makes it end with 1, and is named with what came and was expected."""
    url = f"{faulty_server}/lists-answer-206"
    done = asked("--url", url, "--level", "kit", "--header", "X-Known: yes", "--timeout", "60")
    assert done.exit_code == 1, done.output
    assert "FAILED billFormat list.status: A list is answered with exactly 200" in done.stdout
    assert "the status is 200: expected 200, came 206: []" in done.stdout


def test_an_api_may_stand_elsewhere(faulty_server: str) -> None:
    """The URL may be a host's, with something in front of the base path, or an API's own."""
    api = f"{faulty_server}/DELETE-answers-200/tmf-api/usageManagement/v4/"
    done = run_of(api, level="profile", contracts=(str(USAGES),))
    assert [each.base_url for each in done.apis] == [api]
    assert {each.id for each in done.checks if each.outcome == "failed"} == {"delete.status"}


class Stranger(BaseHTTPRequestHandler):
    """A server of something else."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<h1>It works!</h1>")

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def stranger() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Stranger) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,)).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_where_nothing_can_be_tested(stranger: str) -> None:
    """A server that is down, slow or no TM Forum API is told in a sentence, exit code 3."""
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        slow = f"http://127.0.0.1:{silent.getsockname()[1]}"
        for url, said in (
            (f"http://127.0.0.1:{free_port()}", "does not answer: ConnectionRefusedError"),
            (slow, "does not answer: no answer within 0.3 s"),
            (stranger, "this is no TM Forum API of that contract"),
            ("http://no-such-host.invalid", "does not answer"),
        ):
            done = asked("--url", url, "--timeout", "0.3")
            assert done.exit_code == 3, done.output
            assert said in done.stderr
            assert len(done.stderr.splitlines()) == 1, done.stderr
            assert done.stderr.startswith("tmfserver: ")


def test_wrong_flags_are_told(tmp_path: Path) -> None:
    """A flag or a contract that means nothing is told in a sentence, exit code 2."""
    broken = tmp_path / "broken.json"
    broken.write_text("{}", encoding="utf-8")
    for words, said in (
        (["--url", "ftp://example.com"], "--url is 'ftp://example.com'"),
        (["--url", "http://localhost", "--database", "x"], "for a server of its own"),
        (["--header", "Authorization"], "is no header"),
        (["--listener", "here"], "--listener is 'here'"),
        (["--contract", str(broken)], "it is no contract"),
        (["--url", "http://localhost", "--contract", str(tmp_path / "none")], "no such file"),
        (["--level", "higher"], "'higher' is not one of 'kit', 'profile', 'full'"),
    ):
        done = asked(*words)
        assert done.exit_code == 2, done.output
        assert said in done.stderr
        assert "Traceback" not in done.output


def test_a_server_that_does_not_start_is_told() -> None:
    """A database that cannot be used is the server's own sentence, exit code 3."""
    done = asked("--database", "sqlite:////no/such/folder/x.db", "--contract", str(USAGES))
    assert done.exit_code == 3, done.output
    assert "the server to be tested does not start: The database" in done.stderr
