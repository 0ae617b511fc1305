"""Takes what nobody else may read out of a run: credentials in headers, passwords in URLs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from tmfserver.conformance.results import Check, Exchange, Run

_SECRET = re.compile(
    r"authorization|cookie|api-?key|token|secret|password|credential|signature", re.IGNORECASE
)
_IN_URL = re.compile(r"(?<=://)([^\s/@:]*):([^\s/@]+)(?=@)")
_SHORTEST = 6  # characters; what is shorter would be found where it is not meant

Headers = tuple[tuple[str, str], ...]


def is_secret(header: str) -> bool:
    return _SECRET.search(header) is not None


def variable(header: str) -> str:
    """The shell variable that stands for a header's value: Authorization is AUTHORIZATION."""
    return re.sub(r"\W", "_", header).upper()


def without_secrets(run: Run) -> Run:
    """The same run with $AUTHORIZATION and the like in place of what must not be passed on.

    A secret is also taken out where a server sends it back.
    """
    known = dict(_found(run))
    return replace(
        run,
        target=_hidden(run.target, known),
        database=_hidden(run.database, known),
        apis=tuple(replace(api, base_url=_hidden(api.base_url, known)) for api in run.apis),
        checks=tuple(_check(check, known) for check in run.checks),
    )


def _found(run: Run) -> Iterable[tuple[str, str]]:
    """What was sent as a secret, whole and without its scheme, with its stand-in."""
    for check in run.checks:
        for exchange in check.exchanges:
            for name, value in exchange.request_headers:
                if is_secret(name):
                    for part in (value, value.rpartition(" ")[2]):
                        if len(part) >= _SHORTEST:
                            yield part, f"${variable(name)}"


def _hidden(text: str, known: Mapping[str, str]) -> str:
    for secret in sorted(known, key=len, reverse=True):
        if secret in text:
            text = text.replace(secret, known[secret])
    return _IN_URL.sub(r"\1:***", text)


def _check(check: Check, known: Mapping[str, str]) -> Check:
    return replace(
        check,
        reason=_hidden(check.reason, known),
        assertions=tuple(
            replace(each, expected=_hidden(each.expected, known), came=_hidden(each.came, known))
            for each in check.assertions
        ),
        exchanges=tuple(_exchange(each, known) for each in check.exchanges),
    )


def _exchange(exchange: Exchange, known: Mapping[str, str]) -> Exchange:
    return replace(
        exchange,
        url=_hidden(exchange.url, known),
        request_headers=_headers(exchange.request_headers, known),
        request_body=_hidden(exchange.request_body, known),
        response_headers=_headers(exchange.response_headers, known),
        response_body=_hidden(exchange.response_body, known),
        problem=_hidden(exchange.problem, known),
    )


def _headers(headers: Headers, known: Mapping[str, str]) -> Headers:
    return tuple(
        (name, f"${variable(name)}" if is_secret(name) else _hidden(value, known))
        for name, value in headers
    )
