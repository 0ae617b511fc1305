"""Asks a server over HTTP and remembers each exchange.

The standard library's client: one connection that is kept, no redirects, no retries but one when
the server closed the connection meanwhile, no more headers than are given.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cached_property
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

from tmfserver.conformance.results import Exchange

JSON = "application/json"
_KEPT = 1_000_000  # characters of a body that are kept for the report
_MOST = 64 * 2**20  # bytes that are read of an answer
_OLD = (ConnectionResetError, BrokenPipeError)
Headers = tuple[tuple[str, str], ...]


class Answer:
    """What came back: the exchange, and its body as JSON."""

    def __init__(self, exchange: Exchange, text: str) -> None:
        self.exchange, self.text, self.status = exchange, text, exchange.status

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def came(self) -> str:
        """The status and the beginning of the body, for people."""
        if self.status is None:
            return self.exchange.problem
        text = " ".join(self.text.split())
        return f"{self.status}: {text[:200]}" if text else f"{self.status}, no body"

    @cached_property
    def json(self) -> Any:
        """The body; None where it is not JSON."""
        try:
            return json.loads(self.text)
        except ValueError:
            return None

    @property
    def document(self) -> dict[str, Any]:
        """The body if it is an object, else an empty one."""
        return self.json if isinstance(self.json, dict) else {}

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The objects of a body that is an array."""
        found = self.json if isinstance(self.json, list) else []
        return [row for row in found if isinstance(row, dict)]

    def header(self, name: str) -> str | None:
        """A header's value; None where it is missing."""
        found = [value for key, value in self.exchange.response_headers if key.lower() == name]
        return ", ".join(found) if found else None


class Client:
    """Speaks to one server. `seconds`: the longest that it waits for an answer's next part.

    silent: how many requests in a row got no answer.
    """

    def __init__(self, headers: Headers = (), seconds: float = 10.0) -> None:
        self._headers, self._seconds = headers, seconds
        self._open: dict[tuple[str, str], HTTPConnection] = {}
        self.silent = 0

    def ask(
        self,
        method: str,
        url: str,
        *,
        body: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
        anonymous: bool = False,
    ) -> Answer:
        """One request. What goes wrong with it is told by the answer's exchange."""
        sent = {} if anonymous else dict(self._headers)
        sent |= {"Accept": JSON, **dict(headers)}
        begun = time.perf_counter()
        status, came, content, problem = self._ask(method, url, body, sent)
        seconds = time.perf_counter() - begun
        self.silent = self.silent + 1 if status is None else 0
        text = content.decode("utf-8", errors="replace")
        kept = text if len(text) <= _KEPT else f"{text[:_KEPT]}… ({len(text)} characters)"
        exchange = Exchange(
            method, url, tuple(sent.items()), body or "", status, came, kept, seconds, problem
        )
        return Answer(exchange, text)

    def close(self) -> None:
        """Gives the connections back."""
        for connection in self._open.values():
            connection.close()
        self._open.clear()

    def _ask(
        self, method: str, url: str, body: str | None, headers: Mapping[str, str]
    ) -> tuple[int | None, Headers, bytes, str]:
        try:
            parts = urlsplit(url)
            answer, content = self._sent(method, parts, body, headers)
        except TimeoutError:
            self.close()
            return None, (), b"", f"no answer within {self._seconds:g} s"
        except (OSError, HTTPException, ValueError) as failure:
            self.close()
            return None, (), b"", f"{type(failure).__name__}: {failure}"
        return answer.status, tuple(answer.getheaders()), content, ""

    def _sent(
        self, method: str, parts: SplitResult, body: str | None, headers: Mapping[str, str]
    ) -> tuple[HTTPResponse, bytes]:
        key, path = (parts.scheme, parts.netloc), parts.path or "/"
        target = f"{path}?{parts.query}" if parts.query else path
        content = body.encode() if body is not None else None
        kept = self._open.pop(key, None)
        if kept is not None:
            with suppress(*_OLD):  # the server closed it, which RFC 9112 9.3.1 allows at any time
                return self._exchange(key, kept, method, target, content, headers)
        return self._exchange(key, self._connection(parts), method, target, content, headers)

    def _exchange(
        self, key: tuple[str, str], connection: HTTPConnection, method: str, target: str,
        content: bytes | None, headers: Mapping[str, str],
    ) -> tuple[HTTPResponse, bytes]:  # fmt: skip
        try:
            connection.request(method, target, content, dict(headers))
            answer = connection.getresponse()
            read = answer.read(_MOST)
        except BaseException:
            connection.close()
            raise
        if answer.isclosed() and not answer.will_close:
            self._open[key] = connection
        else:
            connection.close()
        return answer, read

    def _connection(self, parts: SplitResult) -> HTTPConnection:
        if parts.scheme == "https":
            return HTTPSConnection(
                parts.netloc, timeout=self._seconds, context=ssl.create_default_context()
            )
        if parts.scheme != "http":
            raise ValueError(f"'{parts.geturl()}' is no http(s) URL")
        return HTTPConnection(parts.netloc, timeout=self._seconds)


def with_query(url: str, query: Mapping[str, str] | str) -> str:
    """The URL with a query: a text as it stands, names and values percent-encoded."""
    if isinstance(query, str):
        return f"{url}?{query}" if query else url
    pairs = [f"{quote(name, safe='.@')}={quote(value, safe='')}" for name, value in query.items()]
    return f"{url}?{'&'.join(pairs)}" if pairs else url
