"""What imports hold in memory: of a huge record nothing, of a million refusals a few lines."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.jobs.conftest import Job, StartWorker, Worker, ended, log
from tests.serving import StartServer

MIB = 1024 * 1024
HUGE = 200_000_000  # bytes of one record
MORE = 120 * MIB  # than a small import takes: some times the longest record that is taken

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is told by Linux")


def highest(worker: Worker) -> int:
    """The most bytes of memory that a process ever held. Not from resource.getrusage, which counts
    those that its parent held when it was started."""
    status = Path(f"/proc/{worker.process.pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if "VmHWM" in line)


def packed(*parts: bytes) -> bytes:
    return b"".join(gzip.compress(part, 1) for part in parts)


def huge() -> Iterator[tuple[str, bytes, str]]:
    """(media type, file, what is told of the record)"""
    middle = b"x" * HUGE
    yield (
        "application/x-ndjson",
        packed(b'{"id":"a"}\n{"id":"', middle, b'"}\n{"id":"b"}\n'),
        "line is longer than 10485760 bytes",
    )
    yield (
        "text/csv",
        packed(b"id\nc\n", middle, b"\nd\n"),
        "row is longer than 10485760 bytes",
    )
    yield (
        "text/csv",
        packed(b'id\ne\n"', (b"x," * 5_000 + b"\n") * (HUGE // 10_000)),
        "a quote before line 1051 does not end within 10485760 bytes",
    )
    yield (
        "application/json",
        packed(b'[{"id":"f"},{"id":"', middle, b'"}]'),
        "more than 10485760 bytes",
    )


def test_a_record_of_200_million_bytes_is_never_held(
    start_server: StartServer, start_worker: StartWorker, tmp_path: Path
) -> None:
    """Refused by its size where the next one can be found, else the end of the file; the process
    needs no more memory for it than for the longest that is taken."""
    jobs = str(tmp_path / "spool")
    server = start_server(environment={"TMFSERVER_WORK": "false"}, jobs_folder=jobs)
    worker = start_worker(server.database, installed=True, jobs_folder=jobs)
    with server.client() as client:
        before = packed(b'{"id":"before"}\n')
        assert ended(client, before, "application/x-ndjson")["counts"]["created"] == 1
        small = highest(worker)
        for media_type, content, why in huge():
            job = ended(client, content, media_type)
            assert job["counts"]["created"] == (1 if job["status"] == "Failed" else 2), job
            told = [each["reason"] for each in log(client, job)] if "errorLog" in job else []
            assert why in " ".join([*told, job.get("reason", "")])
            assert highest(worker) - small < MORE, (media_type, highest(worker) - small)


def test_refusals_are_counted_and_not_held(
    start_server: StartServer, start_worker: StartWorker, tmp_path: Path
) -> None:
    """The log is capped by the setting and says so; each record is counted."""
    jobs = str(tmp_path / "spool")
    server = start_server(environment={"TMFSERVER_WORK": "false"}, jobs_folder=jobs)
    worker = start_worker(server.database, installed=True, jobs_folder=jobs, error_log_limit=1_200)
    with server.client() as client:
        first = ended(client, b"x\n" * 1_000, "application/x-ndjson")
        assert (first["counts"]["invalid"], len(log(client, first))) == (1_000, 1_000)
        small = highest(worker)
        job: Job = ended(client, b"x\n" * 50_000, "application/x-ndjson")
        assert (job["status"], job["counts"]["invalid"]) == ("Succeeded", 50_000)
        told = log(client, job)
        assert [each.get("position") for each in told] == [*range(1, 1_201), None]
        assert told[-1] == {"reason": "There are more; this log tells of the first 1200."}
        assert highest(worker) - small < 20 * MIB
