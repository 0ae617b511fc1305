"""What ties an event to the request that made it: its `correlationId`."""

from __future__ import annotations

import re

from tmfserver.rules import Call

LONGEST = 255
# W3C Trace Context 3.2: version, trace-id, parent-id, flags; an all-zero trace-id is none.
_TRACE = re.compile(r"^[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


def user(call: Call, header: str) -> str:
    """Who asks, as a proxy says in a header of this name; "" if none does."""
    return (call.header(header.lower().encode("latin-1")) or "").strip()[:LONGEST] if header else ""


def correlation(call: Call) -> str:
    """X-Correlation-ID as it came, cut when long, else the trace-id of traceparent, else ""."""
    asked = trace = ""
    for name, value in call.headers:
        if name == b"x-correlation-id":
            asked = value.decode("latin-1").strip()[:LONGEST]
        elif name == b"traceparent" and (match := _TRACE.match(value.decode("latin-1").strip())):
            trace = match[1]
    return asked or trace
