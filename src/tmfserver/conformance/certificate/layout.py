"""What the certification document holds, as values: Markdown and PDF are made of the same ones."""

from __future__ import annotations

from dataclasses import dataclass

from tmfserver.conformance.certificate.drawing import Drawing


class Code(str):
    """A text to be shown letter by letter: a file name, a checksum, a URL."""

    __slots__ = ()


@dataclass(frozen=True)
class Paragraph:
    text: str


@dataclass(frozen=True)
class Facts:
    """Labels, each with what it is of this document."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Items:
    """A list."""

    texts: tuple[str, ...]


@dataclass(frozen=True)
class Figures:
    """A table: the first column has names, all others numbers."""

    head: tuple[str, ...]
    rows: tuple[tuple[str | int, ...], ...]


@dataclass(frozen=True)
class Picture:
    drawing: Drawing
    says: str  # what it shows, for who cannot see it


Block = Paragraph | Facts | Items | Figures | Picture


@dataclass(frozen=True)
class Section:
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """A whole document; `date` is the day of the run, ISO 8601."""

    title: str
    by: str
    date: str
    sections: tuple[Section, ...]
