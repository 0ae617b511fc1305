"""The report of a run: one HTML file for people, JUnit XML for CI, and JSON for programs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from tmfserver.conformance.report import as_json, html, junit
from tmfserver.conformance.report.secrets import without_secrets
from tmfserver.conformance.results import Run


@dataclass(frozen=True)
class Written:
    """Where a report is; `sha256` is the HTML file's, in hexadecimal digits."""

    html: Path
    junit: Path
    json: Path
    sha256: str


def write(run: Run, folder: Path) -> Written:
    """Writes report.html, report.xml and report.json into a folder, which is made if need be.

    What clients prove themselves with is left out of all three. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    public = without_secrets(run)
    page = html.render(public).encode()
    written = Written(
        folder / "report.html",
        folder / "report.xml",
        folder / "report.json",
        hashlib.sha256(page).hexdigest(),
    )
    written.html.write_bytes(page)
    written.junit.write_text(junit.render(public), encoding="utf-8")
    written.json.write_text(as_json.dump(public), encoding="utf-8")
    return written
