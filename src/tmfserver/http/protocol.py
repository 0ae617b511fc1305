"""HTTP/1.1 on the wire: uvicorn's fast parser, and for what it does not read, its patient one.

The fast parser knows a list of methods and ASCII addresses. An address with bare UTF-8 is what
people type (`curl '…?name=é'`), and any token is a method (RFC 9110): such a request is mended and
given to the other parser, so that it gets the answer that it deserves.
"""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote_from_bytes

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tmfserver.http.errors import error_body

_LEFT_ALONE = "".join(chr(code) for code in range(0x21, 0x7F))


class Protocol(HttpToolsProtocol):
    """One connection, read by the fast parser."""

    _received = b""

    def data_received(self, data: bytes) -> None:
        self._received = data
        super().data_received(data)

    def send_400_response(self, msg: str) -> None:
        """The fast parser gave up, before anything of this request was passed on."""
        mended = mend(self._received)
        if mended is None or (self.cycle is not None and not self.cycle.response_complete):
            refuse(self.transport)
            return
        # Imported by the first such request: most servers never get one.
        from tmfserver.http.patience import PatientProtocol

        patient = PatientProtocol(
            config=self.config, server_state=self.server_state, app_state=self.app_state
        )
        self.connections.discard(self)
        patient.connection_made(self.transport)
        self.transport.set_protocol(patient)
        patient.data_received(mended)


def mend(data: bytes) -> bytes | None:
    """A request whose address is percent-encoded where it has to be; None if it is no request."""
    line, end, rest = data.partition(b"\r\n")
    parts = line.split(b" ")
    if not end or len(parts) != 3 or not parts[0].isalpha():
        return None
    address = quote_from_bytes(parts[1], safe=_LEFT_ALONE).encode()
    return b" ".join((parts[0], address, parts[2])) + end + rest


def refuse(transport: asyncio.Transport | Any) -> None:
    """Answers what cannot be read as HTTP, and ends the connection."""
    problem = "What came cannot be read as an HTTP/1.1 request."
    body = error_body(400, "Malformed", "Malformed request", problem)
    head = (
        b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nconnection: close\r\n"
        b"content-length: %d\r\n\r\n" % len(body)
    )
    transport.write(head + body)
    transport.close()
