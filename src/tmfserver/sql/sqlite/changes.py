"""Change lists as SQLite carries them out: many in one transaction, each whole or not at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from secrets import token_hex
from typing import Any, TypeAlias

from tmfserver.changes import (
    Change,
    Enter,
    Event,
    Insert,
    Keep,
    Listener,
    Present,
    Receive,
    Remove,
    RemoveWithin,
    Replace,
    Subscribe,
    Unchanged,
    Unsubscribe,
    within,
)
from tmfserver.errors import (
    AlreadySubscribed,
    Duplicate,
    Failure,
    Invalid,
    KeyTaken,
    ListenersChanged,
    NotFound,
    Stale,
    Taken,
)
from tmfserver.repository import Listeners
from tmfserver.sql import unique
from tmfserver.sql.job_table import entered
from tmfserver.sql.sqlite.connection import unavailable
from tmfserver.sql.sqlite.statements import (
    DELIVERY,
    EVENT,
    JOBS,
    SYSTEM,
    documents,
    holding,
    insert_sql,
    replace_sql,
)
from tmfserver.sql.statements import absent, fingerprint, now

Asked: TypeAlias = tuple[Sequence["Change | Work"], int | None]
Results: TypeAlias = tuple[list[Failure | None], Listeners | None]

MOST_ROWS = 64  # in one INSERT

# What the driver raises for a value that cannot be kept, whatever the state of the database.
_UNFIT = (sqlite3.DataError, sqlite3.ProgrammingError, OverflowError, UnicodeError)


class Work:
    """What else is to be done in the one transaction, by a function; `result` is what it gave."""

    __slots__ = ("_do", "result")

    def __init__(self, do: Callable[[sqlite3.Connection], Any]) -> None:
        self._do = do
        self.result: Any = None

    def carry_out(self, connection: sqlite3.Connection) -> None:
        self.result = self._do(connection)


class Changes:
    """Carries out change lists on one connection, which it has to itself."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._run = connection.execute
        self._apply: Mapping[type, Callable[[Any], None]] = {
            Insert: self._insert,
            Replace: self._replace,
            Remove: self._remove,
            Unchanged: self._unchanged,
            Present: self._present,
            RemoveWithin: self._remove_within,
            Event: self._event,
            Subscribe: self._subscribe,
            Unsubscribe: self._unsubscribe,
            Receive: self._receive,
            Keep: self._keep,
            Enter: self._enter,
            Work: self._work,
        }

    def carry_out(self, change: Change) -> None:
        """One change, in the transaction that the connection is in."""
        self._apply[type(change)](change)

    def listeners(self) -> Listeners:
        return Listeners(
            self.version(),
            tuple([Listener(*row) for row in self._run(SYSTEM.listeners.sql)]),
        )

    def secret(self, name: str) -> bytes:
        """Made if it is not there yet. Only to be called while no change list is being written."""
        self._run(SYSTEM.make_secret.sql, (name, token_hex(32)))
        return bytes.fromhex(self._run(SYSTEM.secret.sql, (name,)).fetchone()[0])

    def write(self, asked: Sequence[Asked]) -> Results:
        """All lists in one transaction: what failed of each, and the listeners if they changed."""
        try:
            self._run("BEGIN IMMEDIATE")
            try:
                results = self._write(asked)
                self._run("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._run("ROLLBACK")
                raise
        except sqlite3.Error as error:
            return [unavailable(error) for _ in asked], None
        return results

    def _write(self, asked: Sequence[Asked]) -> Results:
        problems: list[Failure | None] = [None] * len(asked)
        version = known = self.version()
        inserts: dict[str, list[int]] = {}
        for number, (changes, listeners) in enumerate(asked):
            if len(changes) == 1 and type(changes[0]) is Insert and listeners in (None, version):
                inserts.setdefault(changes[0].collection.name, []).append(number)
        for numbers in inserts.values():
            self._insert_many(asked, numbers, problems)
        gathered = {number for numbers in inserts.values() for number in numbers}
        for number, (changes, listeners) in enumerate(asked):
            if number in gathered:
                continue
            if listeners not in (None, version):
                problems[number] = ListenersChanged()
                known = -1
                continue
            problems[number] = self._one(changes)
            if any(isinstance(change, (Subscribe, Unsubscribe, Work)) for change in changes):
                version = self.version()
        return problems, None if known == version else self.listeners()

    def _insert_many(
        self, asked: Sequence[Asked], numbers: list[int], problems: list[Failure | None]
    ) -> None:
        """Plain inserts into one table, many rows a statement: the other thread runs meanwhile."""
        start = 0
        while start < len(numbers):
            rows = min(MOST_ROWS, 1 << ((len(numbers) - start).bit_length() - 1))
            some = numbers[start : start + rows]
            start += rows
            values: list[Any] = []
            for number in some:
                change: Any = asked[number][0][0]
                values += change.id, change.document, change.revision
                if change.collection.keys:
                    values += unique.marks(change)
            try:
                self._run(
                    insert_sql(change.collection.name, unique.columns(change.collection), rows),
                    values,
                )
            except (sqlite3.IntegrityError, *_UNFIT):
                for number in some:
                    problems[number] = self._one(asked[number][0])

    def _one(self, changes: Sequence[Change | Work]) -> Failure | None:
        """One list, undone if any of it fails."""
        self._run("SAVEPOINT list")
        problem: Failure | None = None
        try:
            for change in changes:
                self._apply[type(change)](change)
        except Failure as failure:
            problem = failure
        except _UNFIT as error:
            problem = Invalid(attribute="the document", problem=str(error))
        if problem is not None:
            self._run("ROLLBACK TO list")
        self._run("RELEASE list")
        return problem

    def version(self) -> int:
        version: int = self._run(SYSTEM.version.sql).fetchone()[0]
        return version

    def _insert(self, change: Insert) -> None:
        row: list[Any] = [change.id, change.document, change.revision]
        if change.collection.keys:
            row += unique.marks(change)
        try:
            self._run(insert_sql(change.collection.name, unique.columns(change.collection), 1), row)
        except sqlite3.IntegrityError as error:
            raise self._refusal(change) from error

    def _refusal(self, change: Insert | Replace) -> Failure:
        """What a unique index had against a document."""
        name, resource = change.collection.name, change.collection.resource
        for column, key in zip(unique.columns(change.collection), change.keys or (), strict=False):
            if key is not None:
                found = self._run(unique.owner(name, column, "?"), (key.mark,)).fetchone()
                if found is not None and found[0] != change.id:
                    return Duplicate(resource=resource, key=key.says, id=found[0])
        return Taken(resource=resource, id=change.id)

    def _replace(self, change: Replace) -> None:
        row: tuple[Any, ...] = change.document, change.revision, change.id, change.seen
        sql = documents(change.collection.name).replace.sql
        if change.keys is not None:
            sql = replace_sql(change.collection.name, unique.columns(change.collection))
            row = change.document, change.revision, *unique.marks(change), *row[2:]
        try:
            found = self._run(sql, row).rowcount
        except sqlite3.IntegrityError as error:
            raise self._refusal(change) from error
        if found != 1:
            raise Stale(resource=change.collection.resource, id=change.id)

    def _unchanged(self, change: Unchanged) -> None:
        found = self._run(documents(change.collection.name).get.sql, (change.id,)).fetchone()
        if found is None or found[2] != change.seen:
            raise Stale(resource=change.collection.resource, id=change.id)

    def _present(self, change: Present) -> None:
        sql = holding(change.collection.name).present.sql
        if self._run(sql, (change.id,)).fetchone() is None:
            raise absent(change)

    def _remove_within(self, change: RemoveWithin) -> None:
        self._run(holding(change.collection.name).remove_within.sql, within(change.holder))

    def _remove(self, change: Remove) -> None:
        row = change.id, change.seen
        if self._run(documents(change.collection.name).remove.sql, row).rowcount != 1:
            raise Stale(resource=change.collection.resource, id=change.id)

    def _event(self, change: Event) -> None:
        at = now()
        row = change.id, change.api, change.type, change.subject, change.document, at
        try:
            seq = self._run(EVENT, row).lastrowid
        except sqlite3.IntegrityError as error:
            raise Taken(resource="event", id=change.id) from error
        self._connection.executemany(
            DELIVERY,
            [(seq, id, "due", 0, at, change.subject) for id in dict.fromkeys(change.listeners)],
        )

    def _subscribe(self, change: Subscribe) -> None:
        new = change.listener
        mark = fingerprint(new)
        row = new.id, new.api, new.callback, new.query, now(), mark, new.secret, new.header
        if self._run(SYSTEM.subscribe.sql, row).rowcount != 1:
            present = self._run(SYSTEM.subscribed.sql, (mark,)).fetchone()
            if present is None:
                raise Taken(resource="listener", id=new.id)
            raise AlreadySubscribed(id=present[0])
        self._run(SYSTEM.bump.sql)

    def _unsubscribe(self, change: Unsubscribe) -> None:
        if self._run(SYSTEM.unsubscribe.sql, (change.id, change.api)).rowcount != 1:
            raise NotFound(resource="listener", id=change.id)
        self._run(SYSTEM.forget.sql, (change.id,))
        self._run(SYSTEM.bump.sql)

    def _receive(self, change: Receive) -> None:
        row = change.api, change.id, change.type, change.document, now()
        self._run(SYSTEM.receive.sql, row)

    def _enter(self, change: Enter) -> None:
        self._run(JOBS.enter.sql, entered(change.jobs.name, change.id, change.kind, change.task))

    def _keep(self, change: Keep) -> None:
        new = change.answer
        row = change.api, change.key, new.request, new.status, new.headers, new.body, new.at
        if self._run(SYSTEM.keep.sql, SYSTEM.keep.bind((*row, change.oldest))).rowcount != 1:
            raise KeyTaken
        self._run(SYSTEM.forget_answers.sql, (change.oldest,))

    def _work(self, work: Work) -> None:
        work.carry_out(self._connection)
