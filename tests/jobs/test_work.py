"""What becomes of a job whose worker fails in a way that nobody foresaw, or loses its database."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.conftest import IMPORTS, NDJSON, StartWorker, by_hand, done, posted
from tests.jobs.partner import partner_server
from tests.jobs.test_kills import change
from tests.serving import MakeDatabase, StartServer, select, wait_until
from tmfserver import job_work, jobbing
from tmfserver.delivery import transfer
from tmfserver.planning import make_plan
from tmfserver.settings import read

QUERY = {"path": "usage"}
OURS = "application_name = 'tmfserver jobs'"


def test_a_fault_of_the_server_fails_the_job(
    start_server: StartServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not tried again and again, and says that the log has more; the next job is done."""
    jobs = tmp_path / "spool"
    server = start_server(environment={"TMFSERVER_WORK": "false"}, jobs_folder=jobs)

    def fails(*_: Any) -> None:
        raise ZeroDivisionError

    with server.client() as client, by_hand(server.database, jobs) as next_work:
        some = [
            posted(client.post(IMPORTS, params=QUERY, content=b"{}", headers=NDJSON))
            for _ in range(2)
        ]
        for broken in True, False:
            work = next_work()
            assert work is not None
            with monkeypatch.context() as patch:
                if broken:
                    patch.setattr(job_work, "records_of", fails)
                work.run()
        assert next_work() is None
        first, second = [client.get(job["href"]).json() for job in some]
        assert (first["status"], second["status"]) == ("Failed", "Succeeded")
        reason = "The server failed at it (ZeroDivisionError); its log tells more."
        assert first["reason"] == reason
        assert not list(jobs.iterdir())


def test_a_job_whose_worker_is_killed_at_its_end_leaves_no_file(
    start_server: StartServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever claims it next removes the file, and changes nothing of what was written down."""
    jobs = tmp_path / "spool"
    server = start_server(environment={"TMFSERVER_WORK": "false"}, jobs_folder=jobs)

    def killed() -> None:
        raise SystemExit

    with server.client() as client, by_hand(server.database, jobs) as next_work:
        job = posted(client.post(IMPORTS, params=QUERY, content=b"{}", headers=NDJSON))
        work = next_work()
        assert work is not None
        monkeypatch.setattr(work, "_clear", killed)
        with pytest.raises(SystemExit):
            work.run()
        before = client.get(job["href"])
        ended = before.json()
        assert ended["status"] == "Succeeded"
        assert len(list(jobs.iterdir())) == 1
        change(server.database, "UPDATE job SET lease = 0")
        work = next_work()
        assert work is not None
        work.run()
        assert next_work() is None
        after = client.get(job["href"])
        assert after.json() == ended
        assert after.headers["etag"] == before.headers["etag"]
        assert not list(jobs.iterdir())


def test_a_partner_that_drips_holds_up_no_other_job(
    start_server: StartServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its job has failed and says why; the next one is done."""
    jobs = str(tmp_path / "spool")
    server = start_server(
        environment={"TMFSERVER_WORK": "false"}, jobs_folder=jobs,
        callback_networks="127.0.0.0/8",
    )  # fmt: skip
    settings = {"database": server.database, "jobs_folder": jobs, "transfer_speed": 2**31,
                "callback_networks": "127.0.0.0/8", "delivery_timeout": 1}  # fmt: skip
    plan = make_plan(read(settings, {}))
    monkeypatch.setattr(transfer, "WINDOW", 0.1)
    with server.client() as client, partner_server() as partner:
        url = {"path": "usage", "url": partner.url("/drip/x")}
        slow = posted(client.post(IMPORTS, json=url))
        next_ = posted(client.post(IMPORTS, params=QUERY, content=b"{}", headers=NDJSON))
        ended = False
        worker = jobbing.Worker(plan, lambda: ended)
        thread = threading.Thread(target=worker.run)
        thread.start()
        try:
            assert done(client, next_)["status"] == "Succeeded"
        finally:
            ended = True
            thread.join()
        failed = done(client, slow)
        assert failed["status"] == "Failed"
        assert "it is too slow: " in failed["reason"]


def test_a_worker_whose_connections_break_goes_on(
    start_server: StartServer,
    start_worker: StartWorker,
    make_database: MakeDatabase,
    tmp_path: Path,
) -> None:
    """With new ones, as after a restart of PostgreSQL; what was claimed is done."""
    database, jobs = make_database("postgresql"), str(tmp_path / "spool")
    server = start_server(
        database=database, environment={"TMFSERVER_WORK": "false"}, jobs_folder=jobs
    )
    worker = start_worker(database, jobs_folder=jobs)

    def connections() -> list[tuple[Any, ...]]:
        where = f"{OURS} AND datname = current_database()"
        return select(database, f"SELECT pid FROM pg_stat_activity WHERE {where}")

    wait_until(connections, "the worker is at work", 120)
    change(database, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {OURS}"
                     " AND datname = current_database()")  # fmt: skip
    with server.client() as client:
        job = done(
            client, posted(client.post(IMPORTS, params=QUERY, content=b"{}", headers=NDJSON))
        )
    assert job["counts"]["created"] == 1
    wait_until(lambda: "Jobs cannot go on: " in worker.log.read_text(), "the log tells of it", 120)
