"""A hierarchy as a picture: a tidy tree from left to right, each document a box."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tmfserver.engine.trees import Branch
from tmfserver.pages.bars import written

WIDTH, HEIGHT = 208, 62  # of a box
ACROSS, DOWN = 44, 14  # between boxes
EDGE = 2  # around the drawing
LONGEST = 27  # characters in a line of a box


@dataclass(frozen=True)
class Box:
    """A document: its name, what else is said of it, and an amount. title: all of it in full.
    is_asked: the drawing was asked for by its id; has_more: some below it are left out."""

    x: int
    y: float
    name: str
    about: str
    amount: str
    title: str
    link: str
    is_asked: bool
    has_more: bool


@dataclass(frozen=True)
class Drawing:
    """lines: paths from a box to those below it, as SVG has them."""

    width: int
    height: int
    boxes: Sequence[Box]
    lines: Sequence[str]


def draw(
    root: Branch, asked: str, attributes: Sequence[str], link: Callable[[str, str], str]
) -> Drawing:
    """attributes: what is shown, the first as the name. link: of (collection's name, id)."""
    places = _places(root)
    boxes, lines = [], []
    for branch, x, y in places.values():
        boxes.append(_box(branch, x, y, asked, attributes, link))
        for child in branch.children:
            _, to_x, to_y = places[id(child)]
            lines.append(_line(x + WIDTH, y + HEIGHT / 2, to_x, to_y + HEIGHT / 2))
    width = max(box.x for box in boxes) + WIDTH + EDGE
    height = int(max(box.y for box in boxes)) + HEIGHT + EDGE
    return Drawing(width, height, boxes, lines)


def _places(root: Branch) -> dict[int, tuple[Branch, int, float]]:
    """Where each stands: those without others below them one beneath the other, the others at the
    middle of those below them."""
    depths: dict[int, int] = {id(root): 0}
    order, waiting = [], [root]
    while waiting:
        branch = waiting.pop()
        order.append(branch)
        depths |= {id(child): depths[id(branch)] + 1 for child in branch.children}
        waiting += reversed(branch.children)
    tops: dict[int, float] = {}
    leaves = [branch for branch in order if not branch.children]
    tops |= {id(leaf): EDGE + n * (HEIGHT + DOWN) for n, leaf in enumerate(leaves)}
    for branch in reversed(order):
        if branch.children:
            first, last = branch.children[0], branch.children[-1]
            tops[id(branch)] = (tops[id(first)] + tops[id(last)]) / 2
    return {
        id(each): (each, EDGE + depths[id(each)] * (WIDTH + ACROSS), tops[id(each)])
        for each in order
    }


def _box(
    branch: Branch,
    x: int,
    y: float,
    asked: str,
    attributes: Sequence[str],
    link: Callable[[str, str], str],
) -> Box:
    place, (id, *_), document = branch.member
    texts = [str(document[name]) for name in attributes if isinstance(document.get(name), str)]
    name, about = (texts or [id])[0], " · ".join(texts[1:])
    found = [amount for each in attributes for amount in _amounts(document.get(each))]
    amount = found[0] + (f" and {len(found) - 1} more" if len(found) > 1 else "") if found else ""
    title = "\n".join([f"{place.resource} {id}", *texts, *found])
    return Box(
        x, y, _cut(name), _cut(about), amount, title, link(place.name, id),
        id == asked, branch.has_more,
    )  # fmt: skip


def _amounts(value: Any) -> Iterator[str]:
    """Numbers with a unit, wherever they stand in a value."""
    if isinstance(value, list):
        for each in value:
            yield from _amounts(each)
    elif isinstance(value, dict):
        number, unit = value.get("value"), value.get("unit")
        if isinstance(unit, str) and isinstance(number, (int, float, Decimal)):
            yield f"{written(Decimal(str(number)))} {unit}"
            return
        for each in value.values():
            yield from _amounts(each)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _line(x: float, y: float, to_x: float, to_y: float) -> str:
    middle = (x + to_x) / 2
    return f"M{x:g} {y:g} C{middle:g} {y:g} {middle:g} {to_y:g} {to_x:g} {to_y:g}"
