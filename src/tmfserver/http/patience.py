"""The patient parser of HTTP/1.1, for what the fast one does not read (protocol.py)."""

from __future__ import annotations

from uvicorn.protocols.http.h11_impl import H11Protocol

from tmfserver.http.protocol import refuse


class PatientProtocol(H11Protocol):
    """One connection, read by the parser that knows every method."""

    def send_400_response(self, msg: str) -> None:
        refuse(self.transport)
