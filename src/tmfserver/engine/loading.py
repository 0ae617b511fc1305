"""Many new documents at once: each becomes what a POST would make of it, and what cannot is told.

A batch of rows, its events and how far the job is are one transaction.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from tmfserver import exact
from tmfserver.changes import Event, Present
from tmfserver.engine.newcomers import Newcomers
from tmfserver.engine.resources import ResourceEngine
from tmfserver.errors import Failure, ListenersChanged
from tmfserver.jobs import After, Bulk, NewRow, Progress, Rehearsal
from tmfserver.records import Record, Refused
from tmfserver.repository import Listeners
from tmfserver.spec import Shape

MOST_ROWS = 1_000  # in one transaction
MOST_BYTES = 8 * 1024 * 1024
ATTEMPTS = 100  # at a batch whose listeners changed meanwhile


@dataclass(slots=True)
class Batch:
    """Records that go into one transaction: new rows, by key, and what was refused of them.

    position: of the last record. repeated: records whose id an earlier row of the batch has.
    unchecked: what the resource's rules have not been asked about yet, with what it would become.
    """

    rows: dict[str, NewRow] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    repeated: list[Refused] = field(default_factory=list)
    read: int = 0
    size: int = 0
    position: int = 0
    unchecked: list[tuple[Record, dict[str, Any], NewRow]] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        return self.read >= MOST_ROWS or self.size >= MOST_BYTES


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of a batch. problems: those refused, and those that are there already."""

    read: int
    created: int
    duplicate: int
    invalid: int
    position: int
    problems: Sequence[Refused]


class Loader:
    """Loads one resource's documents.

    shape: what the contract says of a new one; read: a body's JSON as POST reads it. base: the
    collection's URL with its slash, for events. wait: runs what asks the database. head: what keys
    begin with where the documents stand in others; holders: that these are there.
    """

    def __init__(
        self,
        engine: ResourceEngine,
        shape: Shape,
        read: Callable[[bytes], Any],
        base: str,
        wait: Callable[[Awaitable[None]], None],
        head: str = "",
        holders: Sequence[Present] = (),
    ) -> None:
        self._engine, self._shape, self._read = engine, shape, read
        self._base, self._wait = base, wait
        self._head, self._holders = head, holders
        self.collection = engine.collection
        self._listeners: Listeners | None = None
        self._beside = Newcomers()

    def batches(self, records: Iterable[Record | Refused]) -> Iterator[Batch]:
        """Reads and checks records, until a batch is full of them."""
        batch = Batch()
        try:
            for record in records:
                self._take(batch, record)
                if batch.is_full:
                    self._wait(self._check(batch))
                    yield batch
                    batch = Batch()
        except (Failure, OSError):
            # What came before the place where the file is broken is as good as ever.
            if batch.read:
                self._wait(self._check(batch))
                yield batch
            raise
        if batch.read:
            self._wait(self._check(batch))
            yield batch

    def load_all(
        self, bulk: Bulk, batches: Iterator[Batch], progress: Callable[[Loaded], Progress | None]
    ) -> Iterator[Loaded]:
        """Writes batches, each while the next one is read and checked.

        Who takes one up may use the database, and what `progress` uses: nothing is written then.
        """
        with ThreadPoolExecutor(1) as thread:
            writing: Future[Loaded] | None = None
            broken: Exception | None = None
            while True:
                try:
                    batch = next(batches, None)
                except (Failure, OSError) as failure:  # what was begun is ended first
                    batch, broken = None, failure
                if writing is not None:
                    yield writing.result()
                if batch is None:
                    break
                writing = thread.submit(self.load, bulk, batch, progress)
            if broken is not None:
                raise broken

    def load(
        self, bulk: Bulk, batch: Batch, progress: Callable[[Loaded], Progress | None]
    ) -> Loaded:
        """Writes a batch, with what `progress` says of it. Raises jobs.Stopped, and
        errors.NotFound where what the documents stand in has gone."""
        made: list[Loaded] = []
        for _ in range(ATTEMPTS):
            listeners = self._listeners = self._listeners or bulk.listeners()

            def then(taken: frozenset[str], known: Listeners = listeners) -> After:
                made[:] = [self._loaded(batch, taken)]
                events = self._events(batch, taken, known) if known.all else ()
                return After(events, known.version, progress(made[0]))

            try:
                bulk.load(self.collection, list(batch.rows.values()), then, self._holders)
            except ListenersChanged:
                self._listeners = None
            else:
                return made[0]
        raise ListenersChanged

    def check(self, rehearsal: Rehearsal, batch: Batch) -> Loaded:
        """What `load` would make of the batch; it writes nothing."""
        return self._loaded(batch, rehearsal(list(batch.rows.values())))

    def _take(self, batch: Batch, record: Record | Refused) -> None:
        batch.read += 1
        batch.position = record.position
        if isinstance(record, Refused):
            batch.refused.append(record)
            return
        batch.size += len(record.content)
        try:
            self._admit(batch, record)
        except Failure as failure:
            batch.refused.append(Refused(record.position, record.line, str(failure)))

    def _admit(self, batch: Batch, record: Record) -> None:
        document = self._read(record.content)
        if isinstance(document, dict):
            document.pop("href", None)  # where it was; where it is now, the server says
        self._shape.fill(document)
        self._shape.check(document)
        id, text, revision, *_ = self._engine.admit(document)
        batch.unchecked.append((record, document, NewRow(self._head + id, text, revision)))

    async def _check(self, batch: Batch) -> None:
        """Asks the rules, once for each batch: to go into the event loop costs as much as to write
        a row."""
        self._beside.forget_old()
        for record, document, row in batch.unchecked:
            if row.id in batch.rows:
                batch.repeated.append(self._there_already(record, row.id))
                continue
            try:
                _, keys, _ = await self._engine.check_new(document, self._base, self._beside)
            except Failure as failure:
                batch.refused.append(Refused(record.position, record.line, str(failure)))
                continue
            marks = tuple([key and key.mark for key in keys]) if keys is not None else ()
            batch.rows[row.id] = row._replace(marks=marks) if marks else row
            batch.records[row.id] = record
        batch.unchecked.clear()

    def _there_already(self, record: Record, key: str) -> Refused:
        id = key.removeprefix(self._head)
        reason = f"There is a {self.collection.resource} with id '{id}', or a key of it, already."
        return Refused(record.position, record.line, reason)

    def _loaded(self, batch: Batch, taken: frozenset[str]) -> Loaded:
        there = [self._there_already(batch.records[key], key) for key in taken]
        return Loaded(
            read=batch.read,
            created=len(batch.rows) - len(taken),
            duplicate=len(taken) + len(batch.repeated),
            invalid=len(batch.refused),
            position=batch.position,
            problems=sorted([*batch.refused, *batch.repeated, *there]),
        )

    def _events(self, batch: Batch, taken: frozenset[str], listeners: Listeners) -> list[Event]:
        notifications, first = self._engine.notifications, len(self._head)
        return [
            event
            for key, row in batch.rows.items()
            if key not in taken
            for event in notifications.events(
                listeners, None, {"href": self._base + key[first:], **exact.loads(row.document)}, ""
            )
        ]
