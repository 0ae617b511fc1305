"""The certification document as Markdown, with its picture in a file beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tmfserver.conformance.certificate.layout import (
    Block,
    Code,
    Document,
    Facts,
    Figures,
    Items,
    Paragraph,
    Picture,
)

_SIGNS = re.compile(r"([\\`*\[\]<>|]|(?<!\w)_|_(?!\w)|^(?:[-+#]|\d+\.(?=\s)))")


def render(document: Document, picture: str) -> str:
    """picture: the name of the picture's file."""
    lines = [f"# {_text(document.title)}", "", f"{_text(document.by)}, {document.date}", ""]
    for place, section in enumerate(document.sections, 1):
        lines += [f"## {place}. {_text(section.title)}", ""]
        for block in section.blocks:
            lines += [*_lines(block, picture), ""]
    return "\n".join(lines).rstrip() + "\n"


def _lines(block: Block, picture: str) -> Iterator[str]:
    match block:
        case Paragraph(text):
            yield _text(text)
        case Facts(rows):
            yield from ("| | |", "| --- | --- |")
            yield from (f"| {_text(label)} | {_text(value)} |" for label, value in rows)
        case Items(texts):
            yield from (f"- {_text(text)}" for text in texts)
        case Figures(head, rows):
            yield f"| {' | '.join(head)} |"
            yield f"| --- |{' ---: |' * (len(head) - 1)}"
            for row in rows:
                yield f"| {' | '.join(_text(str(each)) for each in row)} |"
        case Picture(_, says):
            yield f"![{_text(says)}]({picture})"


def _text(text: str) -> str:
    """A text in one line, with what Markdown would read as a sign escaped."""
    flat = " ".join(text.split())
    if isinstance(text, Code):
        return f"`{flat}`"
    return _SIGNS.sub(lambda found: found[0][:-1] + "\\" + found[0][-1], flat)
