"""What the engine asks of a database, as protocols; `sql/` answers on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from tmfserver.changes import Answer, Change, Collection, Listener
from tmfserver.deliveries import Outbox
from tmfserver.query.ast import Node, Position, Query
from tmfserver.query.folding import Folded
from tmfserver.query.summing import Summing

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
class Listeners:
    """All listeners as of `version`, which grows with each that comes or goes."""

    version: int
    all: tuple[Listener, ...] = ()


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
