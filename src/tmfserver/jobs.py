"""What imports and exports ask of a database: many rows at a time, jobs, and their errors.

Whoever imports or exports has a process for it, or is the command line: so all of this waits, and
none of it is for an event loop. Times are microseconds since 1970.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

from tmfserver.changes import Collection, Event, Present
from tmfserver.query.ast import Query
from tmfserver.repository import Listeners, Row

Kind: TypeAlias = Literal["import", "export"]


class Stopped(Exception):
    """The job was deleted, or has become another process's, or was told to stop."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that this process alone works on, as long as it renews its lease.

    jobs, id: the job's own document; kind, task: what is to be done, as whoever entered it wrote;
    position: how many records are done with, counted in `counts`. document: the job's text.
    """

    jobs: Collection
    id: str
    kind: Kind
    task: Mapping[str, Any]
    token: str
    position: int
    counts: Mapping[str, Any]
    document: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is, to be written with what it did.

    document: the job's new text, or None: it stays as it is; errors: lines for its log; done: it
    needs no more work.
    """

    claim: Claim
    position: int
    counts: Mapping[str, Any]
    document: str | None
    errors: Sequence[str] = ()
    done: bool = False


@dataclass(frozen=True, slots=True)
class After:
    """What goes into the transaction of a batch: events, made for the listeners of `version`."""

    events: Sequence[Event] = ()
    version: int | None = None
    progress: Progress | None = None


class NewRow(NamedTuple):
    """A new document: see changes.Insert. id: its key, where it stands in another; marks: one for
    each of the collection's keys."""

    id: str
    document: str
    revision: int
    marks: tuple[str | None, ...] = ()


@dataclass(slots=True)
class Found:
    """The rows of an export, of one moment. total: how many, where the database can tell.

    Who does not read them to their end closes them.
    """

    total: int | None
    batches: Iterator[Sequence[Row]]
    close: Callable[[], object] = field(default=lambda: None)


class Rehearsal(Protocol):
    """Loads that are not made: see Bulk."""

    def __call__(self, rows: Sequence[NewRow]) -> frozenset[str]: ...

    def close(self) -> None: ...


class Bulk(Protocol):
    """A database, opened to write and read much."""

    def listeners(self) -> Listeners: ...

    def load(
        self,
        collection: Collection,
        rows: Sequence[NewRow],
        then: Callable[[frozenset[str]], After],
        holders: Sequence[Present] = (),
    ) -> frozenset[str]:
        """Writes new rows, of different ids, in one transaction with what `then` makes of the ids
        that are taken: these rows are left out and returned. The holders stay until it is written.

        Raises errors.ListenersChanged, errors.NotFound and Stopped, and has written nothing then.
        """
        ...

    def require(self, holders: Sequence[Present]) -> None:
        """Raises errors.NotFound for the first that is not there."""
        ...

    def rehearsal(self, collection: Collection) -> Rehearsal:
        """What `load` would return for each of many loads, and nothing is written."""
        ...

    def find(self, collection: Collection, query: Query) -> Found:
        """All that match, `fields` aside. Raises errors.BadQuery and errors.NotServed."""
        ...

    def claim(self, seconds: float) -> Claim | None:
        """A job that nobody works on, for so many seconds this process's alone."""
        ...

    def renew(self, claim: Claim, seconds: float) -> bool:
        """False: the job is not this process's any more."""
        ...

    def give_back(self, claim: Claim) -> None:
        """Others may go on with it at once."""
        ...

    def advance(self, progress: Progress) -> None:
        """Raises Stopped."""
        ...

    def forget(self, jobs: Collection, id: str) -> None:
        """A job's end, its log's too."""
        ...

    def errors(self, jobs: Collection, id: str) -> list[str]:
        """The lines of a job's log."""
        ...

    def close(self) -> None: ...
