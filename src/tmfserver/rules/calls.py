"""What a handler's own operation is given, and what it gives back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Reply:
    """An answer: the body is whole (`body`) or comes in pieces (`stream`), as JSON text."""

    status: int
    body: bytes | None = None
    headers: Sequence[tuple[bytes, bytes]] = ()
    stream: AsyncIterator[bytes] | None = None


@dataclass(slots=True)
class Call:
    """One request to an operation, routed and valid by the contract.

    A function in a handler that is named after an operationId replaces that operation. It is
    called with the Call and answers with a Reply; `await call.default(call)` is what the
    operation does without it.
    """

    operation_id: str
    path: Mapping[str, str]
    query: bytes
    headers: Sequence[tuple[bytes, bytes]]
    base_url: str
    media_type: str
    body: Any
    default: Callable[[Call], Awaitable[Reply]] | None = None

    def header(self, name: bytes) -> str | None:
        """The value of a request header, by its lower-case name."""
        for key, value in self.headers:
            if key == name:
                return value.decode("latin-1")
        return None
