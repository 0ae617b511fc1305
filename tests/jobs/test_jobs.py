"""Imports and exports over HTTP: what is sent in comes out, and each record is accounted for."""

from __future__ import annotations

import csv
import gzip
import io
import json
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.http.asking import refused
from tests.jobs.conftest import EXPORTS, IMPORTS, USAGES, done, log, posted, sent
from tmfserver.records import Columns, open_writer

COUNTS = ("read", "created", "duplicate", "invalid")


def usages(mark: str, count: int = 3) -> list[dict[str, Any]]:
    return [
        {"id": f"{mark}-{n}", "usageType": mark, "status": "received", "description": f"Nr. {n}"}
        for n in range(count)
    ]


def ndjson(documents: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(each) + "\n" for each in documents).encode()


def counts(job: dict[str, Any]) -> list[int]:
    return [job["counts"][name] for name in COUNTS]


@pytest.fixture
def mark() -> str:
    """A usageType that no other test uses."""
    return uuid.uuid4().hex


def test_an_upload_is_imported_and_exported(client: httpx.Client, mark: str) -> None:
    """From a body to documents to a file, with the status and counts of TM Forum's jobs."""
    job = sent(client, gzip.compress(ndjson(usages(mark))))
    assert job["status"] == "Succeeded"
    assert (job["path"], job["contentType"]) == ("usage", "application/x-ndjson")
    assert counts(job) == [3, 3, 0, 0]
    assert job["progress"] == 100
    assert job["creationDate"] < job["completionDate"]
    assert "errorLog" not in job
    asked = {"path": "usage", "query": f"usageType={mark}&sort=-id"}
    made = done(client, posted(client.post(EXPORTS, json=asked)))
    assert (made["status"], made["counts"]) == ("Succeeded", {"written": 3})
    assert made["url"] == f"{made['href']}/content"
    content = client.get(made["url"])
    assert content.headers["content-type"] == "application/x-ndjson"
    found = [json.loads(line) for line in content.text.splitlines()]
    assert [each.pop("href").rsplit("/", 1)[1] for each in found] == [each["id"] for each in found]
    assert found == usages(mark)[::-1]


@pytest.mark.parametrize(
    ("format_", "media_type"),
    [
        ("json", "application/json"),
        ("csv", "text/csv"),
        ("parquet", "application/vnd.apache.parquet"),
    ],
)
def test_each_format_goes_both_ways(
    client: httpx.Client, mark: str, format_: Any, media_type: str
) -> None:
    """What one server exports, another imports."""
    file = io.BytesIO()
    writer = open_writer(file, format_, Columns())
    writer.write([json.dumps(each) for each in usages(mark)])
    writer.close()
    headers = {"content-type": media_type}
    query = {"path": f"/{USAGES[9:]}/usage"}
    response = client.post(IMPORTS, params=query, content=file.getvalue(), headers=headers)
    assert counts(done(client, posted(response))) == [3, 3, 0, 0]
    asked = {"path": "usage", "query": f"usageType={mark}&fields=id", "contentType": media_type}
    made = done(client, posted(client.post(EXPORTS, json=asked)))
    content = client.get(made["url"])
    assert content.headers["content-type"] == media_type
    again = client.post(
        IMPORTS, params={"path": "usage"}, files={"file": (f"x.{format_}", content.content)}
    )
    assert counts(done(client, posted(again))) == [3, 0, 3, 0]
    if format_ == "csv":
        assert [row["id"] for row in csv.DictReader(io.StringIO(content.text))] == [
            each["id"] for each in usages(mark)
        ]


def test_each_record_is_accounted_for(client: httpx.Client, mark: str) -> None:
    """The log tells of what was refused and of what was there already, where it stands, and why."""
    content = ndjson(usages(mark, 2)) + b'{"status":"x"}\n\n{"n":NaN}\n\xff\xfe\n{"id":1}\n'
    content += b'{"description":"' + b"x" * 200_000 + b'"}\n' + ndjson(usages(mark, 3))
    job = sent(client, content)
    assert job["status"] == "Succeeded"
    assert counts(job) == [10, 3, 2, 5]
    told = log(client, job)
    assert [(each["position"], each["line"]) for each in told] == [
        (3, 3), (4, 5), (5, 6), (6, 7), (7, 8), (8, 9), (9, 10)
    ]  # fmt: skip
    assert "'x'" in told[0]["reason"]
    assert "longer than 100000 bytes" in told[4]["reason"]
    assert f"{mark}-0" in told[5]["reason"]


def test_the_log_is_capped_and_says_so(client: httpx.Client) -> None:
    """Many errors are all counted, and the last line tells that not all are told."""
    job = sent(client, b"{}\nnothing\n" * 3000)
    assert job["counts"]["invalid"] == 3000
    told = log(client, job)
    assert len(told) == 51
    assert told[-1] == {"reason": "There are more; this log tells of the first 50."}


def test_a_dry_run_writes_nothing(client: httpx.Client, mark: str) -> None:
    """It counts what would be written."""
    job = sent(client, ndjson([*usages(mark), {"status": "x"}]), dryRun="true")
    assert job["dryRun"] is True
    assert counts(job) == [4, 3, 0, 1]
    found = client.get(f"{USAGES}/usage", params={"usageType": mark, "limit": 0})
    assert found.headers["x-total-count"] == "0"


@pytest.mark.parametrize(
    ("content", "before", "why"),
    [
        (gzip.compress(ndjson(usages("cut", 2000)))[:-20], False, "the gzip file ends too soon"),
        (b'[{"description":"a"},{"description"', True, "element 2"),
        (b"id,id\n1,2\n", False, "the column 'id' twice"),
        (b"PAR1 and nothing", False, "no Parquet file"),
    ],
)
def test_a_broken_file_fails_with_its_reason(
    client: httpx.Client, content: bytes, before: bool, why: str
) -> None:
    """What came before it is kept and counted; nothing half."""
    headers = {"content-type": "application/octet-stream"}
    response = client.post(IMPORTS, params={"path": "usage"}, content=content, headers=headers)
    job = done(client, posted(response))
    assert job["status"] == "Failed"
    assert why in job["reason"]
    assert bool(job["counts"].get("created")) is before or "gzip" in why
    assert "completionDate" in job


def test_files_of_the_folder_come_and_go(client: httpx.Client, folder: Path, mark: str) -> None:
    """file: URLs work inside of the operator's folder, packed as their names say."""
    (folder / f"{mark} in.ndjson").write_bytes(ndjson(usages(mark)))
    url = f"file://{folder}/{mark}%20in.ndjson"
    job = done(client, posted(client.post(IMPORTS, json={"path": "usage", "url": url})))
    assert counts(job) == [3, 3, 0, 0]
    assert (folder / f"{mark} in.ndjson").exists()
    asked = {"path": "usage", "query": f"usageType={mark}", "url": f"file://{folder}/{mark}.csv.gz"}
    assert done(client, posted(client.post(EXPORTS, json=asked)))["status"] == "Succeeded"
    text = gzip.decompress((folder / f"{mark}.csv.gz").read_bytes()).decode()
    assert [row["id"] for row in csv.DictReader(io.StringIO(text))] == [
        each["id"] for each in usages(mark)
    ]
    assert not list(folder.glob("*.part")) + list(folder.glob(".*.part"))
    lost = {"path": "usage", "url": f"file://{folder}/nothing.csv"}
    failed = done(client, posted(client.post(IMPORTS, json=lost)))
    assert (failed["status"], "No such file" in failed["reason"]) == ("Failed", True)


@pytest.mark.parametrize(
    ("path", "job", "word"),
    [
        (IMPORTS, {"path": "usage"}, "url"),
        (IMPORTS, {"path": "nothing", "url": "https://example.com/x"}, "usageManagement/v4/usage"),
        (IMPORTS, {"path": "importJob", "url": "https://example.com/x"}, "path"),
        (IMPORTS, {"path": "usage", "url": "ftp://example.com/x"}, "http"),
        (IMPORTS, {"path": "usage", "url": "file:///etc/passwd"}, "files_folder"),
        (IMPORTS, {"path": "usage", "url": "http://10.0.0.1/x"}, "private"),
        (IMPORTS, {"path": "usage", "url": "http://169.254.169.254/latest"}, "link-local"),
        (EXPORTS, {"path": "usage", "query": "usageDate.gte=soon"}, "usageDate"),
        (EXPORTS, {"path": "usage", "contentType": "application/pdf"}, "text/csv"),
    ],
)
def test_what_cannot_be_done_is_refused_at_once(
    client: httpx.Client, path: str, job: dict[str, Any], word: str
) -> None:
    """With a 400 that names what is wrong, and no job."""
    before = client.get(path, params={"limit": 0}).headers["x-total-count"]
    refused(client.post(path, json=job), 400, word)
    assert client.get(path, params={"limit": 0}).headers["x-total-count"] == before


def test_folders_are_not_left_by_links_and_dots(client: httpx.Client, folder: Path) -> None:
    """Neither `..`, encoded or not, nor a symbolic link leads out of the operator's folder."""
    (folder / "link").unlink(missing_ok=True)
    (folder / "link").symlink_to("/etc")
    for name in ("../x.csv", "%2e%2e/x.csv", "link/passwd", ""):
        job = {"path": "usage", "url": f"file://{folder}/{name}"}
        refused(client.post(IMPORTS, json=job), 400, "files_folder")


def test_an_upload_must_say_where_to_and_keep_to_its_size(client: httpx.Client) -> None:
    """Without a path, of an unknown kind, too large, or with no file among its parts."""
    body = b'{"id":"x"}'
    headers = {"content-type": "text/csv"}
    refused(client.post(IMPORTS, content=body, headers=headers), 400, "path")
    where = {"path": "usage"}
    odd = {"content-type": "application/pdf"}
    refused(client.post(IMPORTS, params=where, content=body, headers=odd), 415)
    packed = {**headers, "content-encoding": "br"}
    refused(client.post(IMPORTS, params=where, content=body, headers=packed), 400, "gzip")
    large = (b"x" * 1_000_000 for _ in range(21))
    refused(client.post(IMPORTS, params=where, content=large, headers=headers), 413)
    refused(client.post(IMPORTS, params=where, files={"other": (None, b"x")}), 400, "part")
    cut = {"content-type": "multipart/form-data; boundary=b"}
    content = b'--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n{"id"'
    refused(client.post(IMPORTS, params=where, content=content, headers=cut), 400, "part")


def test_a_job_is_listed_retrieved_and_deleted(client: httpx.Client, mark: str) -> None:
    """As any resource; what it made goes with it, what it wrote stays."""
    job = sent(client, ndjson([*usages(mark), {"status": "x"}]))
    assert client.get(IMPORTS, params={"id": job["id"]}).json() == [job]
    assert len(log(client, job)) == 1
    assert client.delete(job["href"]).status_code == 204
    refused(client.get(job["href"]), 404)
    refused(client.get(job["errorLog"]), 404)
    assert client.get(f"{USAGES}/usage/{mark}-0").status_code == 200
    made = done(client, posted(client.post(EXPORTS, json={"path": "usage", "id": f"{mark}-job"})))
    assert made["id"] == f"{mark}-job"
    assert client.delete(made["href"]).status_code == 204
    refused(client.get(made["url"]), 404)


def test_what_an_export_makes_is_not_there_before(client: httpx.Client) -> None:
    """A job that failed has no content."""
    query = {"path": "usage", "query": "sort=$.nowhere[*].x"}
    response = client.post(EXPORTS, json=query)
    if response.status_code == 201:
        job = done(client, response.json())
        if job["status"] == "Failed":
            refused(client.get(f"{job['href']}/content"), 409, "Failed")
