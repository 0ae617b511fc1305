"""The Flask application behind the pages: one page and its style sheet."""

from __future__ import annotations

from flask import Flask, Response, make_response, render_template, request

from tmfserver.pages.overview import OVERVIEW, State

# The page loads its own style sheet and nothing else.
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def make_site(static: str) -> Flask:
    """The site, with its style sheets served below `static`."""
    site = Flask(__name__, static_url_path=static.rstrip("/"))

    @site.get("/")
    def start() -> Response:
        state: State = request.environ["asgi.scope"][OVERVIEW]
        root = request.script_root
        page = render_template("start.html", state=state, root=root, address=_address() + root)
        return make_response(page, {"Cache-Control": "no-store"})

    @site.after_request
    def guard(response: Response) -> Response:
        response.headers.update(_HEADERS)
        response.headers.pop("Date", None)  # the server's to say
        return response

    return site


def _address() -> str:
    """The address that the browser used, for commands to paste; this server's if it named none."""
    host = request.host or "{SERVER_NAME}:{SERVER_PORT}".format_map(request.environ)
    return f"{request.scheme}://{host}"
