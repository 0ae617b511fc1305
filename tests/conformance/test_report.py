"""What is made of a run for people, for CI and for programs."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from tests.conformance.runs import API, ASKED, BAD, FAILED, GOOD, PASSED, SKIPPED

from tmfserver.conformance import report
from tmfserver.conformance.report import as_json, curl, html, junit
from tmfserver.conformance.report.secrets import without_secrets
from tmfserver.conformance.results import Run

VOID = {"meta", "link", "br"}


class Page(HTMLParser):
    """The elements of a page, its texts, and whether all that was opened is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def attributes(self, name: str) -> Iterator[str]:
        return (str(found[name]) for _, found in self.elements if name in found)

    @property
    def text(self) -> str:
        return "".join(self.texts)


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    """The page has no script, asks for no other file, and forbids itself both."""
    page = Page(html.render(BAD))
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "link", "img", "iframe", "object", "form"}
    assert list(page.attributes("src")) == []
    assert all(address.startswith("#") for address in page.attributes("href"))
    assert any("default-src 'none'" in each for each in page.attributes("content"))


def test_the_page_escapes_what_came() -> None:
    """Markup in titles, requests and answers is shown, not obeyed."""
    text = html.render(BAD)
    assert "<script>" not in text
    assert "<i>no other" not in text
    shown = Page(text).text
    assert "<script>alert(1)</script>" in shown
    assert FAILED.title in shown


def test_failures_come_first_with_their_command() -> None:
    """What failed stands open before all else, with what was expected and the command."""
    text = html.render(BAD)
    page = Page(text)
    shown = page.text
    assert shown.index(FAILED.reason) < shown.index("Figures") < shown.index(PASSED.title)
    assert curl.command(without_secrets(BAD).checks[1].exchanges[0]) in shown
    assert "the connection was refused" in shown
    assert [tag for tag, found in page.elements if "open" in found] == ["details"]
    assert "Failed: 1 of 3 checks" in shown


def test_links_lead_to_what_is_there() -> None:
    """Every link of the page leads to a place in it, and each place is there once."""
    page = Page(html.render(BAD))
    places = list(page.attributes("id"))
    assert len(places) == len(set(places))
    links = [address.removeprefix("#") for address in page.attributes("href")]
    assert links
    assert set(links) <= set(places)


def test_big_bodies_are_cut() -> None:
    """A long body is shown by its beginning and its length."""
    body = PASSED.exchanges[0].response_body
    text = html.render(GOOD)
    assert body not in text
    assert f"({html.number(len(body))} characters in all)" in text
    assert html.cut("abc", 3) == "abc"
    assert html.cut("abcd", 3) == "abc… (4 characters in all)"


def test_skipped_and_passed_are_said() -> None:
    """A run without failures says passed, what was skipped and why."""
    shown = Page(html.render(GOOD)).text
    assert "Passed: 1 checks, 1 skipped" in shown
    assert SKIPPED.reason in shown
    assert "What failed" not in shown


def test_an_empty_run_is_no_pass() -> None:
    """Where nothing was asked, the page does not say that anything passed."""
    shown = Page(html.render(replace(GOOD, checks=()))).text
    assert "Nothing was tested" in shown
    assert "No check was made of it." in shown


def test_checks_of_no_api_are_shown() -> None:
    """A check whose API the run does not list, as a kit's, has a part of its own."""
    foreign = replace(FAILED, api="TMF900 kit", title="A foreign check")
    shown = Page(html.render(replace(GOOD, checks=(PASSED, foreign)))).text
    assert shown.count("A foreign check") == 2
    assert ET.fromstring(junit.render(replace(GOOD, checks=(foreign,)))).get("failures") == "1"


def test_junit_counts_and_names() -> None:
    """The XML is well formed whatever came, counts what happened and holds the command."""
    root = ET.fromstring(junit.render(without_secrets(BAD)).encode())
    assert [root.get(name) for name in ("tests", "failures", "errors", "skipped")] == list("3101")
    suites = {suite.get("name"): suite for suite in root}
    assert set(suites) == {
        "Ticket Office 4.0.0: ticket",
        "Ticket Office 4.0.0: ticketSpecification",
    }
    failure = suites["Ticket Office 4.0.0: ticket"].find("testcase/failure")
    assert failure is not None
    assert failure.get("message") == FAILED.reason
    assert "--data-raw" in (failure.text or "")
    assert "came 200\ufffd" in (failure.text or "")
    assert root.find(".//skipped[@message='no address to listen at was given']") is not None
    assert suites["Ticket Office 4.0.0: ticket"].get("timestamp") == "2026-11-22T08:30:00"


def test_json_is_read_back() -> None:
    """What is written as JSON is read back as the same run."""
    assert as_json.load(as_json.dump(BAD)) == BAD


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2}', '{"format": 1, "apis": []}'])
def test_what_is_no_report_is_refused(text: str) -> None:
    """A file that is no report of a run is refused as such, with no other failure."""
    with pytest.raises(ValueError):
        as_json.load(text)


def test_three_files_and_a_checksum(tmp_path: Path) -> None:
    """A report is three files, whose checksum is the page's, and none holds a credential."""
    run = replace(BAD, target="http://me:pass@word@host/", database="postgresql://me:pw@host/db")
    written = report.write(run, tmp_path / "deep" / "er")
    assert written.sha256 == hashlib.sha256(written.html.read_bytes()).hexdigest()
    assert {file.name for file in written.html.parent.iterdir()} == {
        "report.html", "report.xml", "report.json",
    }  # fmt: skip
    for file in (written.html, written.junit, written.json):
        text = file.read_text(encoding="utf-8")
        assert "hush-hush-hush" not in text
        assert "pass@word" not in text
        assert "me:pw" not in text
    assert as_json.load(written.json.read_text(encoding="utf-8")).database == (
        "postgresql://me:***@host/db"
    )


@pytest.mark.parametrize(
    ("header", "secret"),
    [
        ("Authorization", True),
        ("X-Api-Key", True),
        ("Cookie", True),
        ("X-Auth-Token", True),
        ("X-Total-Count", False),
        ("Idempotency-Key", False),
    ],
)
def test_which_headers_are_secret(header: str, *, secret: bool) -> None:
    """Headers that a client proves itself with are replaced, others are kept."""
    exchange = replace(ASKED, request_headers=((header, "some value"),), response_body="")
    run: Run = replace(BAD, checks=(replace(FAILED, exchanges=(exchange,)),))
    kept = without_secrets(run).checks[0].exchanges[0].request_headers[0][1]
    assert (kept != "some value") is secret


FAKE_CURL = f"""#!{sys.executable}
import json, sys
sys.stdout.write(json.dumps(sys.argv[1:]))
"""


def given_to_curl(tmp_path: Path, command: str) -> list[str]:
    """The arguments that a shell gives to curl."""
    program = tmp_path / "curl"
    program.write_text(FAKE_CURL, encoding="utf-8")
    program.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:/usr/bin:/bin", "AUTHORIZATION": "Basic a'b"}
    done = subprocess.run(
        ["/bin/sh", "-c", command], env=environment, capture_output=True, timeout=30, check=True
    )
    found: list[str] = json.loads(done.stdout)
    return found


def test_the_command_says_what_was_asked(tmp_path: Path) -> None:
    """A shell gives curl exactly the body and headers, with the variable's value."""
    given = given_to_curl(tmp_path, curl.command(ASKED))
    assert given == [
        "--include", "--request", "POST", f"{API.base_url}ticket",
        "--header", "Content-Type: application/json",
        "--header", "Authorization: Basic a'b",
        "--data-raw", ASKED.request_body,
    ]  # fmt: skip


@pytest.mark.parametrize("body", ["@file", "$HOME `id`", "a\nb\\", "é € 😀", "'\"'"])
def test_bodies_reach_curl_as_they_are(tmp_path: Path, body: str) -> None:
    """No body is read as anything but text by the shell or by curl."""
    asked = replace(ASKED, request_headers=(("X-Empty", ""),), request_body=body)
    given = given_to_curl(tmp_path, curl.command(asked))
    assert given[-2:] == ["--data-raw", body]
    assert given[-4:-2] == ["--header", "Content-Type:"]
    assert "X-Empty;" in given


def test_commands_of_other_kinds() -> None:
    """A GET needs no method, HEAD is curl's own, brackets are no patterns, long bodies a file."""
    get = replace(ASKED, method="GET", request_headers=(), request_body="")
    assert curl.command(get) == f"curl --include \\\n  {API.base_url}ticket"
    assert "--head" in curl.command(replace(get, method="HEAD"))
    assert "--globoff" in curl.command(replace(get, url="http://h/?filter=$[?(@.a=='b')]"))
    assert "@body.json" in curl.command(replace(ASKED, request_body="x" * 30_000))


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.0012, "1.2 ms"), (0.0123, "12 ms"), (3.21, "3.2 s"), (125, "2 min 5 s")],
)
def test_durations(seconds: float, said: str) -> None:
    """Durations are said in the unit that people would use."""
    assert html.duration(seconds) == said
