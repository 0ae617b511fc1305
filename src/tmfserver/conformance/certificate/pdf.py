"""The certification document as PDF, with the letters that it uses inside."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from importlib.resources import as_file, files
from io import BytesIO
from pathlib import Path

from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.fonts import FontFace, TTFFont

from tmfserver.conformance.certificate.drawing import (
    INK,
    LINE,
    ROUND,
    SOFT,
    Arrow,
    Box,
    Drawing,
    Text,
    heads,
)
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

_SANS, _MONO, _OTHER = "sans", "mono", "other"
_FONTS = ((_SANS, "", "DejaVuSans"), (_SANS, "B", "DejaVuSans-Bold"), (_MONO, "", "DejaVuSansMono"))
_MARGIN = 20.0  # millimetres
_SIZE = 9.5  # points
_LINE = 5.0
_POINTS = 72 / 25.4  # in a millimetre
_TINT = "#f3f6f7"


class _Pages(FPDF):
    """A4 pages with a line below that says what they are of."""

    def __init__(self, document: Document) -> None:
        super().__init__(format="A4")
        self._below = f"{document.title} · {document.by}"

    def footer(self) -> None:
        self.set_y(-14)
        self.set_font(_SANS, size=7.5)
        self.set_text_color(SOFT)
        room = self.epw - 30
        below = self._below
        while self.get_string_width(below) > room:
            below = f"{below[:-2].rstrip()}…"
        self.cell(room, 5, below)
        self.cell(0, 5, f"{self.page_no()} / {{nb}}", align="R")


def render(document: Document, created: datetime, font: Path | None = None) -> bytes:
    """The PDF; `font` is a TrueType file for letters that the bundled font does not have.

    The same document gives the same bytes.
    """
    logging.getLogger("fpdf").setLevel(logging.ERROR)  # `lacking` says which letters there are not
    with _opened(document, font) as pages:
        pages.set_creation_date(created)
        pages.add_page()
        pages.set_font(_SANS, "B", 18)
        pages.set_text_color(INK)
        pages.multi_cell(0, 9, document.title, align="L", new_x="LMARGIN")
        _write(pages, f"{document.by}, {document.date}", size=11, colour=SOFT)
        for place, section in enumerate(document.sections, 1):
            _title(pages, f"{place}. {section.title}", section.blocks)
            for block in section.blocks:
                _draw(pages, block)
                pages.ln(2.5)
        return bytes(pages.output())


def lacking(document: Document, font: Path | None = None) -> str:
    """The letters of a document that neither the bundled font nor `font` has."""
    with _opened(document, font) as pages:
        known = {letter for each in _read_fonts(pages) for letter in each.cmap}
    return "".join(sorted({sign for sign in repr(document) if ord(sign) not in known}))


def is_font(file: Path) -> bool:
    """Whether a file is a TrueType or OpenType font that can be used."""
    try:
        with TTFont(BytesIO(file.read_bytes())) as font:
            return bool(font.getBestCmap()) and "head" in font
    except Exception:  # noqa: BLE001 the reader raises whatever it stumbles over
        return False


@contextmanager
def _opened(document: Document, font: Path | None) -> Iterator[_Pages]:
    """Pages with their fonts, whose files are closed afterwards."""
    pages = _Pages(document)
    pages.set_margins(_MARGIN, _MARGIN)
    pages.set_auto_page_break(auto=True, margin=_MARGIN)
    pages.set_title(document.title)
    pages.set_author(document.by)
    pages.set_lang("en")
    with ExitStack() as closing:
        for family, style, name in _FONTS:
            bundled = files("tmfserver.conformance.certificate") / f"fonts/{name}.ttf"
            pages.add_font(family, style, closing.enter_context(as_file(bundled)))
        if font is not None:
            pages.add_font(_OTHER, "", font)
            pages.set_fallback_fonts([_OTHER], exact_match=False)
        for each in _read_fonts(pages):
            closing.callback(each.ttfont.close)
        yield pages


def _read_fonts(pages: FPDF) -> list[TTFFont]:
    return [each for each in pages.fonts.values() if isinstance(each, TTFFont)]


def _title(pages: FPDF, title: str, blocks: tuple[Block, ...]) -> None:
    """A section's title, on the next page if what follows would not stand on this one."""
    height = 30.0
    pictures = [block for block in blocks if isinstance(block, Picture)]
    if pictures:
        height += _scaled(pages, pictures[0].drawing)[1] + 20
    if pages.will_page_break(height):
        pages.add_page()
    pages.ln(4)
    pages.set_font(_SANS, "B", 13)
    pages.set_text_color(INK)
    pages.start_section(title)
    pages.multi_cell(0, 8, title, align="L", new_x="LMARGIN")


def _write(pages: FPDF, text: str, *, size: float = _SIZE, colour: str = INK) -> None:
    pages.set_font(_MONO if isinstance(text, Code) else _SANS, size=size)
    pages.set_text_color(colour)
    pages.multi_cell(0, _LINE, " ".join(text.split()), align="L", new_x="LMARGIN")


def _draw(pages: FPDF, block: Block) -> None:
    match block:
        case Paragraph(text):
            _write(pages, text)
        case Facts(rows):
            _facts(pages, rows)
        case Items(texts):
            _items(pages, texts)
        case Figures():
            _figures(pages, block)
        case Picture(drawing, _):
            _picture(pages, drawing)


def _facts(pages: FPDF, rows: tuple[tuple[str, str], ...]) -> None:
    """Labels on the left, what they are on the right, lines between; on one page if it fits."""
    if pages.will_page_break(len(rows) * (_LINE + 1.5)):
        pages.add_page()
    pages.set_font(_SANS, size=_SIZE)
    pages.set_text_color(INK)
    pages.set_draw_color(LINE)
    with pages.table(
        borders_layout="HORIZONTAL_LINES", first_row_as_headings=False, align="LEFT",
        col_widths=(1, 4), text_align="LEFT", line_height=_LINE, padding=(0.7, 1),
    ) as table:  # fmt: skip
        for label, value in rows:
            row = table.row()
            row.cell(label, style=FontFace(color=SOFT))
            face = FontFace(family=_MONO, size_pt=8) if isinstance(value, Code) else None
            row.cell(" ".join(value.split()), style=face)


def _items(pages: FPDF, texts: tuple[str, ...]) -> None:
    """A list; short names stand side by side."""
    if texts and all(isinstance(text, Code) for text in texts):
        _write(pages, ", ".join(texts))
        return
    for text in texts:
        pages.set_font(_SANS, size=_SIZE)
        pages.set_text_color(INK)
        pages.cell(5, _LINE, "•", align="C")
        left = pages.l_margin
        pages.multi_cell(0, _LINE, text, align="L", new_x="LMARGIN")
        pages.set_x(left)


def _figures(pages: FPDF, figures: Figures) -> None:
    pages.set_font(_SANS, size=_SIZE)
    pages.set_text_color(INK)
    pages.set_draw_color(LINE)
    columns = len(figures.head) - 1
    with pages.table(
        borders_layout="HORIZONTAL_LINES", align="LEFT", col_widths=(3, *[1] * columns),
        text_align=("LEFT", *["RIGHT"] * columns), line_height=_LINE, padding=(0.7, 1),
        headings_style=FontFace(emphasis="BOLD", fill_color=_TINT),
    ) as table:  # fmt: skip
        for each in (figures.head, *figures.rows):
            row = table.row()
            for value in each:
                row.cell(str(value))


def _scaled(pages: FPDF, drawing: Drawing) -> tuple[float, float]:
    """Millimetres to a pixel of the drawing, so that it fits a page, and its height in them."""
    scale = min(pages.epw / drawing.width, (pages.eph - 60) / drawing.height)
    return scale, drawing.height * scale


def _picture(pages: FPDF, drawing: Drawing) -> None:
    scale, height = _scaled(pages, drawing)
    if pages.will_page_break(height):
        pages.add_page()
    left, top = pages.l_margin + (pages.epw - drawing.width * scale) / 2, pages.get_y()
    with pages.local_context():
        pages.set_draw_color(LINE)
        pages.set_line_width(0.2)
        for shape in drawing.shapes:
            match shape:
                case Box():
                    _box(pages, shape, left, top, scale)
                case Arrow():
                    _arrow(pages, shape, left, top, scale)
                case Text():
                    _label(pages, shape, left, top, scale)
    pages.set_xy(pages.l_margin, top + height)


def _box(pages: FPDF, box: Box, left: float, top: float, scale: float) -> None:
    pages.set_fill_color(box.fill)
    pages.rect(
        left + box.x * scale, top + box.y * scale, box.width * scale, box.height * scale,
        style="DF", round_corners=True, corner_radius=ROUND * scale,
    )  # fmt: skip


def _arrow(pages: FPDF, arrow: Arrow, left: float, top: float, scale: float) -> None:
    pages.set_draw_color(SOFT)
    pages.set_fill_color(SOFT)
    x1, y1, x2, y2 = (each * scale for each in (arrow.x1, arrow.y1, arrow.x2, arrow.y2))
    pages.line(left + x1, top + y1, left + x2, top + y2)
    for head in heads(arrow):
        pages.polygon([(left + x * scale, top + y * scale) for x, y in head], style="F")
    pages.set_draw_color(LINE)


def _label(pages: FPDF, text: Text, left: float, top: float, scale: float) -> None:
    pages.set_font(_SANS, "B" if text.bold else "", text.size * scale * _POINTS)
    pages.set_text_color(SOFT if text.soft else INK)
    x = left + text.x * scale
    if text.middle:
        x -= pages.get_string_width(text.text) / 2
    pages.text(x, top + text.y * scale, text.text)
