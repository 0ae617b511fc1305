"""JSON texts become documents."""

from __future__ import annotations

from typing import Any

import orjson

from tmfserver.document.depth import depth, find_text
from tmfserver.document.numbers import read_numbers, refuse_beyond
from tmfserver.errors import Invalid, Malformed


def parse_json(body: bytes, levels: int) -> Any:
    """The body's value. Raises Malformed, or Invalid for what no database keeps: NUL, depth."""
    if not body:
        raise Malformed(expected="JSON", problem="it is empty")
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as failure:
        if "infinity" in str(failure) and body.count(b"[") + body.count(b"{") <= levels:
            refuse_beyond(body)
        raise Malformed(expected="JSON", problem=str(failure)) from None
    if body.count(b"[") + body.count(b"{") > levels and depth(value) > levels:
        problem = f"it is nested more deeply than {levels} levels"
        raise Malformed(expected="JSON that this server takes", problem=problem)
    value = read_numbers(value, body)
    if b"\\u0000" in body and (place := find_text(value, _holds_nul)) is not None:
        raise Invalid(
            attribute=place or "the body", problem="a text may not hold the character NUL"
        )
    return value


def _holds_nul(text: str) -> bool:
    return "\x00" in text
