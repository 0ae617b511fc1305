"""Idempotency-Key: a create that is sent again is answered as it was before, and done once.

The answer is kept in the transaction of the change, so that there is one if and only if the change
was made, whichever process made it (the IETF's draft of the header; TMF630 has none).
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson

from tmfserver import exact
from tmfserver.changes import Answer, Change, Keep
from tmfserver.engine.outcomes import Also, Outcome, nothing
from tmfserver.engine.representation import now
from tmfserver.errors import Invalid, KeyReused, KeyTaken
from tmfserver.repository import Store
from tmfserver.rules import Call, Reply
from tmfserver.spec.additions import LONGEST_KEY

Render: TypeAlias = Callable[[Sequence[Outcome]], Reply]
Create: TypeAlias = Callable[[Also], Awaitable[Sequence[Outcome]]]

_HOUR = 3_600_000_000


@dataclass(frozen=True)
class Answers:
    """What one API's requests with a key were answered; hours: for how long it is known."""

    store: Store
    api: str
    hours: int

    async def give(self, call: Call, create: Create, render: Render, body: Any = None) -> Reply:
        """The reply of a create; of the earlier one, if its key was seen before.

        body: what tells the request's body from others, where it is not the call's own.
        Raises KeyReused when the key came with another request, KeyTaken when that one is gone
        between two looks.
        """
        given = call.header(b"idempotency-key")
        if given is None:
            return render(await create(nothing))
        key = _read(given)
        request = _fingerprint(call, call.body if body is None else body)
        oldest = now() - self.hours * _HOUR
        if (reply := await self._again(key, request, oldest)) is not None:
            return reply

        def also(outcomes: Sequence[Outcome]) -> Sequence[Change]:
            return (Keep(self.api, key, _kept(request, render(outcomes)), oldest),)

        try:
            return render(await create(also))
        except KeyTaken:
            if (reply := await self._again(key, request, oldest)) is not None:
                return reply
            raise

    async def _again(self, key: str, request: str, oldest: int) -> Reply | None:
        kept = await self.store.kept(self.api, key)
        if kept is None or kept.at < oldest:
            return None
        if kept.request != request:
            raise KeyReused(key=key if len(key) <= 40 else f"{key[:37]}...")
        headers = [(name.encode("latin-1"), value.encode("latin-1"))
                   for name, value in orjson.loads(kept.headers)]  # fmt: skip
        headers.append((b"idempotency-replayed", b"true"))
        return Reply(kept.status, kept.body.encode(), headers)


def _read(given: str) -> str:
    key = given.strip()
    if not 1 <= len(key) <= LONGEST_KEY:
        problem = f"got {len(key)} characters, expected 1 to {LONGEST_KEY}"
        raise Invalid(attribute="Idempotency-Key", problem=problem)
    return key


def _fingerprint(call: Call, body: Any) -> str:
    """Of what is asked: the operation, its query and its body, however that is laid out."""
    asked = hashlib.sha256(call.operation_id.encode())
    asked.update(b"\0" + call.query + b"\0" + exact.dumps(body))
    return asked.hexdigest()


def _kept(request: str, reply: Reply) -> Answer:
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in reply.headers]
    body = (reply.body or b"").decode()
    return Answer(request, reply.status, orjson.dumps(headers).decode(), body, now())
