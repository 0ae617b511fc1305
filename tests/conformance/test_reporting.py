"""The command's report, its certification documents and the kits that it runs."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner
from tests.conformance.made_kits import Ask, make
from tests.conformance.test_certificate import WRITTEN
from tests.conformance.test_kits import needs_node
from tests.programs import COMMAND
from tests.serving import plain_environment

from tmfserver.cli import commands
from tmfserver.conformance.report import as_json

SPECS = Path(__file__).parents[2] / "specs"


def conformance(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command as a program of its own."""
    return subprocess.run(
        [str(COMMAND), "conformance", *words], cwd=folder, env=plain_environment(),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def contract(number: str) -> str:
    return str(next(SPECS.glob(f"{number}*.json")))


@pytest.mark.slow
def test_report_and_document_of_a_real_run(tmp_path: Path) -> None:
    """A run that passes leaves a report in three forms, and a document that has its checksum."""
    (tmp_path / "filing.yaml").write_text(WRITTEN, encoding="utf-8")
    done = conformance(
        tmp_path, "--contract", contract("TMF635"), "--level", "kit",
        "--report", "made/report", "--certificate", "filing.yaml",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "made" / "report"
    page = (folder / "report.html").read_bytes()
    checksum = hashlib.sha256(page).hexdigest()
    assert checksum in done.stdout
    (document,) = folder.glob("*.md")
    assert checksum in document.read_text(encoding="utf-8")
    assert document.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
    ET.parse(document.with_suffix(".svg"))
    run = as_json.load((folder / "report.json").read_text(encoding="utf-8"))
    assert run.checks
    assert {check.outcome for check in run.checks} == {"passed"}
    suites = ET.parse(folder / "report.xml").getroot()
    assert suites.get("tests") == str(len(run.checks))
    assert all(check.title in page.decode().replace("&#39;", "'") for check in run.checks)


@needs_node
@pytest.mark.slow
def test_a_kit_that_fails(tmp_path: Path) -> None:
    """What a kit finds is in the report, ends with exit code 1, and refuses the document."""
    asks: list[Ask] = [
        ("creates", "POST", "billFormat", 201, json.dumps({"name": "a kit's"})),
        ("wrong", "GET", "billFormat", 299, None),
    ]
    kit = make(tmp_path / "TMF666", asks)
    (tmp_path / "filing.yaml").write_text(WRITTEN, encoding="utf-8")
    done = conformance(
        tmp_path, "--contract", contract("TMF666"), "--level", "kit", "--kit", str(kit),
        "--report", ".", "--certificate", "filing.yaml",
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "the kit TMF666: 1 passed, 1 failed" in done.stderr
    assert "expected 299 but got 200" in done.stdout
    refused = re.search(r"^There is no certification document for .*$", done.stdout, re.MULTILINE)
    assert refused is not None
    assert "a mandatory check failed: wrong" in refused[0]
    assert not [*tmp_path.glob("*.md"), *tmp_path.glob("*.pdf")]
    run = as_json.load((tmp_path / "report.json").read_text(encoding="utf-8"))
    outcomes = {check.outcome for check in run.checks if not check.source.startswith("the kit")}
    assert outcomes == {"passed"}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--certificate", "filing.yaml"), "--certificate needs --report"),
        (("--report", "filing.yaml"), "filing.yaml"),
        (("--report", "filing.yaml/in/it"), "filing.yaml/in/it"),
        (("--report", "r", "--certificate", "none.yaml"), "none.yaml: it cannot be read"),
        (("--report", "r", "--certificate", "filing.yaml"), "release: got 1.0, expected a text"),
        (("--kit", "none"), "none"),
    ],
)
def test_wrong_flags_are_refused_before_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], sentence: str
) -> None:
    """A report, a filing or a kit that cannot be used is refused in a sentence, without a run."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "filing.yaml").write_text(WRITTEN.replace('"2026.1"', "1.0"), encoding="utf-8")
    done = CliRunner().invoke(commands, ["conformance", *words])
    assert done.exit_code == 2
    assert sentence in done.stderr
    assert "passed" not in done.stderr


@needs_node
def test_what_is_no_kit_cannot_be_tested(tmp_path: Path) -> None:
    """A folder that is no kit ends with exit code 3 and one sentence."""
    words = ["conformance", "--contract", contract("TMF635"), "--kit", str(tmp_path)]
    done = CliRunner().invoke(commands, words)
    assert done.exit_code == 3
    assert "is no kit" in done.stderr
