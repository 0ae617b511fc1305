"""Imports of files in other charsets than UTF-8: sent, fetched, and by the command."""

from __future__ import annotations

import json
import uuid
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from tests.http.asking import USAGE, refused
from tests.jobs.conftest import EXPORTS, IMPORTS, done, ended, log, posted
from tests.jobs.partner import partner_server
from tests.jobs.test_kills import change
from tests.serving import Server, StartServer
from tmfserver import sql
from tmfserver.cli import commands
from tmfserver.delivery.transfer import places_of
from tmfserver.job_work import Work
from tmfserver.planning import make_plan
from tmfserver.settings import read
from tmfserver.spool import spool_of

TEXT = "5 € – café"
NDJSON, ARRAY, CSV = "application/x-ndjson", "application/json", "text/csv"


def texts(client: httpx.Client, mark: str) -> list[str]:
    found = client.get(USAGE, params={"usageType": mark}).json()
    return [each["description"] for each in found]


def content(mark: str, media_type: str) -> str:
    record = json.dumps({"usageType": mark, "description": TEXT}, ensure_ascii=False)
    rows = f"usageType,description\n{mark},{TEXT}\n"
    return {NDJSON: f"{record}\n", ARRAY: f"[{record}]", CSV: rows}[media_type]


@pytest.mark.parametrize("media_type", [NDJSON, ARRAY, CSV])
@pytest.mark.parametrize("charset", ["windows-1252", '"UTF-16"'])
def test_what_is_sent_is_read_in_its_charset(
    client: httpx.Client, media_type: str, charset: str
) -> None:
    """The job's contentType says which it was."""
    mark, told = uuid.uuid4().hex, f"{media_type}; charset={charset}"
    job = ended(client, content(mark, media_type).encode(charset.strip('"')), told)
    assert (job["status"], job["counts"]["created"]) == ("Succeeded", 1), job
    assert job["contentType"] == told
    assert texts(client, mark) == [TEXT]


def test_a_part_has_a_charset_of_its_own(client: httpx.Client) -> None:
    """In a form its header says it."""
    mark = uuid.uuid4().hex
    file = ("x", content(mark, CSV).encode("cp1252"), "text/csv; charset=cp1252")
    response = client.post(IMPORTS, params={"path": "usage"}, files={"file": file})
    assert done(client, posted(response))["status"] == "Succeeded"
    assert texts(client, mark) == [TEXT]


def test_bytes_of_another_charset_are_refused(client: httpx.Client) -> None:
    """Record by record, as those that are not UTF-8 are."""
    mark = uuid.uuid4().hex
    rows = b"usageType,description\n%s,\x81\n%s,x\n".replace(b"%s", mark.encode())
    job = ended(client, rows, "text/csv; charset=windows-1252")
    assert job["status"] == "Succeeded"
    assert (job["counts"]["created"], job["counts"]["invalid"]) == (1, 1)
    assert log(client, job)[0]["reason"] == "it is not CP1252"


@pytest.mark.parametrize("charset", ["utf-9", "zip", "idna", "rot13", "x" * 300])
def test_an_unknown_charset_is_refused_at_once(
    client: httpx.Client, server: Server, charset: str
) -> None:
    """Of a body, a part and a job's contentType: what came, what is expected, and no job."""
    before = client.get(IMPORTS).headers["x-total-count"]
    told, query = f"text/csv; charset={charset}", {"path": "usage"}
    for media_type in told, f"application/json; charset={charset}":
        headers = {"content-type": media_type}
        response = client.post(IMPORTS, params=query, content=b"id\n1\n", headers=headers)
        refused(response, 415, charset, "expected a charset of texts, such as utf-8")
    response = client.post(IMPORTS, params=query, files={"file": ("x", b"id\n1\n", told)})
    refused(response, 415, charset, "expected a charset of texts")
    url = "http://127.0.0.1:1/x"
    response = client.post(IMPORTS, json={**query, "url": url, "contentType": told})
    refused(response, 400, "contentType", "expected a charset of texts")
    assert client.get(IMPORTS).headers["x-total-count"] == before
    assert not list(server.log.parent.glob("**/*.part"))


def test_a_body_that_is_no_file_is_utf_8(client: httpx.Client) -> None:
    """A job's own JSON in another charset is refused, whichever it is."""
    headers = {"content-type": "application/json; charset=latin-1"}
    response = client.post(IMPORTS, content=b'{"path":"usage"}', headers=headers)
    refused(response, 415, "charset utf-8")


def test_an_export_is_utf_8(client: httpx.Client) -> None:
    """Another charset is refused rather than passed over."""
    asked = {"path": "usage", "contentType": "text/csv; charset=latin-1"}
    refused(client.post(EXPORTS, json=asked), 400, "contentType", "expected charset utf-8")
    asked["contentType"] = "text/csv; charset=UTF-8"
    assert done(client, posted(client.post(EXPORTS, json=asked)))["status"] == "Succeeded"


@pytest.mark.parametrize(
    ("told", "answered", "status"),
    [
        ({}, "text/csv; charset=cp1252", "Succeeded"),
        ({"contentType": "text/csv; charset=cp1252"}, "text/csv; charset=utf-8", "Succeeded"),
        ({"contentType": "text/csv; charset=cp1252"}, "text/csv; charset=utf-9", "Succeeded"),
        ({"contentType": "text/csv"}, "text/csv; charset=utf-9", "Failed"),
    ],
)
def test_another_server_says_its_charset(
    client: httpx.Client, told: dict[str, str], answered: str, status: str
) -> None:
    """What the job itself says goes before that."""
    mark = uuid.uuid4().hex
    with partner_server() as partner:
        partner.files["/kept/x"] = answered, content(mark, CSV).encode("cp1252")
        asked = {"path": "usage", "url": partner.url("/kept/x"), **told}
        job = done(client, posted(client.post(IMPORTS, json=asked)))
    assert job["status"] == status, job
    if status == "Failed":
        assert "it came in charset 'utf-9', expected a charset of texts" in job["reason"]
    assert texts(client, mark) == ([TEXT] if status == "Succeeded" else [])


def test_who_goes_on_with_a_fetched_file_knows_its_charset(
    start_server: StartServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though it was killed just then, and the other server is not asked again."""
    jobs, mark = str(tmp_path / "spool"), "again"
    server = start_server(environment={"TMFSERVER_WORK": "false"}, jobs_folder=jobs)
    settings = {"database": server.database, "jobs_folder": jobs,
                "callback_networks": "127.0.0.0/8"}  # fmt: skip
    plan = make_plan(read(settings, {}))
    spool, places = spool_of(plan.settings), places_of(plan.settings)

    def killed(*_: Any) -> None:
        raise SystemExit

    def work() -> None:
        claim = bulk.claim(60)
        assert claim is not None
        Work(plan, bulk, claim, spool, places, lambda: False).run()

    with (
        partner_server() as partner,
        server.client() as client,
        closing(sql.open_bulk(server.database, plan.tables, migrate=False)) as bulk,
    ):
        url = partner.url("/kept/x")
        partner.files["/kept/x"] = "text/csv; charset=cp1252", content(mark, CSV).encode("cp1252")
        asked = {"path": "usage", "url": url}
        job = posted(client.post(IMPORTS, json=asked))
        with monkeypatch.context() as patch:
            patch.setattr(Work, "_refuse_another", killed)
            with pytest.raises(SystemExit):
                work()
        change(server.database, "UPDATE job SET lease = 0")
        work()
        assert partner.asked == ["/kept/x"]
        assert client.get(job["href"]).json()["status"] == "Succeeded"
        assert texts(client, mark) == [TEXT]


def test_the_command_reads_a_charset(server: Server, client: httpx.Client, tmp_path: Path) -> None:
    """What it does not know is said at once, with exit code 2."""
    mark = uuid.uuid4().hex
    file = tmp_path / "x.csv"
    file.write_bytes(content(mark, CSV).encode("cp1252"))
    words = ["import", "usage", str(file), "--database", server.database, "--charset"]
    result = CliRunner().invoke(commands, [*words, "zip"])
    assert result.exit_code == 2
    assert "got 'zip', expected a charset of texts, such as utf-8" in result.stderr
    assert CliRunner().invoke(commands, [*words, "windows-1252"]).exit_code == 0
    assert texts(client, mark) == [TEXT]
