"""The certification document that an operator files: Markdown, its picture, and PDF."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tmfserver.conformance.certificate import markdown, pdf
from tmfserver.conformance.certificate.document import document, refusal
from tmfserver.conformance.certificate.drawing import svg
from tmfserver.conformance.certificate.filing import Filing, read
from tmfserver.conformance.certificate.layout import Document, Picture
from tmfserver.conformance.report import Written, figures
from tmfserver.conformance.report.secrets import without_secrets
from tmfserver.conformance.results import ApiTested, Run
from tmfserver.errors import WrongFiling

__all__ = ["Filed", "Filing", "prepare", "write"]

_SUFFIXES = (".md", ".svg", ".pdf")


@dataclass(frozen=True)
class Filed:
    """What was made: the files of each document, and one sentence for each API that got none.

    lacking: letters that no font has, which the PDFs show as empty boxes.
    """

    files: tuple[Path, ...]
    refused: tuple[str, ...]
    lacking: str = ""


def prepare(file: Path) -> Filing:
    """The filing in a YAML file, looked at before a long run whose document it is for.

    Raises errors.WrongFiling, naming the key.
    """
    filing = read(file)
    if filing.font is not None and not pdf.is_font(filing.font):
        raise WrongFiling(file=file, problem=f"font: '{filing.font}' is no TrueType font")
    return filing


def write(filing: Filing, run: Run, report: Written) -> Filed:
    """Writes a document for each API of the run, beside the report, where its checks allow it.

    Raises OSError.
    """
    public = without_secrets(run)
    files: list[Path] = []
    refused: list[str] = []
    lacking = ""
    for api, checks in figures.by_api(public):
        file = report.html.parent / file_name(api)
        _remove(file)
        if reason := refusal(checks):
            refused.append(f"There is no certification document for {figures.name(api)}: {reason}.")
            continue
        made = document(filing, public, api, checks, report)
        files += _write(made, file, filing, run)
        lacking += pdf.lacking(made, filing.font)
    return Filed(tuple(files), tuple(refused), "".join(sorted(set(lacking))))


def file_name(api: ApiTested) -> str:
    """What a document's files are called, but for their suffix: account-x-4.0.0."""
    return re.sub(r"[^\w.]+", "-", figures.name(api).lower()).strip("-.") or "api"


def _remove(file: Path) -> None:
    """Takes an earlier run's document away, which would speak of another report."""
    for suffix in _SUFFIXES:
        Path(f"{file}{suffix}").unlink(missing_ok=True)


def _write(made: Document, file: Path, filing: Filing, run: Run) -> Iterator[Path]:
    picture = next(
        block for section in made.sections for block in section.blocks if isinstance(block, Picture)
    )
    text, drawn, printed = (Path(f"{file}{suffix}") for suffix in _SUFFIXES)
    drawn.write_text(svg(picture.drawing, picture.says), encoding="utf-8")
    text.write_text(markdown.render(made, drawn.name), encoding="utf-8")
    printed.write_bytes(pdf.render(made, datetime.fromisoformat(run.started), filing.font))
    yield from (text, drawn, printed)
