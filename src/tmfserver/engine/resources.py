"""List, create, retrieve, replace, patch and delete, for any resource of any contract."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple, TypeVar
from weakref import WeakValueDictionary

import orjson

from tmfserver.engine import representation
from tmfserver.engine.history import History
from tmfserver.engine.notifications import Notifications
from tmfserver.engine.paths import rewrite_href
from tmfserver.engine.references import References
from tmfserver.engine.representation import now, represent, text_of
from tmfserver.errors import (
    Invalid,
    ListenersChanged,
    NotFound,
    NotServed,
    PatchBreaksContract,
    Stale,
)
from tmfserver.query.ast import Node, Query
from tmfserver.query.folding import Fold, Folded
from tmfserver.query.summing import Summing
from tmfserver.repository import Change, Collection, Insert, Page, Remove, Replace, Row, Store
from tmfserver.rules import Rules
from tmfserver.spec import Resource, Shape

# How often a change is made anew when others changed the same document meanwhile.
ATTEMPTS = 20
# So many documents are added up at once; more, where nobody else waits for it.
FEW = 100

Precondition = Callable[[int], None]
T = TypeVar("T")


class Outcome(NamedTuple):
    """The document after a change, and what the client should be warned of."""

    row: Row
    warnings: list[str]


class ResourceEngine:
    """One resource: its contract, its rules, and where its documents are kept.

    `base` in the methods is the URL of the collection as the client sees it, with its slash.
    `precondition`, if given, is called with the revision found and raises to refuse it.
    `correlation` ties the change's events to the request that makes it; `by` is who asks for it.
    """

    def __init__(
        self,
        resource: Resource,
        shape: Shape,
        rules: Rules,
        collection: Collection,
        store: Store,
        references: References,
        notifications: Notifications,
        history: History | None = None,
    ) -> None:
        self.resource, self.rules, self.collection = resource, rules, collection
        self.shape, self.notifications, self._history = shape, notifications, history
        self._store, self._references = store, references
        self._queues: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def list(self, query: Query, base: str) -> Page:
        return await self._store.find(self.collection, rewrite_href(query, base))

    async def total(self, filter: Node | None, summing: Summing, base: str) -> Folded:
        """What the documents that match add up to."""
        query = rewrite_href(Query(filter=filter, limit=FEW), base)
        page = await self._store.find(self.collection, query)
        if page.count < page.total or page.more is not None:
            if page.more is not None:
                await page.more.aclose()
            return await self._store.fold(self.collection, query.filter, summing)
        fold = Fold(summing)
        for row in page.rows:
            fold.take(orjson.loads(row[1]))
        return fold.folded

    async def history(self, id: str, query: Query) -> Page:
        """How the resource with this id came to its state; also when it is gone."""
        if self._history is None:
            raise NotServed(what=f"the history of {self.resource.name}")
        page = await self._history.find(id, query)
        if not page.total:
            await self.retrieve(id)
        return page

    async def retrieve(self, id: str) -> Row:
        row = await self._store.get(self.collection, id)
        if row is None:
            raise NotFound(resource=self.resource.name, id=id)
        return row

    async def create(self, document: dict[str, Any], base: str, correlation: str = "") -> Outcome:
        """Keeps a new document, which the contract's create schema holds true for."""
        representation.refuse_given(self.resource, document)
        document["id"] = id = representation.new_id(document)
        revision = now()
        representation.stamp_new(self.resource, document, revision)
        self._apply_rules(None, document)
        warnings = self.shape.typed({"href": base + id, **document})
        warnings += await self._references.check(self.rules, None, document, base)
        text = text_of(document)
        insert = Insert(self.collection, id, text, revision)
        await self._commit(insert, document, base, correlation)
        return Outcome((id, text, revision), warnings)

    async def patch(
        self,
        id: str,
        change: Callable[[dict[str, Any]], Any],
        base: str,
        precondition: Precondition | None = None,
        correlation: str = "",
        by: str = "",
    ) -> Outcome:
        """Puts what `change` makes of the document in its place (TMF630 5), atomically.

        The whole new document is checked against the contract and the rules. A change that
        changes nothing writes nothing. When others change the document at the same time, `change`
        is asked again with what they left.
        """

        async def once() -> Outcome:
            row = await self.retrieve(id)
            if precondition is not None:
                precondition(row[2])
            old = orjson.loads(represent(row, base))
            return await self._change(row, old, change(old), base, correlation, by)

        return await self._until_settled(id, once)

    async def _change(
        self, row: Row, old: dict[str, Any], new: Any, base: str, correlation: str, by: str
    ) -> Outcome:
        if not isinstance(new, dict):
            raise PatchBreaksContract(attribute="the document", problem="expected an object")
        new, warnings = self._whole(new)
        if new == old:
            return Outcome(row, [])
        representation.refuse_kept(self.resource, old, new)
        revision = max(now(), row[2] + 1)
        representation.stamp_changed(self.resource, old, new, revision)
        self._apply_rules(old, new)
        unknown = await self._references.check(self.rules, old, new, base)
        text = text_of(new)
        replace = Replace(self.collection, row[0], text, revision, row[2])
        passed: list[Insert] = []
        if self._history is not None:
            passed = self._history.changes(old, new, revision, correlation, by)
        await self._commit_once(replace, old, new, correlation, passed)
        return Outcome((row[0], text, revision), [*warnings, *unknown])

    async def delete(
        self,
        id: str,
        base: str,
        precondition: Precondition | None = None,
        correlation: str = "",
    ) -> None:

        async def once() -> None:
            row = await self.retrieve(id)
            if precondition is not None:
                precondition(row[2])
            old = orjson.loads(represent(row, base))
            await self._commit_once(Remove(self.collection, id, row[2]), old, None, correlation)

        await self._until_settled(id, once)

    async def _until_settled(self, id: str, change: Callable[[], Awaitable[T]]) -> T:
        """Makes a change, anew when others changed the document meanwhile.

        The first attempt is made at once; those that lost stand in a queue for the document, so
        that of many in this process one after the other gets through. Other processes have queues
        of their own: between attempts there is a short wait of random length.
        """
        try:
            return await change()
        except (Stale, ListenersChanged):
            queue = self._queues.setdefault(id, asyncio.Lock())
        async with queue:
            for attempt in range(ATTEMPTS):
                try:
                    return await change()
                except (Stale, ListenersChanged):
                    await asyncio.sleep(random.uniform(0, 0.002 * 2 ** min(attempt, 6)))
            return await change()

    def _whole(self, new: dict[str, Any]) -> tuple[dict[str, Any], Sequence[str]]:
        """The document after a patch, its defaults filled in, and warnings. Raises
        PatchBreaksContract."""
        self.shape.fill(new)
        try:
            self.shape.check(new)
            warnings = self.shape.typed(new)
        except Invalid as failure:
            raise PatchBreaksContract(**failure.facts) from None
        return new, warnings

    def _apply_rules(self, old: dict[str, Any] | None, new: dict[str, Any]) -> None:
        if old is not None and self.rules.lifecycle is not None:
            self.rules.lifecycle.check(old, new)
        for check in self.rules.checks:
            check(old, new)

    async def _commit(
        self, insert: Insert, new: dict[str, Any], base: str, correlation: str
    ) -> None:
        async def once() -> None:
            document = {"href": base + new["id"], **new}
            await self._commit_once(insert, None, document, correlation)

        await self._until_settled(new["id"], once)

    async def _commit_once(
        self,
        change: Change,
        old: dict[str, Any] | None,
        new: dict[str, Any] | None,
        correlation: str,
        more: Sequence[Change] = (),
    ) -> None:
        """The change and its events, in one transaction."""
        listeners = await self._store.listeners()
        if listeners.all:
            made = self.notifications.events(listeners, old, new, correlation)
            await self._store.commit([change, *more, *made], listeners.version)
        else:
            await self._store.commit([change, *more], listeners.version)
