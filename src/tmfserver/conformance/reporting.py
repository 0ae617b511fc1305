"""What the command does with a run: its report, and the certification documents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tmfserver.conformance.results import Run
from tmfserver.flags import Misused

if TYPE_CHECKING:
    from tmfserver.conformance.certificate import Filing
    from tmfserver.conformance.report import Written


def prepare(report: str, certificate: str) -> Filing | None:
    """Looks before a long run whether its report can be written; the filing, if one is named.

    Raises flags.Misused, errors.WrongFiling.
    """
    if certificate and not report:
        raise Misused("--certificate needs --report, the folder for the documents")
    if report:
        try:
            Path(report).mkdir(parents=True, exist_ok=True)
        except OSError as failure:
            raise Misused(f"--report {report}: {failure.strerror}") from failure
    if not certificate:
        return None
    from tmfserver.conformance.certificate import prepare as read

    return read(Path(certificate))


def write(run: Run, folder: str, filing: Filing | None) -> str:
    """Writes all that is asked for, and says where it is and what there is not."""
    from tmfserver.conformance import report

    try:
        written = report.write(run, Path(folder))
        lines = [f"The report is {written.html}, SHA-256 {written.sha256}"]
        return "\n".join(lines + (_documents(run, written, filing) if filing else []))
    except OSError as failure:
        problem = f"The report cannot be written to {folder}: {failure.strerror}"
        raise click.ClickException(problem) from failure


def _documents(run: Run, written: Written, filing: Filing) -> list[str]:
    from tmfserver.conformance import certificate

    made = certificate.write(filing, run, written)
    lines = [
        f"The certification document is {file}" for file in made.files if file.suffix != ".svg"
    ]
    if made.lacking:
        lines.append(
            f"The PDF's font has no letters for {made.lacking}: name a font with `font:` in the"
            " YAML file"
        )
    return [*lines, *made.refused]
