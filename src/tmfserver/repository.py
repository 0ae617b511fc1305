"""What the engine asks of a database, as protocols; `sql/` answers on SQLite and PostgreSQL.

A change is a value and a list of changes is one transaction: all of it happens or none. That lets
a database write what many requests asked for in one commit, and needs no open transaction while
a request is worked on: what was read is checked again, by revision, when it is written.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeAlias

from tmfserver.deliveries import Outbox
from tmfserver.document.keys import Key
from tmfserver.query.ast import Node, Position, Query, ValueType
from tmfserver.query.folding import Folded
from tmfserver.query.summing import Summing


class UniqueKey(NamedTuple):
    """What no two documents of a collection share.

    paths: the attributes that make it, of which a document that lacks one has no key. Empty where
    who writes a document tells its key; documents that were there before then have none.
    """

    name: str
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Collection:
    """The documents of one resource of one API, one table.

    name: unique among all, e.g. "thingManagement/v1/thing"; it also names the table.
    resource: as people call it in messages, e.g. "thing".
    indexed: dotted attribute paths that filters use much; a missing index is made by migration.
    types: what the contract says of an attribute's values, by dotted path, where it is a scalar.
    arrays: dotted paths that are arrays by the contract: a path through one has many values.
    keys: what no two of the documents share.
    nested: the documents stand in those of another collection, and have ids of their own there.
    """

    name: str
    resource: str
    indexed: tuple[str, ...] = ()
    types: Mapping[str, ValueType] = field(default_factory=dict)
    arrays: frozenset[str] = frozenset()
    keys: tuple[UniqueKey, ...] = ()
    nested: bool = False


# One for each of a collection's keys, None where the document has it not.
Keys: TypeAlias = tuple[Key | None, ...]

# (id, document, revision, ...): the document as JSON text that holds id, but no href;
# revision: microseconds since 1970 of its last change, ever growing for one id; what else a
# database says of a row's place in a list is its own.
Row: TypeAlias = tuple[str, str, int, *tuple[Any, ...]]


class Batches(Protocol):
    """The rest of a page, read while it is sent."""

    def __aiter__(self) -> AsyncIterator[Sequence[Row]]: ...

    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list. `total` counts all matches, `count` the rows of this page, which are
    `rows` first, then what `more` gives, batch by batch, when the page is too big for memory; who
    does not read it to its end closes it, for it holds a connection.

    capped: there are more matches than `total`, which were not counted.
    before, after: where the pages before and after this one are, if there are any and the database
    can tell.
    """

    total: int
    count: int
    rows: Sequence[Row]
    more: Batches | None = None
    capped: bool = False
    before: Position | None = None
    after: Position | None = None


@dataclass(frozen=True, slots=True)
class Listener:
    """A subscription (hub). `api` is the base path of the contract it was made under.

    secret: the key that its notifications are signed with; header: a line to send with each.
    """

    id: str
    api: str
    callback: str
    query: str
    secret: str = field(default="", repr=False)
    header: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Listeners:
    """All listeners as of `version`, which grows with each that comes or goes."""

    version: int
    all: tuple[Listener, ...] = ()


@dataclass(frozen=True, slots=True)
class Insert:
    """A new document. Fails with errors.Taken when the id is in use, with errors.Duplicate when
    another document has one of the keys. keys: None where it has none."""

    collection: Collection
    id: str
    document: str
    revision: int
    keys: Keys | None = None


@dataclass(frozen=True, slots=True)
class Replace:
    """A document's new text. Fails with errors.Stale unless it still is at revision `seen`, with
    errors.Duplicate when another document has one of the keys. keys: None leaves them as they are.
    """

    collection: Collection
    id: str
    document: str
    revision: int
    seen: int
    keys: Keys | None = None


@dataclass(frozen=True, slots=True)
class Remove:
    """A document's end. Fails with errors.Stale unless it still is at revision `seen`."""

    collection: Collection
    id: str
    seen: int


@dataclass(frozen=True, slots=True)
class Unchanged:
    """No change, but what the others of its list count on: that a document still is at revision
    `seen` when they happen. Fails with errors.Stale."""

    collection: Collection
    id: str
    seen: int


@dataclass(frozen=True, slots=True)
class Present:
    """No change, but what the others of its list count on: that there is such a document, whatever
    it says, until all of them have happened. Fails with errors.NotFound.

    id: where it stands in others, the last step of it is its own.
    """

    collection: Collection
    id: str


@dataclass(frozen=True, slots=True)
class RemoveWithin:
    """The end of all documents of a nested collection that stand in the one with the id `holder`,
    at any depth, those included that come while the holder, removed by the same list, goes."""

    collection: Collection
    holder: str


@dataclass(frozen=True, slots=True)
class Event:
    """A notification to send, and the ids of the listeners that are to get it.

    `api` is the contract's base path, `subject` the id of the resource instance (deliveries keep
    the order of one instance), `document` the whole event as JSON text.
    """

    id: str
    api: str
    type: str
    subject: str
    document: str
    listeners: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Subscribe:
    """A new listener. Fails with errors.AlreadySubscribed when api, callback and query repeat."""

    listener: Listener


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """A listener's end, its undelivered notifications with it. errors.NotFound if there is none."""

    api: str
    id: str


@dataclass(frozen=True, slots=True)
class Receive:
    """What another party's hub sent to one of our listener paths, kept once per (api, id)."""

    api: str
    id: str
    type: str
    document: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered: `request` is its fingerprint, `headers` a JSON array of pairs,
    `at` in microseconds since 1970."""

    request: str
    status: int
    headers: str
    body: str
    at: int


@dataclass(frozen=True, slots=True)
class Keep:
    """An answer that is kept under the key that the client gave its request, with the changes that
    it tells of. Fails with errors.KeyTaken when there is one from `oldest` on."""

    api: str
    key: str
    answer: Answer
    oldest: int


@dataclass(frozen=True, slots=True)
class Enter:
    """A job that is to be done; `task` says what, as JSON text. Its document comes before it."""

    jobs: Collection
    id: str
    kind: str
    task: str


Change: TypeAlias = (
    Insert | Replace | Remove | Unchanged | Present | RemoveWithin | Event | Subscribe | Unsubscribe
    | Receive | Keep | Enter
)  # fmt: skip


class Store(Protocol):
    """A database, opened for the collections it was told of."""

    @property
    def outbox(self) -> Outbox: ...

    async def get(self, collection: Collection, id: str) -> Row | None: ...

    async def find(self, collection: Collection, query: Query) -> Page:
        """Raises errors.TooSlow when it takes longer than the store is allowed, errors.NotServed
        when too many documents would have to be looked at."""
        ...

    async def count(self, collection: Collection) -> int: ...

    async def fold(self, collection: Collection, filter: Node | None, summing: Summing) -> Folded:
        """What the documents that match add up to, of one moment. Raises as `find` does, and
        errors.BadQuery where there are too many groups."""
        ...

    async def secret(self, name: str) -> bytes:
        """A key that all processes on this database share, made when it is first asked for."""
        ...

    async def kept(self, api: str, key: str) -> Answer | None:
        """The answer that is kept under a key, however old it is."""
        ...

    async def listeners(self) -> Listeners:
        """The listeners as this process last knew them; fresh after errors.ListenersChanged."""
        ...

    async def commit(self, changes: Sequence[Change], listeners: int | None = None) -> None:
        """All changes or none, on the disk when this returns.

        With `listeners`, the version that the changes' events were made for: fails with
        errors.ListenersChanged when it is no longer so.
        """
        ...

    async def has_jobs(self) -> bool:
        """Whether there are jobs that nobody works on."""
        ...

    async def ping(self) -> None:
        """Raises errors.Unavailable unless the database answers."""
        ...

    async def close(self) -> None: ...
