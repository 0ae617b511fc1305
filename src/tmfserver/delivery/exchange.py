"""HTTP/1.1 as far as a notification needs it: one request at a time, and of the answer the status.

A general client takes most of a processor for two thousand requests a second, for what is not
wanted here. The parser is the C one (llhttp) that the server itself reads requests with.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from time import monotonic

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

MOST_HEAD = 64 * 1024  # bytes of an answer before its body
MOST_BODY = 4096  # bytes of an answer's body, after which the connection is closed
BODY_SECONDS = 1.0
IDLE_SECONDS = 15.0

_FIELD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+: ?[^\x00-\x08\x0a-\x1f\x7f]*")


class Broken(Exception):
    """A connection that did not give an answer; what happened to it is the message.

    untouched: nothing at all came back on it.
    """

    def __init__(self, problem: str, *, untouched: bool = False) -> None:
        super().__init__(problem)
        self.untouched = untouched


def post(authority: str, target: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """A request's bytes. Raises ValueError for a header that is none (RFC 9110 5.5)."""
    lines = [f"POST {target} HTTP/1.1", f"Host: {authority}"]
    for name, value in headers.items():
        line = f"{name}: {value}"
        if not _FIELD.fullmatch(line):
            raise ValueError(f"the header '{name}' cannot be sent")
        lines.append(line)
    lines.append(f"Content-Length: {len(body)}\r\n\r\n")
    return "\r\n".join(lines).encode("latin-1") + body


class Link(asyncio.Protocol):
    """A connection to a listener."""

    def __init__(self) -> None:
        self._head: asyncio.Future[None] | None = None
        self._end: asyncio.Future[None] | None = None
        self._parser = HttpResponseParser(self)
        self._received = self._body = self._status = 0
        self._retry_after: str | None = None
        self._lost = self._keeps = False
        self._idle_since = monotonic()

    @property
    def is_usable(self) -> bool:
        """Whether it may be asked again."""
        return self._keeps and not self._lost and monotonic() - self._idle_since < IDLE_SECONDS

    async def ask(self, request: bytes) -> tuple[int, str | None]:
        """Status and Retry-After of the answer. Raises Broken."""
        loop = asyncio.get_running_loop()
        self._head, self._end = loop.create_future(), loop.create_future()
        self._parser = HttpResponseParser(self)
        self._received = self._body = self._status = 0
        self._retry_after, self._keeps = None, False
        if self._lost:
            raise Broken("the connection was closed", untouched=True)
        self._transport.write(request)
        await self._head
        if not self._end.done():
            # It has answered; the rest is waited for only to use the connection again.
            await asyncio.wait([self._end], timeout=BODY_SECONDS)
        self._idle_since = monotonic()
        self._head = self._end = None
        return self._status, self._retry_after

    def abort(self) -> None:
        """At once: what was not sent yet is of no use any more."""
        self._keeps = False
        self._transport.abort()

    # --- what asyncio tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        if self._end is None or self._end.done():
            self.abort()  # it speaks without being asked
            return
        self._received += len(data)
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            self._done(keeps=False)
        except HttpParserError as error:
            self._fail(f"no HTTP: {error}")
        if self._received > MOST_HEAD and not self._status:
            self._fail("an answer without end")

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        told = f" ({exc})" if exc and str(exc) else ""
        self._fail(f"it closed the connection without an answer{told}")

    # --- what the parser tells

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"retry-after":
            self._retry_after = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status >= 200 or status == 101:
            self._status = status
            if self._head is not None and not self._head.done():
                self._head.set_result(None)

    def on_body(self, body: bytes) -> None:
        self._body += len(body)
        if self._body > MOST_BODY:
            self._done(keeps=False)

    def on_message_complete(self) -> None:
        if self._status:
            self._done(keeps=self._parser.should_keep_alive() and self._status != 101)

    def _done(self, *, keeps: bool) -> None:
        if self._end is not None and not self._end.done():
            self._keeps = keeps
            self._end.set_result(None)
            if not keeps:
                self.abort()

    def _fail(self, problem: str) -> None:
        if self._head is not None and not self._head.done():
            self._head.set_exception(Broken(problem, untouched=not self._received))
        if self._end is not None and not self._end.done():
            self._end.set_result(None)
        self.abort()
