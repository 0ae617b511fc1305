"""Disks that are full: of the database, of the jobs' files, and of what the commands write.

A process whose files may not grow any more stands for a disk that is full: to its programs it is
the same, and it needs no rights. PostgreSQL is made to say so by a trigger.
"""

from __future__ import annotations

import gzip
import json
import random
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.http.asking import USAGE, create, refused, total
from tests.jobs.conftest import EXPORTS, IMPORTS, Job, StartWorker, Worker, done, posted
from tests.jobs.test_kills import change
from tests.programs import COMMAND
from tests.serving import Server, StartServer, plain_environment, select, wait_until

RECORDS = 3_000
TABLE = "usage_management_v4_usage"
_random = random.Random(5)  # so that nothing of it packs well
LINES = [
    json.dumps({"id": f"{n:05}", "description": _random.randbytes(400).hex()}) + "\n"
    for n in range(RECORDS)
]
FILE = gzip.compress("".join(LINES).encode())
PACKED = {"content-type": "application/x-ndjson", "content-encoding": "gzip"}
FULL = (
    "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " IF NEW.id = '02000' THEN RAISE EXCEPTION 'could not extend file: No space left on device'"
    " USING ERRCODE = '53100'; END IF; RETURN NEW; END $$;"
    f" CREATE TRIGGER full_disk BEFORE INSERT ON {TABLE}"
    " FOR EACH ROW EXECUTE FUNCTION full_disk()"
)
UNBUFFERED = "PYTHONUNBUFFERED"
NO_MORE = resource.RLIM_INFINITY

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="the limits of others are Linux's"),
]


def may_write(pid: int, size: int) -> None:
    """From now on no file of a process may be written beyond so many bytes."""
    hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))


def sizes(folder: Path) -> int:
    return max(each.stat().st_size for each in folder.rglob("*") if each.is_file())


def served(start_server: StartServer, database: str, tmp_path: Path, **settings: Any) -> Server:
    return start_server(
        database=database, environment={"TMFSERVER_WORK": "false"},
        jobs_folder=tmp_path / "spool", **settings,
    )  # fmt: skip


def working(start_worker: StartWorker, database: str, tmp_path: Path, **settings: Any) -> Worker:
    return start_worker(database, jobs_folder=tmp_path / "spool", **settings)


def started(client: Any) -> Job:
    query = {"path": "usage"}
    return posted(client.post(IMPORTS, params=query, content=FILE, headers=PACKED))


def test_a_database_without_room(
    start_server: StartServer, start_worker: StartWorker, new_database: str, tmp_path: Path
) -> None:
    """The import has failed, says why and how many came in, and just these are there; the server
    answers, and the same file comes in when there is room."""
    server = served(start_server, new_database, tmp_path)
    worker = working(start_worker, new_database, tmp_path)
    is_file = new_database.startswith("sqlite")
    if is_file:
        may_write(worker.process.pid, 2_500_000)
    else:
        change(new_database, FULL)
    with server.client() as client:
        job = done(client, started(client))
        assert job["status"] == "Failed"
        assert "see whether its disk is full" in job["reason"]
        assert ("disk I/O error" if is_file else "No space left on device") in job["reason"]
        counts = job["counts"]
        assert 0 <= counts["created"] == counts["read"] < RECORDS
        assert total(client, USAGE) == counts["created"]
        if not is_file:
            assert counts["created"] == 2_000
        create(client, USAGE, {"id": "another"})
        assert client.delete(f"{USAGE}/another").status_code == 204
        if is_file:
            may_write(worker.process.pid, NO_MORE)
        else:
            change(new_database, f"DROP TRIGGER full_disk ON {TABLE}")
        again = done(client, started(client))
        assert again["status"] == "Succeeded"
        assert again["counts"] == {
            "read": RECORDS, "created": RECORDS - counts["created"],
            "duplicate": counts["created"], "invalid": 0,
        }  # fmt: skip
        wait_until(lambda: not list((tmp_path / "spool").iterdir()), "their files are gone")


def test_a_job_whose_failure_cannot_be_written_down_waits(
    start_server: StartServer, start_worker: StartWorker, tmp_path: Path
) -> None:
    """It is gone on with when there is room, and its file is still there."""
    server = served(start_server, "", tmp_path)
    worker = working(start_worker, server.database, tmp_path)
    with server.client() as client:
        for n in range(20):
            create(client, USAGE, {"id": f"before-{n}", "description": "x" * 10_000})
        may_write(worker.process.pid, 100_000)
        job = started(client)

        def says_so() -> bool:
            return "Jobs cannot go on: The database cannot write" in worker.log.read_text()

        wait_until(says_so, "the log tells of the disk", 120)
        assert client.get(job["href"]).json()["status"] in ("Not Started", "Running")
        may_write(worker.process.pid, NO_MORE)
        assert done(client, job)["counts"]["created"] == RECORDS


def test_an_upload_without_room(start_server: StartServer, tmp_path: Path) -> None:
    """It is refused at once; no job and no file is left, and a smaller one comes in."""
    server = served(start_server, "", tmp_path)
    with server.client() as client:
        may_write(server.process.pid, 10_000_000)
        headers = {"content-type": "application/x-ndjson"}
        where = {"path": "usage"}
        content = b"\n" * 11_000_000
        response = client.post(IMPORTS, params=where, content=content, headers=headers)
        refused(response, 503, "cannot be kept", "File too large")
        assert response.headers["retry-after"]
        assert total(client, IMPORTS) == 0
        assert not list((tmp_path / "spool").iterdir())
        started(client)
        may_write(server.process.pid, NO_MORE)


def test_an_export_without_room(
    start_server: StartServer, start_worker: StartWorker, new_database: str, tmp_path: Path
) -> None:
    """It has failed and says why, whether its file was to stay here or to come into the folder of
    files; what was there before is as it was, and later there is room."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "x.ndjson").write_text("before")
    server = served(start_server, new_database, tmp_path, files_folder=out)
    worker = working(start_worker, new_database, tmp_path, files_folder=out)
    with server.client() as client:
        assert done(client, started(client))["status"] == "Succeeded"
        here, there = {"path": "usage"}, {"path": "usage", "url": f"file://{out}/x.ndjson"}
        if new_database.startswith("sqlite"):
            # What is written of the job itself shall not come behind what the import wrote.
            change(new_database, "PRAGMA wal_checkpoint(TRUNCATE)")
        # Less than the export, and more than what is written of the job itself.
        may_write(worker.process.pid, max(2_000_000, sizes(tmp_path) + 500_000))
        for asked in here, there:
            job = done(client, posted(client.post(EXPORTS, json=asked)))
            assert job["status"] == "Failed"
            assert "File too large" in job["reason"]
        assert (out / "x.ndjson").read_text() == "before"
        assert [each.name for each in out.iterdir()] == ["x.ndjson"]
        wait_until(lambda: not list((tmp_path / "spool").iterdir()), "their files are gone")
        may_write(worker.process.pid, NO_MORE)
        assert done(client, posted(client.post(EXPORTS, json=there)))["status"] == "Succeeded"
        assert (out / "x.ndjson").read_bytes().count(b"\n") == RECORDS


# --- the commands


def buffered() -> dict[str, str]:
    """The environment as users have it, in which output is kept back and written at last."""
    return {name: value for name, value in plain_environment().items() if name != UNBUFFERED}


def limited(size: int, *words: str | Path, stdout: Any = subprocess.PIPE) -> Any:
    """A command no file of which may be larger."""
    limit = f"import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, -1));"
    start = [sys.executable, "-c", f"{limit} os.execv(sys.argv[1], sys.argv[1:])", str(COMMAND)]
    return subprocess.run(
        [*start, *map(str, words)], stdout=stdout, stderr=subprocess.PIPE, text=True, check=False,
        env=buffered(), timeout=120,
    )  # fmt: skip


@pytest.fixture
def filled(tmp_path: Path) -> str:
    """A database with all records."""
    database = f"sqlite:///{tmp_path / 'full.db'}"
    (tmp_path / "in.ndjson").write_text("".join(LINES))
    done = limited(-1, "import", "usage", tmp_path / "in.ndjson", "--database", database)
    assert done.returncode == 0, done.stderr
    return database


def test_an_export_by_hand_without_room(filled: str, tmp_path: Path) -> None:
    """A sentence and exit code 1; the file of before is whole, and nothing beside it."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "x.csv").write_text("before")
    for name in ("x.csv", "y.ndjson", "y.json.gz", "y.parquet"):
        words = "export", "usage", "--output", out / name, "--database", filled
        done = limited(100_000, *words)
        assert done.returncode == 1, name
        told = "tmfserver: The file cannot be kept: "
        assert done.stderr == f"{told}{out / name}: File too large.\n"
    assert (out / "x.csv").read_text() == "before"
    assert [each.name for each in out.iterdir()] == ["x.csv"]


def test_a_pipe_without_room(filled: str) -> None:
    """Standard output that takes nothing, or that nobody reads any more, is a sentence too."""
    words = "export", "usage", "--database", filled
    for more in [], ["--query", "id=00000"]:
        with Path("/dev/full").open("wb") as full:
            done = limited(-1, *words, *more, stdout=full)
        assert (done.returncode, done.stderr) == (1, "tmfserver: No space left on device\n")
    pipe = subprocess.Popen(
        [COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=buffered(),
    )  # fmt: skip
    assert pipe.stdout is not None
    assert pipe.stderr is not None
    assert json.loads(pipe.stdout.readline())["id"] == "00000"
    pipe.stdout.close()
    assert (pipe.stderr.read(), pipe.wait(60)) == ("tmfserver: Broken pipe\n", 1)
    pipe.stderr.close()


def test_a_log_without_room(tmp_path: Path) -> None:
    """An import that cannot tell what it refuses stops, and says how far it came."""
    database = f"sqlite:///{tmp_path / 'x.db'}"
    file = tmp_path / "in.ndjson"
    file.write_text("nothing\n" * 1500)
    words = "import", "usage", file, "--database", database, "--errors"
    done = limited(-1, *words, "/dev/full")
    assert done.returncode == 1
    assert "/dev/full: No space left on device" in done.stderr
    assert "1000 read" in done.stderr
    assert "Traceback" not in done.stderr
    done = limited(-1, *words, tmp_path / "no" / "folder")
    assert (done.returncode, "No such file" in done.stderr) == (1, True)
    assert "Traceback" not in done.stderr


def test_an_import_by_hand_without_room(tmp_path: Path) -> None:
    """A sentence with how many came in, just these are there, and the rest follows later."""
    database = f"sqlite:///{tmp_path / 'x.db'}"
    file = tmp_path / "in.ndjson"
    file.write_text("".join(LINES))
    done = limited(2_500_000, "import", "usage", file, "--database", database)
    assert done.returncode == 1
    assert "see whether its disk is full" in done.stderr
    ((count,),) = select(database, f"SELECT count(*) FROM {TABLE}")
    assert count < RECORDS
    assert f"{count} created" in done.stderr
    rest = limited(-1, "import", "usage", file, "--database", database)
    assert rest.returncode == 0
    assert f"{RECORDS - count} created, {count} there already" in rest.stderr
