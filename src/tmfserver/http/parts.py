"""The operations of what is a part of an instance, such as /thing/{id}/status: some of its
attributes are read and changed by themselves, as a change of the whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tmfserver import exact
from tmfserver.errors import NotFound
from tmfserver.http.media import patcher
from tmfserver.http.operations import ResourceOperations
from tmfserver.rules import Call, Reply

Document = dict[str, Any]


class PartOperations:
    """Those of one operation's part. attribute: the one whose value the part is; "" where it is
    several, `view`."""

    def __init__(
        self, operations: ResourceOperations, attribute: str, view: tuple[str, ...]
    ) -> None:
        self._operations, self._attribute, self._view = operations, attribute, view
        self.retrieve = operations.retrieve

    async def part(self, call: Call) -> Reply:
        reply = await self._operations.retrieve(call)
        return reply if reply.status == 304 else self._of(call, reply)

    async def put_part(self, call: Call) -> Reply:
        return await self._change(call, lambda _: call.body)

    async def patch_part(self, call: Call) -> Reply:
        return await self._change(call, patcher(call.media_type, call.body))

    async def _change(self, call: Call, change: Callable[[Document], Any]) -> Reply:
        def of_all(whole: Document) -> Document:
            part = change(self._part(whole) or {})
            if self._attribute:
                return {**whole, self._attribute: part}
            rest = {name: value for name, value in whole.items() if name not in self._view}
            return {**rest, **part}

        return self._of(call, await self._operations.change(call, of_all))

    def _of(self, call: Call, reply: Reply) -> Reply:
        """The answer about the whole, with the part alone in it."""
        part = self._part(exact.loads(reply.body or b"{}"))
        if part is None:
            (id,) = call.path.values()
            raise NotFound(resource=self._attribute, id=id)
        reply.body = exact.dumps(part)
        return reply

    def _part(self, whole: Mapping[str, Any]) -> Any:
        """None where it is an attribute that is not there."""
        if self._attribute:
            return whole.get(self._attribute)
        return {name: whole[name] for name in self._view if name in whole}
