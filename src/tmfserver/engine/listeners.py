"""The hub (TMF630 10): who is told of changes; and what other parties' hubs tell us."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from contextlib import suppress
from secrets import token_bytes
from typing import Any

from uuid_utils import uuid7

from tmfserver import exact
from tmfserver.changes import Listener, Receive, Subscribe, Unsubscribe
from tmfserver.engine.interests import Interests
from tmfserver.engine.mirroring import Mirror
from tmfserver.errors import Invalid, ListenersChanged, NotFound
from tmfserver.repository import Listeners, Store

# Headers that the sending of a notification sets itself, or that are about the connection.
_NOT_THEIRS = frozenset(
    {"host", "connection", "content-length", "content-type", "content-encoding", "keep-alive",
     "te", "trailer", "transfer-encoding", "upgrade", "expect", "proxy-connection"}
)  # fmt: skip
_SIGNING = "webhook-"


def allow_any(callback: str) -> None:
    """Refuses no callback."""


class Hub:
    """The listeners of one API, by its base path.

    allowed: raises what refuses a callback that may not be called. mirror: makes copies of what
    partners tell; None: what they tell is only kept.
    """

    def __init__(
        self,
        api: str,
        store: Store,
        interests: Interests,
        allowed: Callable[[str], None] = allow_any,
        mirror: Mirror | None = None,
    ) -> None:
        self._api, self._store, self._interests = api, store, interests
        self._allowed, self._mirror = allowed, mirror

    async def subscribe(self, callback: str, query: str, header: str = "") -> Listener:
        """The new listener, with the secret that what it is sent is signed with.

        header: a line to send with each notification. Raises BadQuery or NotServed for a query
        that means nothing here (TMF630 10: the grammar of GET), Invalid for a header that is not
        the listener's to set, and AlreadySubscribed when this callback and query stand already.
        """
        self._interests.check(query)
        self._allowed(callback)
        _check_header(header)
        listener = Listener(str(uuid7()), self._api, callback, query, new_secret(), header)
        await self._store.commit([Subscribe(listener)])
        return listener

    async def all(self) -> list[Listener]:
        return [one for one in (await self._fresh()).all if one.api == self._api]

    async def find(self, id: str) -> Listener:
        for listener in await self.all():
            if listener.id == id:
                return listener
        raise NotFound(resource="listener", id=id)

    async def _fresh(self) -> Listeners:
        """The listeners as they are now, whichever process registered them."""
        known = await self._store.listeners()
        with suppress(ListenersChanged):
            await self._store.commit([], known.version)
        return await self._store.listeners()

    async def unsubscribe(self, id: str) -> None:
        await self._store.commit([Unsubscribe(self._api, id)])

    async def receive(
        self, event: str, notification: Mapping[str, Any], base_url: str = "", correlation: str = ""
    ) -> str:
        """Keeps what another party's hub sent, once per eventId; gives the id it is kept under.

        event: the last step of the listener path. With a mirror the copy that the event is about
        is changed in the same transaction; see Mirror.apply for what that raises.
        """
        given = notification.get("eventId")
        id = given if isinstance(given, str) and given.strip() else str(uuid7())
        text = exact.dumps(dict(notification)).decode()
        kept = Receive(self._api, id, event, text)
        if self._mirror is None:
            await self._store.commit([kept])
        else:
            await self._mirror.apply(kept, notification, base_url, correlation)
        return id


def new_secret() -> str:
    """A key to sign notifications with, as Standard Webhooks spells it: 32 random bytes."""
    return "whsec_" + base64.b64encode(token_bytes(32)).decode()


def _check_header(header: str) -> None:
    name = header.partition(":")[0].lower()
    if name in _NOT_THEIRS or name.startswith(_SIGNING):
        problem = f"got '{name}', expected a header that is not this server's to set"
        raise Invalid(attribute="header", problem=problem)
