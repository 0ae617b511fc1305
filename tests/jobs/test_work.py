"""What becomes of a job whose worker fails in a way that nobody foresaw, or loses its database."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.conftest import IMPORTS, NDJSON, StartWorker, done, posted
from tests.jobs.test_kills import change
from tests.serving import MakeDatabase, StartServer, select, wait_until
from tmfserver import job_work, sql
from tmfserver.delivery.transfer import places_of
from tmfserver.job_work import Work
from tmfserver.planning import make_plan
from tmfserver.settings import read
from tmfserver.spool import spool_of

QUERY = {"path": "usage"}
OURS = "application_name = 'tmfserver jobs'"


def test_a_fault_of_the_server_fails_the_job(
    start_server: StartServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not tried again and again, and says that the log has more; the next job is done."""
    jobs = str(tmp_path / "spool")
    server = start_server(environment={"TMFSERVER_WORK": "false"}, jobs_folder=jobs)
    plan = make_plan(read({"database": server.database, "jobs_folder": jobs}, {}))
    spool, places = spool_of(plan.settings), places_of(plan.settings)

    def fails(*_: Any) -> None:
        raise ZeroDivisionError

    with (
        server.client() as client,
        closing(sql.open_bulk(server.database, plan.tables, migrate=False)) as bulk,
    ):
        some = [
            posted(client.post(IMPORTS, params=QUERY, content=b"{}", headers=NDJSON))
            for _ in range(2)
        ]
        for broken in True, False:
            claim = bulk.claim(60)
            assert claim is not None
            with monkeypatch.context() as patch:
                if broken:
                    patch.setattr(job_work, "records_of", fails)
                Work(plan, bulk, claim, spool, places, lambda: False).run()
        assert bulk.claim(60) is None
        first, second = [client.get(job["href"]).json() for job in some]
        assert (first["status"], second["status"]) == ("Failed", "Succeeded")
        reason = "The server failed at it (ZeroDivisionError); its log tells more."
        assert first["reason"] == reason
        assert not list(Path(jobs).iterdir())


def test_a_job_whose_worker_is_killed_at_its_end_leaves_no_file(
    start_server: StartServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever claims it next removes the file, and changes nothing of what was written down."""
    jobs = str(tmp_path / "spool")
    server = start_server(environment={"TMFSERVER_WORK": "false"}, jobs_folder=jobs)
    plan = make_plan(read({"database": server.database, "jobs_folder": jobs}, {}))
    spool, places = spool_of(plan.settings), places_of(plan.settings)

    def killed() -> None:
        raise SystemExit

    with (
        server.client() as client,
        closing(sql.open_bulk(server.database, plan.tables, migrate=False)) as bulk,
    ):
        job = posted(client.post(IMPORTS, params=QUERY, content=b"{}", headers=NDJSON))
        claim = bulk.claim(60)
        assert claim is not None
        work = Work(plan, bulk, claim, spool, places, lambda: False)
        monkeypatch.setattr(work, "_clear", killed)
        with pytest.raises(SystemExit):
            work.run()
        ended = client.get(job["href"]).json()
        assert ended["status"] == "Succeeded"
        assert len(list(Path(jobs).iterdir())) == 1
        change(server.database, "UPDATE job SET lease = 0")
        claim = bulk.claim(60)
        assert claim is not None
        Work(plan, bulk, claim, spool, places, lambda: False).run()
        assert bulk.claim(60) is None
        assert client.get(job["href"]).json() == ended
        assert not list(Path(jobs).iterdir())


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
