"""What jobs tell listeners: that they were asked for, began and ended, and what came in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from tests.jobs.conftest import EXPORTS, IMPORTS, NDJSON, USAGES, done, posted
from tests.serving import StartServer, select, wait_until
from tmfserver.cli import commands

WORKS = {"TMFSERVER_WORK": "true", "TMFSERVER_DELIVER": "false"}
CALLBACK = {"callback": "http://127.0.0.1:9/"}


pytestmark = pytest.mark.slow


def told(database: str) -> list[dict[str, Any]]:
    """All events, in their order, with what they are about."""
    rows = select(database, "SELECT CAST(document AS text) FROM event ORDER BY seq")
    return [json.loads(text) for (text,) in rows]


def kinds(events: list[dict[str, Any]], name: str) -> list[tuple[str, str]]:
    """(event type, the job's status then) of the events about a kind of job."""
    return [
        (each["eventType"], each["event"][name]["status"])
        for each in events
        if name in each["event"]
    ]


def test_a_job_tells_how_it_goes(start_server: StartServer, new_database: str) -> None:
    """That it was asked for, that it began and how it ended, each once, with the job as it was
    then; one that fails tells why."""
    server = start_server(database=new_database, environment=WORKS)
    with server.client() as client:
        assert client.post(f"{USAGES}/hub", json=CALLBACK).status_code == 201
        query = {"path": "usage"}
        job = posted(client.post(IMPORTS, params=query, content=b'{"id":"a"}', headers=NDJSON))
        job = done(client, job)
        events = told(new_database)
        assert kinds(events, "importJob") == [
            ("ImportJobCreateEvent", "Not Started"),
            ("ImportJobStateChangeEvent", "Running"),
            ("ImportJobStateChangeEvent", "Succeeded"),
        ]
        assert events[-1]["event"]["importJob"] == job
        assert events[-1]["description"] == f"importJob {job['id']}: status is now Succeeded"
        made = done(client, posted(client.post(EXPORTS, json={"path": "usage"})))
        events = told(new_database)
        assert kinds(events, "exportJob")[2:] == [("ExportJobStateChangeEvent", "Succeeded")]
        assert events[-1]["event"]["exportJob"]["url"] == made["url"]
        headers = {"content-type": "application/json"}
        broken = posted(client.post(IMPORTS, params=query, content=b"{}x", headers=headers))
        assert done(client, broken)["status"] == "Failed"
        (*_, last) = told(new_database)
        assert last["event"]["importJob"]["reason"]
        assert kinds([last], "importJob") == [("ImportJobStateChangeEvent", "Failed")]


def test_only_who_wants_to_know_is_told(start_server: StartServer, new_database: str) -> None:
    """A listener's query chooses among them as among others."""
    server = start_server(database=new_database, environment=WORKS)
    with server.client() as client:
        wanted = {**CALLBACK, "query": "eventType=ImportJobStateChangeEvent"
                  "&event.importJob.status=Succeeded"}  # fmt: skip
        assert client.post(f"{USAGES}/hub", json=wanted).status_code == 201
        query = {"path": "usage"}
        done(client, posted(client.post(IMPORTS, params=query, content=b"{}", headers=NDJSON)))
        assert kinds(told(new_database), "importJob") == [
            ("ImportJobStateChangeEvent", "Succeeded")
        ]
        assert len(told(new_database)) == 1


def test_what_came_in_is_told_with_whole_addresses(
    start_server: StartServer, new_database: str
) -> None:
    """As the host that the job was asked for at, where no public URL is set; and it leads there."""
    server = start_server(database=new_database, environment=WORKS)
    with server.client() as client:
        assert client.post(f"{USAGES}/hub", json=CALLBACK).status_code == 201
        headers = {**NDJSON, "host": f"localhost:{server.port}"}
        query = {"path": "usage"}
        job = posted(client.post(IMPORTS, params=query, content=b'{"id":"a"}', headers=headers))
        assert job["href"].startswith(f"http://localhost:{server.port}/")
        wait_until(lambda: len(told(new_database)) == 4, "all is told", 120)
        events = told(new_database)
        (made,) = [each["event"]["usage"] for each in events if "usage" in each["event"]]
        assert made["href"] == f"http://localhost:{server.port}{USAGES}/usage/a"
        assert (
            client.get(made["href"]).json() == made | {"href": f"{server.url}{USAGES}/usage/a"}
            or httpx.get(made["href"]).json() == made
        )
        jobs = [each["event"]["importJob"] for each in events if "importJob" in each["event"]]
        assert [each["href"] for each in jobs] == [job["href"]] * 3


@pytest.mark.parametrize(
    ("words", "address"),
    [
        ([], "http://127.0.0.1:8080"),
        (["--public-url", "https://api.example.com"], "https://api.example.com"),
    ],
)
def test_an_import_by_hand_tells_whole_addresses(
    start_server: StartServer, new_database: str, tmp_path: Path, words: list[str], address: str
) -> None:
    """Those of the public URL, else of the host and port that the settings name."""
    server = start_server(database=new_database, environment={"TMFSERVER_WORK": "false"})
    file = tmp_path / "in.ndjson"
    file.write_text('{"id":"a"}\n')
    with server.client() as client:
        assert client.post(f"{USAGES}/hub", json=CALLBACK).status_code == 201
    whole = ["import", "usage", str(file), "--database", new_database, *words]
    assert CliRunner().invoke(commands, whole).exit_code == 0
    (event,) = told(new_database)
    assert event["event"]["usage"]["href"] == f"{address}{USAGES}/usage/a"
