"""The Flask application behind the pages: templates, and how they write numbers and times."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, make_response, render_template, request

from tmfserver.engine.representation import instant
from tmfserver.pages.bars import written
from tmfserver.pages.outgoing import OUTGOING, Board, Sheet
from tmfserver.pages.overview import OVERVIEW, State
from tmfserver.pages.pictures import PICTURE, Picture

# The page loads its own style sheet and nothing else.
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_AGES = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def make_site(static: str) -> Flask:
    """The site, with its style sheets served below `static`."""
    site = Flask(__name__, static_url_path=static.rstrip("/"))
    site.jinja_env.filters.update(number=number, moment=moment, age=age, amount=written)

    @site.get("/")
    def start() -> Response:
        state: State = request.environ["asgi.scope"][OVERVIEW]
        return _page("start.html", state=state, address=_address() + request.script_root)

    @site.get("/deliveries")
    def deliveries() -> Response:
        board: Board = request.environ["asgi.scope"][OUTGOING]
        return _page("deliveries.html", board=board)

    @site.get("/deliveries/<id>")
    def event(id: str) -> Response:
        sheet: Sheet = request.environ["asgi.scope"][OUTGOING]
        response = _page("event.html", sheet=sheet)
        response.status_code = 404 if sheet.answers and sheet.told is None else 200
        return response

    @site.get("/hierarchy/<path:_path>")
    def hierarchy(_path: str) -> Response:
        return _picture("hierarchy.html")

    @site.get("/charts/<path:_path>")
    def chart(_path: str) -> Response:
        return _picture("chart.html")

    @site.after_request
    def guard(response: Response) -> Response:
        response.headers.update(_HEADERS)
        response.headers.pop("Date", None)  # the server's to say
        return response

    return site


def number(count: int) -> str:
    """With narrow spaces between thousands."""
    return f"{count:,}".replace(",", "\u202f")


def moment(at: int) -> str:
    """A time (microseconds since 1970) for people: 2026-01-31 12:00:00 UTC."""
    return instant(at).replace("T", " ").partition(".")[0] + " UTC"


def age(microseconds: int) -> str:
    """A span of time in its largest unit: 45 s, 3 min, 2 h, 4 d."""
    seconds = max(0, microseconds // 1_000_000)
    size, unit = next(each for each in _AGES if seconds >= each[0] or each[0] == 1)
    return f"{seconds // size} {unit}"


def _picture(template: str) -> Response:
    page: Picture = request.environ["asgi.scope"][PICTURE]
    response = _page(template, page=page)
    response.status_code = page.status
    return response


def _page(template: str, **values: Any) -> Response:
    page = render_template(template, root=request.script_root, **values)
    return make_response(page, {"Cache-Control": "no-store"})


def _address() -> str:
    """The address that the browser used, for commands to paste; this server's if it named none."""
    host = request.host or "{SERVER_NAME}:{SERVER_PORT}".format_map(request.environ)
    return f"{request.scheme}://{host}"
