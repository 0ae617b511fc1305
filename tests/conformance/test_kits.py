"""Kits that a user brings: what is taken over of their results, and what is refused."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from zipfile import ZipFile, ZipInfo

import pytest
from tests.conformance.made_kits import CONFIG, PACKAGE, Ask, make, zipped
from tests.conformance.runs import API

from tmfserver.conformance import kits
from tmfserver.conformance.kits import bringing, newman
from tmfserver.conformance.results import ApiTested
from tmfserver.conformance.trial import CannotTest

needs_node = pytest.mark.skipif(
    not (shutil.which("node") and shutil.which("npm")), reason="Node.js is not installed"
)
LISTS: Ask = ("lists", "GET", "ticket", 200, None)
CREATES: Ask = ("creates", "POST", "ticket", 201, '{"name": "é"}')


class Office(BaseHTTPRequestHandler):
    """A server that answers every list and create, and remembers what it was sent."""

    seen: list[tuple[str, str, dict[str, str]]] = []  # noqa: RUF012 shared by all requests

    def do_GET(self) -> None:
        self.answer(200, b'[{"name": "\xc3\xa9"}]')

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(201, b"{}")

    def answer(self, status: int, body: bytes) -> None:
        self.seen.append((self.command, self.path, dict(self.headers)))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *parts: Any) -> None:
        """Says nothing."""


@pytest.fixture
def office() -> Iterator[ApiTested]:
    """An API that runs."""
    Office.seen.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Office) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}/tmf-api/ticketOffice/v4/"
        yield replace(API, base_url=base)
        server.shutdown()


@needs_node
@pytest.mark.parametrize("is_zip", [False, True])
def test_a_kit_is_run_and_its_results_taken_over(
    tmp_path: Path, office: ApiTested, *, is_zip: bool
) -> None:
    """A kit in a folder or a ZIP file asks the API, and each of its requests is a check."""
    kit = make(tmp_path / "TMF900 kit", [LISTS, CREATES])
    config = (kit / "config.json").read_bytes()
    place = zipped(kit, tmp_path / "TMF900.zip") if is_zip else kit
    listed, created = kits.run(place, [office], [("X-Tenant", "one")])
    assert (listed.outcome, listed.level, listed.mandatory) == ("passed", "kit", True)
    assert (listed.api, listed.resource, listed.operation) == (API.title, "ticket", "GET ticket")
    assert listed.source == f"the kit {'TMF900' if is_zip else 'TMF900 kit'}"
    assert [each.name for each in listed.assertions] == ["the answer is in time", "answers 200"]
    (asked,) = listed.exchanges
    assert asked.url == f"{office.base_url}ticket?limit=1"
    assert (asked.status, asked.response_body, asked.seconds) == (200, '[{"name": "é"}]', 0.005)
    assert created.exchanges[0].request_body == '{"name": "é"}'
    assert ("X-Tenant", "one") in created.exchanges[0].request_headers
    assert Office.seen[0][:2] == ("GET", "/tmf-api/ticketOffice/v4/ticket?limit=1")
    assert Office.seen[0][2]["X-Tenant"] == "one"
    assert (kit / "config.json").read_bytes() == config
    assert not (kit / "jsonResults.json").exists()


@needs_node
def test_what_a_kit_finds_wrong_fails(tmp_path: Path, office: ApiTested) -> None:
    """A kit's failed assertion fails its check, though the kit itself ends with 0."""
    kit = make(tmp_path / "kit", [LISTS, ("wrong", "POST", "ticket", 200, "{}")])
    listed, wrong = kits.run(kit, [office], [])
    assert listed.outcome == "passed"
    assert wrong.outcome == "failed"
    assert wrong.reason == "answers 200: expected 200 but got 201"


@needs_node
def test_a_server_that_is_gone_fails_the_kit(tmp_path: Path) -> None:
    """A request without an answer fails its check, and says so."""
    gone = replace(API, base_url="http://127.0.0.1:9/tmf-api/ticketOffice/v4/")
    (check,) = kits.run(make(tmp_path / "kit", [LISTS]), [gone], [])
    assert check.outcome == "failed"
    assert check.exchanges[0].status is None
    assert check.exchanges[0].problem


@needs_node
@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("console.log('nothing to do')", "has left no results of newman in JSON: nothing to do"),
        ("throw new Error('broken in the middle')", "has left no results .*broken in the middle"),
        (
            "require('fs').writeFileSync('../r.json', '{\"run\": {\"executions\": [{}]}}')",
            "results of the kit kit cannot be read: KeyError",
        ),
    ],
)
def test_a_kit_that_does_not_do_its_work(
    tmp_path: Path, office: ApiTested, script: str, sentence: str
) -> None:
    """A kit that leaves nothing or breaks is told of in one sentence."""
    with pytest.raises(CannotTest, match=sentence):
        kits.run(make(tmp_path / "kit", [], script=script), [office], [])


@needs_node
def test_a_kit_that_does_not_end(tmp_path: Path, office: ApiTested) -> None:
    """A kit that never ends is ended, with all that it started."""
    script = "setTimeout(() => {}, 600000)"
    with pytest.raises(CannotTest, match=r"has not ended after 2 s \(npm start\)"):
        kits.run(make(tmp_path / "kit", [], script=script), [office], [], seconds=2)


@needs_node
def test_results_beside_the_kit_are_found(tmp_path: Path, office: ApiTested) -> None:
    """A kit may write its results some folders above its own."""
    script = (
        "require('fs').mkdirSync('../../../out');"
        "require('fs').writeFileSync('../../../out/r.json', JSON.stringify({run: {executions: ["
        "{item: {name: 'a'}, request: {method: 'GET', url: 'http://h/x'}, response: {code: 200},"
        " assertions: [{assertion: 'it holds'}]}]}}))"
    )
    (check,) = kits.run(make(tmp_path / "kit", [], script=script), [office], [])
    assert (check.title, check.outcome) == ("a", "passed")


@needs_node
def test_what_cannot_be_installed(tmp_path: Path, office: ApiTested) -> None:
    """Where npm cannot install what a kit needs, one sentence says so."""
    package = {**PACKAGE, "dependencies": {"nothing-of-this": "no such version"}}
    with pytest.raises(CannotTest, match=r"npm cannot install what the kit kit needs: .*version"):
        kits.run(make(tmp_path / "kit", [], package=package), [office], [])


def test_without_node_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Node.js is missing, one sentence says what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CannotTest, match=r"node and npm cannot be found here; install Node\.js 18"):
        kits.run(make(tmp_path / "kit", []), [API], [])


def brought(tmp_path: Path, place: Path) -> bringing.Kit:
    return bringing.bring(place, tmp_path / "copy")


@pytest.mark.parametrize(
    "name", ["../out.txt", "/tmp/out.txt", "a/../../out.txt", "..\\out.txt", "C:\\out.txt"]
)
def test_a_zip_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    """A ZIP file with a member outside of its folder is refused, and nothing is unpacked."""
    file = tmp_path / "kit.zip"
    with ZipFile(file, "w") as archive:
        archive.writestr("inside.txt", "x")
        archive.writestr(name, "x")
    with pytest.raises(CannotTest, match="leads out of its folder"):
        brought(tmp_path, file)
    assert {path.name for path in tmp_path.rglob("*")} == {"kit.zip", "copy", "kit-zip"}


def test_a_zip_with_a_link_is_refused(tmp_path: Path) -> None:
    """A link in a ZIP file is refused."""
    member = ZipInfo("link")
    member.external_attr = 0o120777 << 16
    with ZipFile(tmp_path / "kit.zip", "w") as archive:
        archive.writestr(member, "/etc/passwd")
    with pytest.raises(CannotTest, match="leads out of its folder"):
        brought(tmp_path, tmp_path / "kit.zip")


def test_a_zip_that_is_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ZIP file that would unpack to too much is refused before anything is unpacked."""
    monkeypatch.setattr(bringing, "MOST_BYTES", 1000)
    with ZipFile(tmp_path / "kit.zip", "w") as archive:
        archive.writestr("zeros", "0" * 2000)
    with pytest.raises(CannotTest, match="too large"):
        brought(tmp_path, tmp_path / "kit.zip")


def test_what_is_no_kit_is_refused(tmp_path: Path) -> None:
    """A folder without the files of a kit, no ZIP file, and nothing at all: one sentence."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(CannotTest, match=r"is no kit: it has no config\.json beside"):
        brought(tmp_path, tmp_path / "empty")
    (tmp_path / "text.zip").write_text("no zip", encoding="utf-8")
    with pytest.raises(CannotTest, match="cannot be read: File is not a zip file"):
        bringing.bring(tmp_path / "text.zip", tmp_path / "copy2")
    with pytest.raises(CannotTest, match="cannot be read: No such file"):
        bringing.bring(tmp_path / "none", tmp_path / "copy3")


@pytest.mark.parametrize(("config", "sentence"), [([], "no JSON object"), ("x", "no JSON object")])
def test_a_config_that_is_none(tmp_path: Path, config: Any, sentence: str) -> None:
    """A config.json that holds no object is refused."""
    with pytest.raises(CannotTest, match=sentence):
        brought(tmp_path, make(tmp_path / "kit", [], config=config)).settings()


def test_the_config_is_filled_in(tmp_path: Path) -> None:
    """The URL ends in a slash, given headers go before the kit's, all else is kept."""
    config = {**CONFIG, "headers": {"accept": "x", "A": "b"}, "payloads": {"T": {"POST": {}}}}
    kit = brought(tmp_path, make(tmp_path / "kit", [], config=config))
    kit.configure("http://h/tmf-api/x/v4", [("Accept", "y")])
    assert kit.settings() == {
        "url": "http://h/tmf-api/x/v4/",
        "headers": {"A": "b", "Accept": "y"},
        "payloads": {"T": {"POST": {}}},
    }


OTHER = replace(
    API,
    title="Lost & Found",
    base_url="http://h/tmf-api/lostFound/v4/",
    contract_file="TMF901-Lost.swagger.json",
)


@pytest.mark.parametrize(
    ("name", "url", "title"),
    [
        ("kit", "https://x/tmf-api/lostFound/v4", OTHER.title),
        ("kit", "https://x/tmf-api/ticketOffice/v4/", API.title),
        ("TMF901_4.0.0", "https://x/", OTHER.title),
    ],
)
def test_which_api_a_kit_is_for(tmp_path: Path, name: str, url: str, title: str) -> None:
    """The path of the kit's URL says which API it is for, else its TMF number."""
    kit = brought(tmp_path, make(tmp_path / name, [], config={"url": url}))
    assert bringing.meant(kit, [API, OTHER]).title == title


def test_a_kit_that_may_be_for_several(tmp_path: Path) -> None:
    """Where nothing tells which API a kit is for, both are named; a single one is it."""
    kit = brought(tmp_path, make(tmp_path / "kit", [], config={}))
    with pytest.raises(CannotTest, match=r"TMF900-.*, TMF901-.*; name one with --contract"):
        bringing.meant(kit, [API, OTHER])
    assert bringing.meant(kit, [OTHER]) is OTHER


EXECUTION = {
    "cursor": {"ref": "r1"},
    "item": {"name": "one"},
    "request": {
        "method": "GET",
        "url": f"{API.base_url}ticket/1",
        "header": [{"key": "Postman-Token", "value": "1"}, {"key": "A", "value": "b"}],
    },
    "response": {"code": 200, "body": "[]"},
    "assertions": [{"assertion": "holds"}],
}


def test_a_request_without_an_answer() -> None:
    """Where no answer came, that is the reason, before what the kit concludes of it."""
    failed = {"assertion": "it is 200", "error": {"message": "no code"}}
    gone = {**EXECUTION, "requestError": {"code": "ECONNREFUSED"}, "assertions": [failed]}
    (check,) = newman.checks({"run": {"executions": [gone]}}, "kit", API)
    assert check.reason == "the server answers: ECONNREFUSED"
    assert check.exchanges[0].request_headers == (("A", "b"),)


def test_a_script_that_breaks_fails_its_request() -> None:
    """An error in a kit's script fails the request around which it ran."""
    failure = {"cursor": {"ref": "r1"}, "at": "test-script", "error": {"message": "x is undefined"}}
    report = {"run": {"executions": [EXECUTION], "failures": [failure]}}
    (check,) = newman.checks(report, "kit", API)
    assert check.outcome == "failed"
    assert check.reason == "the kit's script runs: x is undefined"


@pytest.mark.parametrize(
    "more", [{"error": "gone"}, {"stats": {"assertions": {"failed": 2}}}, {"executions": []}]
)
def test_failures_of_no_request(more: dict[str, Any]) -> None:
    """What newman counts or tells as failed, and no request shows, fails the kit as a whole."""
    run = {"executions": [EXECUTION], "error": "stopped", **more}
    *_, last = newman.checks({"run": run}, "kit", API)
    assert (last.id, last.outcome, last.mandatory) == ("kit.whole", "failed", True)


@pytest.mark.parametrize("report", [None, [], {}, {"run": []}, {"run": {}}, {"run": {"x": 1}}])
def test_what_is_no_report_of_newman(report: Any) -> None:
    """Other JSON files that a kit leaves are no results."""
    assert newman.checks(report, "kit", API) == []
