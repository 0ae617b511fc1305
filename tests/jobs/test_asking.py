"""Jobs that are asked for in odd ways: refused, done once, or failed with a sentence that helps."""

from __future__ import annotations

import uuid
from pathlib import Path

import httpx
import pytest

from tests.http.asking import JSON_PATCH, USAGE, refused, total
from tests.jobs.conftest import EXPORTS, IMPORTS, NDJSON, by_hand, done, posted
from tests.serving import StartServer

QUERY = {"path": "usage"}


def jobs(client: httpx.Client, path: str) -> int:
    return int(client.get(path, params={"limit": 1}).headers["x-total-count"])


@pytest.mark.parametrize("name", ["none.csv", "nowhere/none.csv", "folder"])
def test_a_file_that_is_not_there_is_named(client: httpx.Client, folder: Path, name: str) -> None:
    """The reason is the file's, not that of a full disk."""
    (folder / "folder").mkdir(exist_ok=True)
    url = f"file://{folder}/{name}"
    job = done(client, posted(client.post(IMPORTS, json={**QUERY, "url": url})))
    assert job["status"] == "Failed"
    why = "Is a directory" if name == "folder" else "No such file or directory"
    assert job["reason"] == f"{url} cannot be fetched or written: {why}."


def test_an_upload_that_this_worker_does_not_see_is_told_of(
    start_server: StartServer, tmp_path: Path
) -> None:
    """Where who takes it and who carries it out have different folders."""
    server = start_server(
        environment={"TMFSERVER_WORK": "false"}, jobs_folder=str(tmp_path / "one")
    )
    other = by_hand(server.database, tmp_path / "other")
    with server.client() as client, other as next_work:
        job = posted(client.post(IMPORTS, params=QUERY, content=b"{}", headers=NDJSON))
        work = next_work()
        assert work is not None
        work.run()
        ended = client.get(job["href"]).json()
        assert ended["status"] == "Failed"
        assert "all who take and carry out jobs need one jobs_folder" in ended["reason"]


@pytest.mark.parametrize("text", ["1", "yes", "maybe", ""])
def test_a_dry_run_is_never_taken_for_an_import(client: httpx.Client, text: str) -> None:
    """What is neither true nor false is refused, and nothing is written."""
    mark = uuid.uuid4().hex
    content = b'{"usageType":"%s"}' % mark.encode()
    before = jobs(client, IMPORTS)
    response = client.post(
        IMPORTS, params={**QUERY, "dryRun": text}, content=content, headers=NDJSON
    )
    refused(response, 400, "dryRun", f"'{text}'", "expected true or false")
    assert jobs(client, IMPORTS) == before
    assert total(client, USAGE, usageType=mark) == 0


@pytest.mark.parametrize("name", ["cursor", "depth", "expand"])
def test_an_export_has_no_pages_and_follows_no_references(client: httpx.Client, name: str) -> None:
    """What a list can do and an export cannot is refused rather than passed over."""
    response = client.post(EXPORTS, json={**QUERY, "query": f"status=rated&{name}=1"})
    refused(response, 400, name, "expected filters, sort, fields, offset and limit alone")


def test_a_job_with_a_key_is_begun_once(client: httpx.Client) -> None:
    """Sent again it is answered as before; another job with the key is refused."""
    key = {"idempotency-key": uuid.uuid4().hex}
    before = jobs(client, EXPORTS)
    asked = {**QUERY, "query": "id=nobody"}
    first, again = [client.post(EXPORTS, json=asked, headers=key) for _ in range(2)]
    assert again.headers["idempotency-replayed"] == "true"
    assert (again.status_code, again.json(), again.headers["location"]) == (
        201, first.json(), first.headers["location"],
    )  # fmt: skip
    refused(client.post(EXPORTS, json=QUERY, headers=key), 422, "Idempotency-Key")
    assert jobs(client, EXPORTS) == before + 1
    assert done(client, first.json())["status"] == "Succeeded"


def test_a_file_with_a_key_is_imported_once(client: httpx.Client) -> None:
    """Of files with one key only the very same is the same request."""
    mark = uuid.uuid4().hex
    headers = {**NDJSON, "idempotency-key": mark}
    content = b'{"usageType":"%s"}\n' % mark.encode()
    first, again = [
        client.post(IMPORTS, params=QUERY, content=content, headers=headers) for _ in range(2)
    ]
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first.json()
    response = client.post(IMPORTS, params=QUERY, content=content * 2, headers=headers)
    refused(response, 422, "Idempotency-Key")
    assert done(client, first.json())["counts"]["created"] == 1
    # Jobs are done one after the other: another one would have been before this.
    other = client.post(IMPORTS, params=QUERY, content=b"", headers=NDJSON)
    done(client, posted(other))
    assert total(client, USAGE, usageType=mark) == 1


@pytest.mark.parametrize("path", [IMPORTS, EXPORTS])
def test_jobs_are_begun_one_by_one(client: httpx.Client, path: str) -> None:
    """There is no PATCH on their collections, which would make jobs that nobody carries out."""
    value = {**QUERY, "url": "http://127.0.0.1:1/x"}
    patch = [{"op": "add", "path": "/-", "value": value}]
    refused(client.patch(path, json=patch, headers={"content-type": JSON_PATCH}), 405, "PATCH")
