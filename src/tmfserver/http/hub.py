"""The hub's operations, and those of the listener paths: a Call in, a Reply out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from marshmallow import Schema, post_dump
from marshmallow.fields import String

from tmfserver.changes import Listener
from tmfserver.engine import Hub
from tmfserver.http.correlation import correlation
from tmfserver.http.errors import JSON_HEADER
from tmfserver.rules import Call, Reply


class HubOperations:
    """The operations of one API's hub, and of its listener paths.

    kind: what the contract calls a listener, where it is mandatory to say (`@type`).
    """

    def __init__(self, hub: Hub, path: str, kind: str = "") -> None:
        self._hub, self._path = hub, path
        self._said = {"@type": kind} if kind else {}

    async def subscribe(self, call: Call) -> Reply:
        asked = call.body
        listener = await self._hub.subscribe(
            asked["callback"], asked.get("query") or "", asked.get("header") or ""
        )
        location = f"{call.base_url}{self._path}/hub/{listener.id}".encode()
        body = orjson.dumps({**self._said, **_NEW_LISTENER.dump(listener)})
        return Reply(201, body, [JSON_HEADER, (b"location", location)])

    async def subscriptions(self, call: Call) -> Reply:
        listeners = await self._hub.all()
        count = b"%d" % len(listeners)
        headers = [(b"x-total-count", count), (b"x-result-count", count), JSON_HEADER]
        return Reply(200, orjson.dumps([self._shown(one) for one in listeners]), headers)

    async def subscription(self, call: Call) -> Reply:
        (id,) = call.path.values()
        return Reply(200, orjson.dumps(self._shown(await self._hub.find(id))), [JSON_HEADER])

    async def unsubscribe(self, call: Call) -> Reply:
        (id,) = call.path.values()
        await self._hub.unsubscribe(id)
        return Reply(204)

    def _shown(self, listener: Listener) -> dict[str, str]:
        return {**self._said, **_LISTENER.dump(listener)}

    def listen(self, event: str, status: int) -> Callable[[Call], Awaitable[Reply]]:
        """What a listener path does; the contract says with which status it answers."""

        async def listen(call: Call) -> Reply:
            id = await self._hub.receive(event, call.body, call.base_url, correlation(call))
            if status == 204:
                return Reply(204)
            kept = Listener(id, "", f"{call.base_url}{self._path}/listener/{event}", "")
            return Reply(status, orjson.dumps(self._shown(kept)), [JSON_HEADER])

        return listen


class ListenerShape(Schema):
    """A stored listener as clients see it: its header and its secret are not shown."""

    id = String()
    callback = String()
    query = String()

    @post_dump
    def leave_out_no_query(self, shown: dict[str, str], **_: Any) -> dict[str, str]:
        return {name: value for name, value in shown.items() if value}


class NewListenerShape(ListenerShape):
    """A listener as it is shown once, to who registered it."""

    secret = String()


_LISTENER, _NEW_LISTENER = ListenerShape(), NewListenerShape()
