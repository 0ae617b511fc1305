"""deliver, deliveries, listeners, inbox and /metrics: what operators see and do."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.commands.running import program, run, run_json
from tests.delivery.conftest import HURRY, Dispatcher
from tests.delivery.listening import Ears, listening
from tests.delivery.test_dispatchers import fill
from tests.serving import DATABASES, MakeDatabase, StartServer, select, wait_until
from tmfserver.changes import Receive
from tmfserver.sql import open_store


@dataclass
class Told:
    """A database after sending: five deliveries were sent to one listener, five are dead."""

    database: str
    ears: Ears

    def run(self, *words: str) -> str:
        return run(*words, "--database", self.database)


@pytest.fixture(scope="module", params=DATABASES)
def told(
    request: pytest.FixtureRequest,
    make_database: MakeDatabase,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Told]:
    database = make_database(request.param)
    with listening() as ears:
        asyncio.run(fill(database, [ears.url("/fast"), ears.url("/redirecting")], 10))
        folder = tmp_path_factory.mktemp("dispatcher")
        dispatcher = Dispatcher(folder, database, **{**HURRY, "delivery_delays": "0.1"})
        due = "SELECT count(*) FROM delivery WHERE state IN ('due', 'waiting')"
        wait_until(lambda: select(database, due) == [(0,)], "nothing is due")
        assert dispatcher.stop() == 0
        assert "sends notifications" in dispatcher.log.read_text()
        yield Told(database, ears)


def rows(printed: str) -> list[list[str]]:
    return [re.split(r"  +", line) for line in printed.splitlines()]


def test_deliveries_are_listed(told: Told) -> None:
    """All, by state and by listener, the newest first; each with its attempts and last answer."""
    head, *lines = rows(told.run("deliveries"))
    assert head == ["event", "type", "listener", "state", "tries", "last answer", "next or sent"]
    assert [line[0] for line in lines] == [f"e{n}" for n in (4, 4, 3, 3, 2, 2, 1, 1, 0, 0)]
    dead = rows(told.run("deliveries", "--state", "dead"))[1:]
    assert {tuple(line[1:6]) for line in dead} == {
        ("Tried", "listener-1", "dead", "2", "it redirects, which is not followed"),
    }
    assert rows(told.run("deliveries", "--state", "due"))[1:] == []
    assert len(rows(told.run("deliveries", "--listener", "listener-0", "--limit", "3"))) == 4
    assert len(rows(told.run("deliveries", "--until", "2020-01-01"))) == 1


def test_deliveries_as_json(told: Told) -> None:
    """For programs, the last attempts come along, each with its time, answer and duration."""
    words = ("deliveries", "--state", "dead", "--id", "e1", "--database", told.database)
    (found,) = run_json(*words)
    assert found["state"] == "dead"
    assert found["subject"] == "1"
    assert [each["status"] for each in found["history"]] == [302, 302]
    assert all(each["ms"] >= 0 and each["at"].endswith("Z") for each in found["history"])


def test_listeners_are_listed(told: Told) -> None:
    """Each with what was sent, what failed and what is dead; no key is shown."""
    printed = told.run("listeners")
    by_id = {line[0]: line for line in rows(printed)}
    assert by_id["listener-0"][5:8] == ["5", "0", "0"]
    assert by_id["listener-1"][5:8] == ["0", "10", "5"]
    shown = run_json("listeners", "--database", told.database)
    assert [each["backlog"] for each in shown] == [0, 0]
    assert "secret" not in str(shown)


def test_replaying_says_what_it_does(told: Told) -> None:
    """Nothing is replayed by mistake; what is meant is due again."""
    result = program("deliveries", "replay", "--database", told.database, folder=Path.cwd())
    assert result.returncode == 2
    assert "--all" in result.stderr
    result = program("deliveries", "replay", "--since", "soon", folder=Path.cwd())
    assert "'soon' is no time" in result.stderr
    words = ("deliveries", "replay", "--id", "e1")
    assert told.run(*words, "--state", "sent") == "1 deliveries are due again.\n"
    assert told.run(*words) == "1 deliveries are due again.\n"
    assert told.run(*words) == "0 deliveries are due again.\n"
    due = rows(told.run("deliveries", "--state", "due"))[1:]
    assert [line[:5] for line in due] == [
        ["e1", "Tried", f"listener-{n}", "due", "0"] for n in (1, 0)
    ]


def test_a_new_key_is_shown_once(told: Told) -> None:
    """`listeners rotate` prints the new key, and refuses what is no listener."""
    printed = told.run("listeners", "rotate", "listener-0")
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=\n", printed)
    assert printed.strip() not in told.run("listeners", "--json")
    words = ("listeners", "rotate", "nobody", "--database", told.database)
    result = program(*words, folder=Path.cwd())
    assert (result.returncode, result.stderr) == (
        1,
        "tmfserver: There is no listener with id 'nobody'.\n",
    )


SENT = '{"eventId": "e9", "sum": 12.30}'


def test_the_inbox_is_listed(told: Told) -> None:
    """What other hubs sent is there, with its type and eventId, as JSON with the whole of it, to
    the last digit."""

    async def receive() -> None:
        store = await open_store(told.database, [])
        await store.commit([Receive("/api/v4/", "e9", "OtherEvent", SENT)])
        await store.close()

    asyncio.run(receive())
    (line,) = rows(told.run("inbox"))[1:]
    assert line[1:] == ["OtherEvent", "e9", "/api/v4/"]
    (found,) = run_json("inbox", "--database", told.database)
    assert found["document"] == {"eventId": "e9", "sum": 12.3}
    assert '"sum": 12.30' in told.run("inbox", "--json")


def test_metrics(told: Told, start_server: StartServer) -> None:
    """/metrics gives each listener's figures as Prometheus reads them."""
    server = start_server(database=told.database)
    with server.client() as client:
        answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = answer.text.splitlines()
    assert 'tmfserver_notifications_failed_total{listener="listener-1"} 10' in lines
    assert 'tmfserver_notifications_sent_total{listener="listener-0"} 5' in lines
    assert "# TYPE tmfserver_notifications_due gauge" in lines
    figures = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    due = sum(float(value) for name, value in figures.items() if "notifications_due{" in name)
    assert due == len(rows(told.run("deliveries", "--state", "due"))) - 1
    assert float(figures['tmfserver_notifications_oldest_due_seconds{listener="listener-0"}']) >= 0


@pytest.mark.parametrize(
    ("name", "value"),
    [("CALLBACK_NETWORKS", "10.0.0.1/8"), ("CALLBACK_NETWORKS", "home"), ("DELIVERY_DELAYS", "1,")],
)
def test_wrong_settings(name: str, value: str, tmp_path: Path) -> None:
    """A setting that means nothing stops the command with one sentence that names it."""
    result = program("deliver", environment={f"TMFSERVER_{name}": value}, folder=tmp_path)
    assert result.returncode == 1
    assert f"TMFSERVER_{name}" in result.stderr
    assert len(result.stderr.splitlines()) == 1
