"""The architectural view: who asks, what runs, where documents are kept, and who is told."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from tmfserver.conformance.certificate.drawing import (
    MARKED,
    TINTED,
    Arrow,
    Box,
    Drawing,
    Shape,
    Text,
)
from tmfserver.conformance.results import ApiTested

WIDTH = 720.0
MOST_RESOURCES = 30  # are drawn, so that an API of any size still fits a page
_COLUMNS = 3
_GAP = 12.0
_HEIGHT = 44.0
# Widths of letters differ by font; seldom is their mean above this part of the size.
_WIDE, _WIDE_BOLD = 0.62, 0.72
_SMALLEST = 9.0  # a longer name is cut rather than made smaller


def architecture(api: ApiTested, product: str, server: str, database: str) -> Drawing:
    """Clients and listeners above, the product with the API and its resources, its database.

    product, server: what they are called. database: its kind; none is drawn where it is not known.
    """
    top = 128.0
    inside = list(_api(api, top + 62))
    bottom = max(shape.y + shape.height for shape in inside if isinstance(shape, Box)) + 16
    shapes: list[Shape] = [
        *_clients(api, top),
        Box(0.5, top, WIDTH - 1, bottom - top, TINTED),
        Text(20, top + 26, fit(product, WIDTH - 40, 16, bold=True), 16, bold=True),
        Text(20, top + 46, fit(server, WIDTH - 40, 12), 12, soft=True),
        *inside,
    ]
    if not database:
        return Drawing(WIDTH, bottom + 1, tuple(shapes))
    kept = bottom + 56
    documents = "documents, events and listeners" if api.events else "documents"
    shapes += [
        Arrow(WIDTH / 2, bottom, WIDTH / 2, kept, both=True),
        Text(WIDTH / 2 + 12, (bottom + kept) / 2 + 4, documents, 12, soft=True),
        *_named(Box(210, kept, 300, _HEIGHT), database, "database"),
    ]
    return Drawing(WIDTH, kept + _HEIGHT + 1, tuple(shapes))


def _clients(api: ApiTested, top: float) -> Iterator[Shape]:
    """Who asks, and whom is told."""
    clients = Box(20, 1, 300, _HEIGHT)
    yield from _named(clients, "Clients", "applications that use the API")
    yield Arrow(170, _HEIGHT + 1, 170, top, both=True)
    scheme = urlsplit(api.base_url).scheme.upper() or "HTTP"
    yield Text(182, 90, f"{scheme}: requests, answers", 12, soft=True)
    if api.events:
        yield from _named(Box(400, 1, 300, _HEIGHT), "Listeners", "subscribed at /hub")
        yield Arrow(550, top, 550, _HEIGHT + 1)
        yield Text(562, 90, "HTTP: events", 12, soft=True)


def _api(api: ApiTested, y: float) -> Iterator[Shape]:
    """The API's box with its contract and its resources."""
    names = api.resources[:MOST_RESOURCES]
    more = len(api.resources) - len(names)
    rows = -(-len(names) // _COLUMNS)
    head = 70.0
    rest = 22.0 if more else 0.0
    height = head + rows * (_HEIGHT + _GAP) + rest + 4
    yield Box(20, y, WIDTH - 40, height, MARKED)
    yield Text(
        36, y + 24, fit(f"{api.title} {api.version}", WIDTH - 72, 15, bold=True), 15, bold=True
    )
    events = f" · {len(api.events)} event types" if api.events else ""
    said = f"{urlsplit(api.base_url).path} · {api.operations} operations{events}"
    yield Text(36, y + 42, fit(said, WIDTH - 72, 12), 12, soft=True)
    contract = f"contract {api.contract_file}, SHA-256 {api.contract_sha256[:12]}…"
    yield Text(36, y + 59, fit(contract, WIDTH - 72, 12), 12, soft=True)
    width = (WIDTH - 72 - (_COLUMNS - 1) * _GAP) / _COLUMNS
    for place, name in enumerate(names):
        row, column = divmod(place, _COLUMNS)
        box = Box(36 + column * (width + _GAP), y + head + row * (_HEIGHT + _GAP), width, _HEIGHT)
        count = len(events_of(name, api))
        yield from _named(box, name, f"{count} event type{'s' if count > 1 else ''}" * bool(count))
    if more:
        yield Text(36, y + height - 10, f"and {more} more resources", 12, soft=True)


def events_of(resource: str, api: ApiTested) -> list[str]:
    """The event types of one resource: those whose name begins with its, and with no longer one."""
    by_length = sorted(api.resources, key=len, reverse=True)
    return [
        event
        for event in api.events
        if next((name for name in by_length if _begins(event, name)), None) == resource
    ]


def _begins(event: str, resource: str) -> bool:
    return event.lower().startswith(resource.lower())


def _named(box: Box, name: str, below: str) -> Iterator[Shape]:
    """A box with a name and what it is."""
    middle, room = box.x + box.width / 2, box.width - 12
    yield box
    size = max(_SMALLEST, min(13.0, room / max(1, len(name)) / _WIDE_BOLD))
    base = box.y + (19 if below else 27)
    yield Text(middle, base, fit(name, room, size, bold=True), size, bold=True, middle=True)
    if below:
        yield Text(middle, box.y + 35, fit(below, room, 11), 11, soft=True, middle=True)


def fit(text: str, width: float, size: float, *, bold: bool = False) -> str:
    """The text, cut with … where it would be wider than there is room for."""
    text = "".join(sign if sign.isprintable() else " " for sign in text)
    most = int(width / (size * (_WIDE_BOLD if bold else _WIDE)))
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
