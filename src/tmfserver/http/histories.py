"""The histories of one resource's instances, as lists."""

from __future__ import annotations

from collections.abc import Sequence

from tmfserver.engine import ResourceEngine
from tmfserver.http.correlation import user
from tmfserver.http.lists import Lists
from tmfserver.repository import Row
from tmfserver.rules import Call, Reply


class Histories:
    """`path` is the resource's collection; `header` names the one that tells who asks."""

    def __init__(self, path: str, lists: Lists, header: str) -> None:
        self._path, self._lists, self._header = path, lists, header

    def user(self, call: Call) -> str:
        return user(call, self._header)

    async def list(self, engine: ResourceEngine, call: Call) -> Reply:
        (id,) = call.path.values()
        listed = self._lists.read(call)
        page = await engine.history(id, listed.query)
        return self._lists.reply(page, listed, f"{call.base_url}{self._path}/{id}/history", _array)


def _array(rows: Sequence[Row]) -> bytes:
    """The entries as they are kept; they have no address of their own."""
    return b"[" + b",".join([row[1].encode() for row in rows]) + b"]"
