"""A drawing as values: boxes, arrows and texts with their places; and the same as SVG.

The PDF draws the same values, so that both show the same. Lengths are in SVG's pixels.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

INK, SOFT, LINE = "#1b2329", "#55626c", "#8a969f"
PLAIN, TINTED, MARKED = "#ffffff", "#f3f6f7", "#e3efef"
ROUND = 6.0  # radius of a box's corners


@dataclass(frozen=True)
class Box:
    x: float
    y: float
    width: float
    height: float
    fill: str = PLAIN


@dataclass(frozen=True)
class Arrow:
    """From one point to another; with `both`, it has a head at each end."""

    x1: float
    y1: float
    x2: float
    y2: float
    both: bool = False


@dataclass(frozen=True)
class Text:
    """One line; `y` is its base line. middle: x is the middle of it, else where it begins."""

    x: float
    y: float
    text: str
    size: float = 13.0
    bold: bool = False
    soft: bool = False
    middle: bool = False


Shape = Box | Arrow | Text


@dataclass(frozen=True)
class Drawing:
    width: float
    height: float
    shapes: tuple[Shape, ...]


def svg(drawing: Drawing, says: str) -> str:
    """The drawing as an SVG file; `says` is read out by screen readers."""
    width, height = _number(drawing.width), _number(drawing.height)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"',
        f'  width="{width}" height="{height}"',
        "  font-family=\"'DejaVu Sans', Verdana, 'Segoe UI', sans-serif\">",
        f"  <title>{escape(says)}</title>",
        f'  <rect width="100%" height="100%" fill="{PLAIN}"/>',
        *(f"  {line}" for line in _elements(drawing.shapes)),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _elements(shapes: Iterable[Shape]) -> Iterator[str]:
    for shape in shapes:
        match shape:
            case Box(x, y, width, height, fill):
                place = _attributes(x=x, y=y, width=width, height=height)
                yield f'<rect {place} rx="{ROUND:g}" fill="{fill}" stroke="{LINE}"/>'
            case Arrow(x1, y1, x2, y2):
                yield f'<line {_attributes(x1=x1, y1=y1, x2=x2, y2=y2)} stroke="{SOFT}"/>'
                for head in heads(shape):
                    points = " ".join(f"{_number(x)},{_number(y)}" for x, y in head)
                    yield f'<polygon points="{points}" fill="{SOFT}"/>'
            case Text():
                weight = ' font-weight="bold"' if shape.bold else ""
                middle = ' text-anchor="middle"' if shape.middle else ""
                place = _attributes(x=shape.x, y=shape.y)
                colour = quoteattr(SOFT if shape.soft else INK)
                style = f'font-size="{_number(shape.size)}" fill={colour}{weight}{middle}'
                yield f"<text {place} {style}>{escape(shape.text)}</text>"


def heads(arrow: Arrow) -> Iterator[tuple[tuple[float, float], ...]]:
    """The triangles at an arrow's ends; arrows go up or down."""
    ends = [(arrow.x2, arrow.y2, arrow.y1)]
    if arrow.both:
        ends.append((arrow.x1, arrow.y1, arrow.y2))
    for x, y, other in ends:
        back = 9.0 if other > y else -9.0
        yield (x, y), (x - 4.5, y + back), (x + 4.5, y + back)


def _attributes(**numbers: float) -> str:
    return " ".join(f'{name}="{_number(value)}"' for name, value in numbers.items())


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
