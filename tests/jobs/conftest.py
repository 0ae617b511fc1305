"""Servers whose jobs a test watches, and programs that work on jobs."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest

from tests.serving import (
    DATABASES,
    MakeDatabase,
    Server,
    begin,
    flags,
    launch,
    stop_cleanly,
    wait_until,
)
from tmfserver import sql
from tmfserver.delivery.transfer import places_of
from tmfserver.job_work import Work
from tmfserver.planning import make_plan
from tmfserver.settings import read
from tmfserver.spool import spool_of

USAGES = "/tmf-api/usageManagement/v4"
IMPORTS, EXPORTS = f"{USAGES}/importJob", f"{USAGES}/exportJob"
NDJSON = {"content-type": "application/x-ndjson"}
ENDED = ("Succeeded", "Failed")

Job = dict[str, Any]


def done(client: httpx.Client, job: Job, patience: float = 120) -> Job:
    """The job when it has ended."""
    found: list[Job] = []

    def ended() -> bool:
        found[:] = [client.get(job["href"]).json()]
        return found[0]["status"] in ENDED

    wait_until(ended, "the job has ended", patience)
    return found[0]


def posted(response: httpx.Response) -> Job:
    assert response.status_code == 201, response.text
    job: Job = response.json()
    assert job["status"] == "Not Started"
    assert response.headers["location"] == job["href"]
    return job


def sent(client: httpx.Client, content: bytes, **query: str) -> Job:
    """An import of what is sent with it, as it has ended."""
    query = {"path": "usage", **query}
    return done(client, posted(client.post(IMPORTS, params=query, content=content, headers=NDJSON)))


def ended(client: httpx.Client, content: bytes, media_type: str, path: str = "usage") -> Job:
    """An import of any kind of file, as it has ended."""
    headers = {"content-type": media_type}
    response = client.post(IMPORTS, params={"path": path}, content=content, headers=headers)
    return done(client, posted(response))


def log(client: httpx.Client, job: Job) -> list[dict[str, Any]]:
    """The lines of an import's error log."""
    response = client.get(job["errorLog"])
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in response.text.splitlines()]


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The setting files_folder."""
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="package", params=DATABASES)
def server(
    request: pytest.FixtureRequest,
    make_database: MakeDatabase,
    tmp_path_factory: pytest.TempPathFactory,
    folder: Path,
) -> Iterator[Server]:
    """A server that carries out jobs, with a log that is capped early."""
    started = launch(
        tmp_path_factory.mktemp(f"jobs-{request.param}"),
        make_database(request.param),
        {"TMFSERVER_WORK": "true"},
        files_folder=folder,
        error_log_limit=50,
        record_limit=100_000,
        upload_limit=20_000_000,
        delivery_timeout=3,
    )
    yield started
    stop_cleanly(started)


@pytest.fixture(scope="package")
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as made:
        yield made


@contextmanager
def by_hand(database: str, jobs: Path) -> Iterator[Callable[[], Work | None]]:
    """What gives the next job's work, to be run in this process; None: nothing is to be done."""
    plan = make_plan(read({"database": database, "jobs_folder": str(jobs)}, {}))
    spool, places = spool_of(plan.settings), places_of(plan.settings)
    with closing(sql.open_bulk(database, plan.tables, migrate=False)) as bulk:

        def next_work() -> Work | None:
            claim = bulk.claim(60)
            return claim and Work(plan, bulk, claim, spool, places, lambda: False)

        yield next_work


class Worker:
    """`tmfserver work` as a program of its own."""

    def __init__(self, folder: Path, database: str, *, installed: bool, **settings: Any) -> None:
        self.log = folder / "worker.log"
        words = ["work", *flags({"database": database, **settings})]
        self.process = begin(words, folder, self.log, installed=installed)

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(60)


class StartWorker(Protocol):
    def __call__(self, database: str, *, installed: bool = False, **settings: Any) -> Worker: ...


@pytest.fixture
def start_worker(tmp_path: Path) -> Iterator[StartWorker]:
    """Starts programs that work on jobs; those that a test leaves must end quietly."""
    started: list[Worker] = []

    def start(database: str, *, installed: bool = False, **settings: Any) -> Worker:
        started.append(Worker(tmp_path, database, installed=installed, **settings))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            assert each.stop() == 0
        printed = each.log.read_text(encoding="utf-8")
        assert "Traceback" not in printed, printed
