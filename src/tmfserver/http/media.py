"""Bodies: their media type, their size, what a patch of a media type does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from starlette.types import Receive

from tmfserver.document.json_patch import json_patch
from tmfserver.document.json_patch_query import json_patch_query
from tmfserver.document.merge_patch import merge_patch
from tmfserver.errors import (
    PatchDoesNotApply,
    RequestFailure,
    TooLarge,
    UnsupportedMediaType,
)
from tmfserver.query.match import compile_match
from tmfserver.query.parse import parse
from tmfserver.spec.openapi import JSON, JSON_PATCH, JSON_PATCH_QUERY

Headers = Sequence[tuple[bytes, bytes]]


def media_type(headers: Headers, taken: Mapping[str, Any]) -> str:
    """The body's media type, which must be one of those taken; JSON if the client says none."""
    for name, value in headers:
        if name == b"content-type":
            return _media_type(value, tuple(taken))
    return JSON


@lru_cache(maxsize=1024)
def _media_type(value: bytes, taken: tuple[str, ...]) -> str:
    name, *parameters = value.decode("latin-1").split(";")
    name = name.strip().lower()
    for parameter in parameters:
        key, _, charset = parameter.strip().partition("=")
        encoding = charset.strip('" ').lower()
        if key.strip().lower() == "charset" and encoding not in ("utf-8", "utf8", "us-ascii"):
            raise UnsupportedMediaType(came=value.decode("latin-1"), expected="charset utf-8")
    if name not in taken:
        raise UnsupportedMediaType(came=name, expected=" or ".join(taken))
    return name


async def read_body(headers: Headers, receive: Receive, limit: int) -> bytes:
    """The whole body. Raises TooLarge as soon as it is known to pass the limit, in bytes."""
    for name, value in headers:
        if name == b"content-length" and value.isdigit() and int(value) > limit:
            raise TooLarge(limit=limit)
    message = await receive()
    body: bytes = message.get("body", b"")
    if message.get("more_body"):
        parts, size = [body], len(body)
        while message.get("more_body"):
            message = await receive()
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > limit:
                raise TooLarge(limit=limit)
        body = b"".join(parts)
    if len(body) > limit:
        raise TooLarge(limit=limit)
    return body


Changer = Callable[[dict[str, Any]], Any]


def patcher(media: str, patch: Any) -> Changer:
    """What a patch of this media type makes of a document (TMF630 5 and Part 5)."""
    if media == JSON_PATCH:
        return lambda document: json_patch(document, patch)
    if media == JSON_PATCH_QUERY:
        return lambda document: json_patch_query(document, patch, _choose)
    return lambda document: merge_patch(document, patch)


def _choose(text: str, element: Any) -> bool:
    if not isinstance(element, dict):
        return False
    return _chooser(text)(element)


@lru_cache(maxsize=256)
def _chooser(text: str) -> Callable[[dict[str, Any]], bool]:
    try:
        return compile_match(parse(text, {}).filter)
    except RequestFailure as failure:
        raise PatchDoesNotApply(problem=f"'{unquote(text)}': {failure}") from None
