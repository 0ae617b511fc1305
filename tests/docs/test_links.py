"""Links in the documents lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("specs/*.md")]
)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def relative_links(text: str) -> list[str]:
    return [link for link in LINK.findall(text) if "://" not in link and not link.startswith("#")]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_relative_link_leads_to_a_file(document: str) -> None:
    """A link within the project names a file that is there."""
    path = ROOT / document
    links = relative_links(path.read_text(encoding="utf-8"))
    missing = [link for link in links if not (path.parent / link.partition("#")[0]).exists()]
    assert missing == []


def test_every_decision_is_listed() -> None:
    """No record is left out of the list of decisions."""
    folder = ROOT / "docs" / "decisions"
    listed = relative_links((folder / "README.md").read_text(encoding="utf-8"))
    assert listed == sorted(path.name for path in folder.glob("0*.md"))
