"""A million records through jobs, as an operator has them: imported, killed twice, given back.

`python -m benchmarks.million [--records N] [--only DATABASE]` writes benchmarks/results/million.md.
A server takes the jobs, `tmfserver work` carries them out and is killed by SIGKILL at a third and
at two thirds of the import. Then everything is counted: rows, errorLog, and the export, record by
record and digit by digit.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import httpx

from benchmarks.databases import NAMES, Databases, opened
from benchmarks.jobs import HANDLER, texts
from benchmarks.servers import running

BASE = "/tmf-api/usageManagement/v4"
RESULTS = Path(__file__).with_name("results") / "million.md"
DUPLICATE, INVALID = 997, 1_009  # every how manieth record is one
ENDED = ("Succeeded", "Failed")


def records(count: int) -> Iterator[tuple[str, str]]:
    """(what is to become of it, text) of each record: its id and digits are the client's own."""
    before = ""
    for number, (_, text) in enumerate(texts(0, count), 1):
        if number % DUPLICATE == 0:
            yield "duplicate", before
        elif number % INVALID == 0:
            yield "invalid", f'{text[:-1]},"status":"nonsense"}}'
        else:
            before = text
            yield "created", text


def write_file(path: Path, count: int) -> dict[str, list[int]]:
    """The positions of those that are duplicates, and of those that are invalid."""
    told: dict[str, list[int]] = {"created": [], "duplicate": [], "invalid": []}
    # As many more are written as are refused, so that exactly `count` are there in the end.
    with path.open("w", encoding="utf-8") as file:
        for position, (fate, text) in enumerate(records(count * 2), 1):
            told[fate].append(position)
            file.write(text + "\n")
            if len(told["created"]) == count:
                return told
    raise AssertionError


@contextmanager
def working(flags: Sequence[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`tmfserver work`, while the block lasts or until it is killed in it."""
    program = str(Path(sys.executable).with_name("tmfserver"))
    with log.open("ab") as output:
        process = subprocess.Popen([program, "work", *flags], stdout=output, stderr=output)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(30)


def peak(pid: int) -> int:
    """Bytes that a process has had in memory at most."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    return 0


def followed(client: httpx.Client, job: dict[str, Any], pid: int, until: int) -> tuple[Any, int]:
    """(the job, the process's peak memory) when it has ended or is so many percent done."""
    most = 0
    while True:
        found = client.get(job["href"]).json()
        most = max(most, peak(pid))
        if found["status"] in ENDED or int(found.get("progress", 0)) >= until:
            return found, most
        time.sleep(0.2)


def carry_out(
    client: httpx.Client, job: dict[str, Any], flags: Sequence[str], log: Path, kills: Sequence[int]
) -> tuple[dict[str, Any], int, float]:
    """(the job as it ended, peak memory, seconds). kills: percents at which the worker dies."""
    most, begun = 0, time.perf_counter()
    for percent in (*kills, 101):
        with working(flags, log) as process:
            job, memory = followed(client, job, process.pid, percent)
            most = max(most, memory)
            if percent < 101:
                assert job["status"] not in ENDED, job
                process.send_signal(signal.SIGKILL)
                process.wait()
                print(f"killed at {job['counts']}", flush=True)
    return job, most, time.perf_counter() - begun


def exact(text: str) -> Any:
    """Numbers as their digits."""
    document = json.loads(text, parse_float=str, parse_int=str)
    document.pop("href", None)
    return document


def compared(out: Path, count: int) -> int:
    """How many exported records are those that were imported, in their order."""
    wanted = (text for fate, text in records(count * 2) if fate == "created")
    same = 0
    with out.open(encoding="utf-8") as file:
        for line, text in zip(file, islice(wanted, count), strict=True):
            assert exact(line) == exact(text), (line, text)
            same += 1
    return same


def entered(client: httpx.Client, kind: str, url: str) -> dict[str, Any]:
    asked = {"path": "usage", "contentType": "application/x-ndjson", "url": url}
    job: dict[str, Any] = client.post(f"{BASE}/{kind}", json=asked).raise_for_status().json()
    return job


def measure(databases: Databases, count: int, folder: Path) -> str:
    url, log = databases.create("million"), folder / "log.txt"
    told = write_file(folder / "in.ndjson", count)
    size = (folder / "in.ndjson").stat().st_size
    common = ["--handlers", str(folder / "handlers"), "--jobs-folder", str(folder / "spool"),
              "--files-folder", str(folder)]  # fmt: skip
    with (
        running("tmfserver", url, folder / "server.txt", [*common, "--no-work"]) as (_, port),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as client,
    ):
        flags = ["--database", url, *common]
        job = entered(client, "importJob", f"file://{folder}/in.ndjson")
        job, memory, seconds = carry_out(client, job, flags, log, (33, 66))
        refused = len(told["duplicate"]) + len(told["invalid"])
        assert job["status"] == "Succeeded", job
        assert job["counts"] == {
            "read": count + refused, "created": count,
            "duplicate": len(told["duplicate"]), "invalid": len(told["invalid"]),
        }, job  # fmt: skip
        lines = client.get(job["errorLog"]).raise_for_status().text.splitlines()
        positions = [json.loads(line)["position"] for line in lines]
        assert positions == sorted(told["duplicate"] + told["invalid"])
        found = client.get(f"{BASE}/usage", params={"limit": 1, "fields": "id"})
        assert found.headers["x-total-count"] == str(count), found.headers
        out = entered(client, "exportJob", f"file://{folder}/out.ndjson")
        out, more, export = carry_out(client, out, flags, log, ())
        assert out["status"] == "Succeeded", out
    same = compared(folder / "out.ndjson", count)
    return (
        f"| {databases.name} | {size / 2**30:.2f} GiB | {count:,} | {refused:,} | {seconds:,.0f} s"
        f" | {memory / 2**20:,.0f} MB | {export:,.0f} s | {more / 2**20:,.0f} MB | {same:,} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--only", choices=NAMES)
    given = parser.parse_args()
    about = (
        f"An NDJSON file of usages of about 1.5 KB, some of them there already, some invalid;"
        f" the worker was killed at 33 and at 66 %, and its lease of 15 s waited for."
        f" {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} processors, load"
        f" {os.getloadavg()[0]:.1f} when it began, Python {platform.python_version()}."
        " `python -m benchmarks.million` makes this page anew."
    )
    head = (
        "| database | file | created | in the errorLog | import | peak memory | export |"
        " peak memory | same, digit by digit |"
    )
    lines = ["# A million records, killed twice", "", about, "", head, "|---" * 9 + "|"]
    for name in NAMES if given.only is None else [given.only]:
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            (folder / "handlers").mkdir()
            (folder / "handlers" / "usage.py").write_text(HANDLER, encoding="utf-8")
            with opened(name, folder) as databases:
                row = measure(databases, given.records, folder)
            print(row, flush=True)
            lines.append(row)
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
