"""Jobs in the database: entered with their documents, claimed by a lease, and how far they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from secrets import token_hex
from typing import Any, NamedTuple

import orjson
from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    Text,
    bindparam,
    cast,
    literal_column,
    select,
    text,
)

from tmfserver.changes import Collection
from tmfserver.jobs import Claim, Progress, Stopped
from tmfserver.sql.dialects import Json
from tmfserver.sql.statements import Prepared, insert_values, json_text, now, prepare
from tmfserver.sql.tables import Jsonb, documents, job, job_error

ONE = text("LIMIT 1")  # as SQLAlchemy has it on SQLite, there would be an offset to bind
IS_WAITING: ColumnElement[bool] = literal_column("state = 'waiting'")  # as the partial index has it


class Statements(NamedTuple):
    """What each takes stands with it."""

    enter: Prepared  # collection, id, kind, task, state, position, counts, lease, token, created
    look: Prepared  # time
    next: Prepared  # time
    take: Prepared  # lease, token, collection, id
    hold: Prepared  # lease, collection, id, token
    advance: Prepared  # position, counts, state, collection, id, token
    forget: Prepared  # collection, id
    forget_errors: Prepared  # collection, id
    error: Prepared  # collection, id, line
    errors: Prepared  # collection, id


def job_statements(json: Json) -> Statements:
    def mine(first: int, *, token: bool = True) -> list[Any]:
        names = ("collection", "id", "token") if token else ("collection", "id")
        return [job.c[name] == bindparam(f"v{first + n}") for n, name in enumerate(names)]

    of_job = job_error.c.collection == bindparam("v0"), job_error.c.job == bindparam("v1")
    columns = [job.c[name] for name in ("collection", "id", "kind", "task", "position", "counts")]
    free = IS_WAITING, job.c.lease <= bindparam("v0")
    statements: dict[str, ClauseElement] = {
        "enter": insert_values(job),
        "look": select(job.c.id).where(*free).suffix_with(ONE),
        "next": select(*columns)
        .where(*free)
        .order_by(job.c.created)
        .suffix_with(ONE)
        .with_for_update(skip_locked=True),
        "take": job.update()
        .values(lease=bindparam("v0"), token=bindparam("v1"))
        .where(*mine(2, token=False)),
        "hold": job.update().values(lease=bindparam("v0")).where(IS_WAITING, *mine(1)),
        "advance": job.update()
        .values(position=bindparam("v0"), counts=bindparam("v1"), state=bindparam("v2"))
        .where(IS_WAITING, *mine(3)),
        "forget": job.delete().where(*mine(0, token=False)),
        "forget_errors": job_error.delete().where(*of_job),
        "error": insert_values(job_error),
        "errors": select(job_error.c.line).where(*of_job).order_by(job_error.c.seq),
    }
    return Statements(**{name: prepare(each, json) for name, each in statements.items()})


def entered(collection: str, id: str, kind: str, task: str) -> tuple[Any, ...]:
    """The values of `enter`."""
    return collection, id, kind, task, "waiting", 0, "{}", 0, "", now()


class JobTable:
    """run: a statement with its values, on the connection that the others share; transaction: one
    that writes."""

    def __init__(
        self,
        json: Json,
        collections: Mapping[str, Collection],
        run: Callable[..., Any],
        transaction: Callable[[], AbstractContextManager[Any]],
    ) -> None:
        self._json, self._collections, self._run = json, collections, run
        self._transaction = transaction
        self._sql = job_statements(json)

    def claim(self, seconds: float) -> Claim | None:
        if not self._run(self._sql.look, now()).fetchall():
            return None  # a look first: to ask for the right to write holds up others
        with self._transaction():
            found = self._run(self._sql.next, now()).fetchall()
            if not found:
                return None
            name, id, kind, task, position, counts = found[0]
            token = token_hex(8)
            self._run(self._sql.take, now() + int(seconds * 1e6), token, name, id)
            jobs = self._collections.get(name, Collection(name, "job"))
            document = self._document(jobs, id)
        return Claim(
            jobs, id, kind, orjson.loads(task), token, position, orjson.loads(counts), document
        )

    def renew(self, claim: Claim, seconds: float) -> bool:
        with self._transaction():
            return self._hold(claim, now() + int(seconds * 1e6))

    def give_back(self, claim: Claim) -> None:
        with self._transaction():
            self._hold(claim, 0)

    def advance(self, progress: Progress) -> None:
        with self._transaction():
            self.write(progress)

    def write(self, progress: Progress) -> None:
        """In the transaction that the connection is in. Raises Stopped."""
        claim = progress.claim
        values = (
            progress.position, orjson.dumps(progress.counts).decode(),
            "done" if progress.done else "waiting", claim.jobs.name, claim.id, claim.token,
        )  # fmt: skip
        if self._run(self._sql.advance, *values).rowcount != 1:
            raise Stopped
        if progress.document is not None:
            self._replace(claim, progress.document)
        for line in progress.errors:
            self._run(self._sql.error, claim.jobs.name, claim.id, line)

    def _replace(self, claim: Claim, document: str) -> None:
        table = documents(claim.jobs.name)
        value = bindparam("v0", type_=Text)
        kept = cast(value, Jsonb) if self._json.name == "postgresql" else value
        statement = prepare(
            table.update()
            .values(document=kept, revision=bindparam("v1"))
            .where(table.c.id == bindparam("v2")),
            self._json,
        )
        if self._run(statement, document, now(), claim.id).rowcount != 1:
            raise Stopped  # somebody deleted it

    def forget(self, jobs: Collection, id: str) -> None:
        with self._transaction():
            self._run(self._sql.forget, jobs.name, id)
            self._run(self._sql.forget_errors, jobs.name, id)

    def errors(self, jobs: Collection, id: str) -> list[str]:
        return [line for (line,) in self._run(self._sql.errors, jobs.name, id).fetchall()]

    def _hold(self, claim: Claim, lease: int) -> bool:
        cursor = self._run(self._sql.hold, lease, claim.jobs.name, claim.id, claim.token)
        held: bool = cursor.rowcount == 1
        return held

    def _document(self, jobs: Collection, id: str) -> str:
        table = documents(jobs.name)
        statement = prepare(
            select(json_text(table.c.document, self._json)).where(table.c.id == bindparam("v0")),
            self._json,
        )
        found = self._run(statement, id).fetchall()
        return found[0][0] if found else ""
