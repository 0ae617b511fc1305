"""The example report and certification documents, and the page that shows them."""

from __future__ import annotations

import hashlib
import re
import shlex
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tmfserver.cli import commands
from tmfserver.conformance import certificate

FOLDER = Path(__file__).parents[2] / "docs" / "conformance"
DOCUMENTS = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")


def test_there_is_one_for_each_api() -> None:
    """Both APIs have an example in each form."""
    assert len(DOCUMENTS) == 2
    for document in DOCUMENTS:
        assert document.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
        assert ET.parse(document.with_suffix(".svg")).getroot().tag.endswith("svg")


@pytest.mark.parametrize("document", DOCUMENTS, ids=[path.stem for path in DOCUMENTS])
def test_a_document_speaks_of_the_report_beside_it(document: Path) -> None:
    """The checksum in each document is the report's, whose run has passed."""
    page = (FOLDER / "report.html").read_bytes()
    text = document.read_text(encoding="utf-8")
    assert hashlib.sha256(page).hexdigest() in text
    assert b"<title>Conformance passed: " in page
    assert "Example Telecom" in text


def test_the_filing_is_one() -> None:
    """The YAML file that the page names is a filing."""
    assert certificate.prepare(FOLDER / "example-telecom.yaml").company == "Example Telecom"


def test_the_pages_commands_have_flags_that_there_are() -> None:
    """Each command of the page is understood."""
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    found = re.findall(r"^(?:\$ |\.venv/bin/)tmfserver (.*)$", text, re.MULTILINE)
    assert len(found) == 2
    for line in found:
        name, *words = shlex.split(line)
        command = commands.get_command(None, name)  # type: ignore[arg-type]
        assert command is not None
        known = {option for each in command.params for option in each.opts}
        assert {word for word in words if word.startswith("--")} <= known
