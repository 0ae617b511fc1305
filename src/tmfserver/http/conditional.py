"""ETag, If-Match, If-None-Match and Last-Modified (RFC 9110): a revision names a state."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import formatdate
from functools import lru_cache

from tmfserver.errors import PreconditionFailed


def etag(revision: int) -> str:
    return f'"{revision:x}"'


def headers(revision: int) -> list[tuple[bytes, bytes]]:
    """ETag and Last-Modified; a revision is microseconds since 1970."""
    return [
        (b"etag", b'"%x"' % revision),
        (b"last-modified", _date(revision // 1_000_000)),
    ]


@lru_cache(maxsize=4096)
def _date(second: int) -> bytes:
    return formatdate(second, usegmt=True).encode()


def precondition(if_match: str | None) -> Callable[[int], None] | None:
    """What refuses a change of a document at another revision than If-Match names."""
    if if_match is None:
        return None
    names = {name.strip() for name in if_match.split(",")}

    def check(revision: int) -> None:
        if "*" not in names and etag(revision) not in names:
            raise PreconditionFailed(header="If-Match", came=if_match, current=etag(revision))

    return check


def unchanged(if_none_match: str | None, revision: int) -> bool:
    """Whether the client has this state already (compared weakly, as RFC 9110 wants)."""
    if if_none_match is None:
        return False
    names = {name.strip().removeprefix("W/") for name in if_none_match.split(",")}
    return "*" in names or etag(revision) in names
