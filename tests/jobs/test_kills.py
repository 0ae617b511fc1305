"""Jobs survive whoever works on them: nothing is lost, and nothing is there twice."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from tests.jobs.conftest import IMPORTS, NDJSON, StartWorker, done, log, posted
from tests.serving import StartServer, select, wait_until

RECORDS = 20_000
DUPLICATE, INVALID = 1_000, 500  # every how manieth is one
TABLE = "usage_management_v4_usage"


def change(database: str, statement: str) -> None:
    if database.startswith("sqlite"):
        with closing(sqlite3.connect(database.removeprefix("sqlite:///"), timeout=30)) as found:
            found.execute(statement)
            found.commit()
    else:
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(statement.encode())


def lines() -> list[str]:
    """Records without ids, so that one that is loaded twice would be there twice."""
    made = []
    for number in range(1, RECORDS + 1):
        document = {"description": f"record {number}", "usageType": "killed"}
        if number % DUPLICATE == 0:
            document["id"] = "always-the-same"
        elif number % INVALID == 0:
            document["status"] = "nonsense"
        made.append(json.dumps(document))
    return made


@pytest.mark.slow
def test_an_import_that_is_killed_twice_ends_whole(
    start_server: StartServer, start_worker: StartWorker, new_database: str, tmp_path: Path
) -> None:
    """Each record is there once, each duplicate and each invalid one is in the log, once."""
    jobs = str(tmp_path / "spool")
    server = start_server(
        database=new_database, environment={"TMFSERVER_WORK": "false"}, jobs_folder=jobs
    )
    with server.client() as client:
        content = "\n".join(lines()).encode()
        query = {"path": "usage"}
        job = posted(client.post(IMPORTS, params=query, content=content, headers=NDJSON))
        killed = []
        for least in (3_000, 9_000):
            worker = start_worker(new_database, jobs_folder=jobs)

            def position() -> int:
                return int(select(new_database, "SELECT position FROM job")[0][0])

            wait_until(lambda at=least: position() >= at, "the job is on its way", 120)
            worker.kill()
            killed.append(position())
            # As when the lease of who was killed is over.
            change(new_database, "UPDATE job SET lease = 0")
        assert 3_000 <= killed[0] < killed[1] < RECORDS
        start_worker(new_database, jobs_folder=jobs)
        ended = done(client, job)
        assert ended["status"] == "Succeeded"
        duplicates = RECORDS // DUPLICATE - 1
        invalid = RECORDS // INVALID - RECORDS // DUPLICATE
        created = RECORDS - duplicates - invalid
        assert ended["counts"] == {
            "read": RECORDS, "created": created, "duplicate": duplicates, "invalid": invalid,
        }  # fmt: skip
        told = [each["position"] for each in log(client, ended)]
        assert told == [n for n in range(1, RECORDS + 1) if n % INVALID == 0 and n != DUPLICATE]
        (rows,) = select(
            new_database, f"SELECT count(*), count(DISTINCT CAST(document AS text)) FROM {TABLE}"
        )
        assert rows == (created, created)
        wait_until(lambda: not list(Path(jobs).iterdir()), "its file is gone")


def test_an_import_that_is_deleted_stops(
    start_server: StartServer, start_worker: StartWorker, new_database: str, tmp_path: Path
) -> None:
    """Whoever works on it goes on with the next, and its file is gone."""
    jobs = str(tmp_path / "spool")
    server = start_server(
        database=new_database, environment={"TMFSERVER_WORK": "false"}, jobs_folder=jobs
    )
    with server.client() as client:
        query = {"path": "usage"}
        content = "\n".join(lines()).encode()
        job = posted(client.post(IMPORTS, params=query, content=content, headers=NDJSON))
        other = posted(client.post(IMPORTS, params=query, content=b"{}", headers=NDJSON))
        start_worker(new_database, jobs_folder=jobs)
        wait_until(lambda: client.get(job["href"]).json().get("progress"), "it has begun", 120)
        assert client.delete(job["href"]).status_code == 204
        assert done(client, other)["counts"]["created"] == 1
        ((count,),) = select(new_database, f"SELECT count(*) FROM {TABLE}")
        assert 0 < count < RECORDS
        waiting = "SELECT id FROM job WHERE state = 'waiting'"
        wait_until(lambda: select(new_database, waiting) == [], "both are done with")
        assert not list(Path(jobs).iterdir())
