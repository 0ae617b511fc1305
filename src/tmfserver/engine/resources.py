"""List, create, retrieve, replace, patch and delete, for any resource of any contract."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from tmfserver import exact
from tmfserver.changes import Change, Collection, Insert, Remove, Replace
from tmfserver.engine import representation
from tmfserver.engine.checks import Checked, Checks
from tmfserver.engine.history import History
from tmfserver.engine.nested import Holding, Within, what_goes_along
from tmfserver.engine.newcomers import Newcomers
from tmfserver.engine.notifications import Notifications
from tmfserver.engine.outcomes import Also, Outcome, Told, about, nothing
from tmfserver.engine.paths import rewrite_href
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
from tmfserver.repository import Page, Row, Store
from tmfserver.spec import Resource, Shape

# How often a change is made anew when others changed the same document meanwhile.
ATTEMPTS = 20
# So many documents are added up at once; more, where nobody else waits for it.
FEW = 100

Precondition = Callable[[int], None]
T = TypeVar("T")


class ResourceEngine:
    """One resource: its contract, its rules, and where its documents are kept.

    `base` in the methods is the URL of the collection as the client sees it, with its slash.
    `precondition`, if given, is called with the revision found and raises to refuse it.
    `correlation` ties the change's events to the request that makes it; `by` is who asks for it.
    `inner` are the collections whose documents stand in this one's, and go with them.
    """

    def __init__(
        self,
        resource: Resource,
        shape: Shape,
        checks: Checks,
        collection: Collection,
        store: Store | Within,
        notifications: Notifications,
        history: History | None = None,
        inner: Sequence[Collection] = (),
    ) -> None:
        self.resource, self.checks, self.collection = resource, checks, collection
        self.shape, self.notifications, self._history = shape, notifications, history
        self._store, self.inner = store, inner
        self._queues: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def within(self, holder: str, holding: Holding) -> ResourceEngine:
        """The same engine for the documents that stand in the holder of this key alone."""
        return ResourceEngine(
            self.resource,
            self.shape,
            self.checks,
            self.collection,
            Within(self._store, self.collection, holder, holding),
            self.notifications,
            inner=self.inner,
        )

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
            fold.take(exact.loads(row[1]))
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

    async def create(
        self, document: dict[str, Any], base: str, correlation: str = "", also: Also = nothing
    ) -> Outcome:
        """Keeps a new document, which the contract's create schema holds true for.

        also: gives more changes for the same transaction, by what will have been made.
        """
        row = self.admit(document)
        (outcome,) = await self._keep([row], [document], base, correlation, also)
        return outcome

    async def create_many(
        self,
        documents: Sequence[dict[str, Any]],
        base: str,
        correlation: str = "",
        also: Also = nothing,
    ) -> Sequence[Outcome]:
        """Keeps all of these or none (TMF630 6.2). A refusal tells which document it is about."""
        rows = []
        for number, document in enumerate(documents):
            with about(number):
                rows.append(self.admit(document))
        return await self._keep(rows, documents, base, correlation, also)

    async def _keep(
        self,
        rows: Sequence[Row],
        documents: Sequence[dict[str, Any]],
        base: str,
        correlation: str,
        also: Also,
    ) -> Sequence[Outcome]:
        told = [(None, {"href": base + each["id"], **each}) for each in documents]

        async def once() -> Sequence[Outcome]:
            outcomes: list[Outcome] = []
            counted_on: list[Change] = []
            inserts: list[Change] = []
            beside = Newcomers() if len(rows) > 1 else None
            for number, (row, document) in enumerate(zip(rows, documents, strict=True)):
                with about(number if len(rows) > 1 else None):
                    warnings, keys, unchanged = await self.check_new(document, base, beside)
                outcomes.append(Outcome(row, warnings))
                counted_on += unchanged
                inserts.append(Insert(self.collection, *row[:3], keys))
            # What else there is goes first: it says whether this was done before.
            changes = [*also(outcomes), *counted_on, *inserts]
            await self._commit(changes, told, correlation)
            return outcomes

        return await self._until_settled(rows[0][0], once)

    def admit(self, document: dict[str, Any]) -> Row:
        """The document as it is to be kept, the server's attributes set in place."""
        representation.refuse_given(self.resource, document)
        document["id"] = id = representation.new_id(document)
        revision = now()
        representation.stamp_new(self.resource, document, revision)
        return id, text_of(document), revision

    async def check_new(
        self, document: dict[str, Any], base: str, beside: Newcomers | None = None
    ) -> Checked:
        """Asks its type's own schema, the rules and the policies about a new document."""
        typed = self.shape.typed({"href": base + document["id"], **document})
        checked = await self.checks.check(None, document, base, beside)
        return checked._replace(warnings=[*typed, *checked.warnings])

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
            old = exact.loads(represent(row, base))
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
        unknown, keys, counted_on = await self.checks.check(old, new, base)
        text = text_of(new)
        changes: list[Change] = [*counted_on]
        changes.append(Replace(self.collection, row[0], text, revision, row[2], keys))
        if self._history is not None:
            changes += self._history.changes(old, new, revision, correlation, by)
        await self._commit(changes, [(old, new)], correlation)
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
            await self.checks.refuse_deletion(id, base)
            old = exact.loads(represent(row, base))
            changes: list[Change] = [Remove(self.collection, id, row[2])]
            if self.inner:
                changes += what_goes_along(self._store, self.inner, id)
            await self._commit(changes, [(old, None)], correlation)

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

    async def _commit(
        self, changes: Sequence[Change], told: Sequence[Told], correlation: str
    ) -> None:
        """The changes and the events of what became of documents, in one transaction."""
        listeners = await self._store.listeners()
        if listeners.all:
            events = [
                event
                for old, new in told
                for event in self.notifications.events(listeners, old, new, correlation)
            ]
            await self._store.commit([*changes, *events], listeners.version)
        else:
            await self._store.commit(changes, listeners.version)
