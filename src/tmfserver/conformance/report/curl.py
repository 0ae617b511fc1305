"""The curl command that asks again what was asked."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from tmfserver.conformance.report.secrets import is_secret, variable
from tmfserver.conformance.results import Exchange

# What curl sets by itself, and rightly for its own connection.
_CURLS_OWN = frozenset(
    {"host", "content-length", "connection", "accept-encoding", "user-agent", "transfer-encoding"}
)
_LONGEST = 20_000  # characters of a body that still make a command to paste


def command(exchange: Exchange) -> str:
    """One command for a POSIX shell, in several lines.

    Credentials are left to variables such as $AUTHORIZATION, and a body that is too long to paste
    to a file, body.json.
    """
    return " \\\n  ".join(["curl --include", *_parts(exchange)])


def _parts(exchange: Exchange) -> Iterator[str]:
    if exchange.method == "HEAD":
        yield "--head"
    elif exchange.method != "GET" or exchange.request_body:
        yield f"--request {shlex.quote(exchange.method)}"
    if any(sign in exchange.url for sign in "[]{}"):
        yield "--globoff"  # else curl takes brackets for patterns of its own
    yield shlex.quote(exchange.url)
    for name, value in exchange.request_headers:
        if name.lower() not in _CURLS_OWN:
            yield _header(name, value)
    if exchange.request_body:
        if not any(name.lower() == "content-type" for name, _ in exchange.request_headers):
            yield "--header 'Content-Type:'"  # else curl says that it is a form
        yield _body(exchange.request_body)


def _header(name: str, value: str) -> str:
    if is_secret(name):
        return f'--header "{name}: ${variable(name)}"'
    # curl leaves out a header with nothing after the colon, and sends it empty for a semicolon.
    return f"--header {shlex.quote(f'{name}: {value}' if value else f'{name};')}"


def _body(body: str) -> str:
    if len(body) > _LONGEST:
        return "--data-binary @body.json"
    return f"--data-raw {shlex.quote(body)}"
