"""Statements built by SQLAlchemy Core and compiled to text once, to run on the driver itself."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import (
    BindParameter,
    ClauseElement,
    ColumnElement,
    Insert,
    Table,
    Text,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    tuple_,
)
from sqlalchemy.dialects import sqlite

from tmfserver.changes import Listener, Present
from tmfserver.errors import NotFound
from tmfserver.sql import tables
from tmfserver.sql.dialects import Json
from tmfserver.sql.tables import Jsonb, documents

T = TypeVar("T")

LISTENER = ("id", "api", "callback", "query", "secret", "header")  # as changes.Listener has them
MOST_FORGOTTEN = 10  # old answers that one new one takes away
NEW = ("id", "api", "callback", "query", "created", "fingerprint", "secret", "header")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement's text, and which of the named values it takes in which order."""

    sql: str
    order: tuple[str, ...]

    def bind(self, values: Sequence[T]) -> tuple[T, ...]:
        """From values that are named v0, v1, ... in their order."""
        return tuple([values[int(name[1:])] for name in self.order])


def prepare(statement: ClauseElement, json: Json) -> Prepared:
    compiled = statement.compile(dialect=json.dialect)
    return Prepared(str(compiled), tuple(compiled.positiontup or ()))  # type: ignore[attr-defined]


class Documents(NamedTuple):
    """The statements on one collection's table that both databases say alike."""

    get: Prepared
    total: Prepared
    replace: Prepared
    remove: Prepared


class Holding(NamedTuple):
    """The statements by which documents stand in others."""

    present: Prepared
    remove_within: Prepared


def document_statements(collection: str, json: Json) -> Documents:
    """get takes (id); replace (document, revision, id, seen); remove (id, seen)."""
    table = documents(collection)
    columns = table.c.id, json_text(table.c.document, json).label("document"), table.c.revision
    text_ = bindparam("v0", type_=Text)
    return Documents(
        get=prepare(select(*columns).where(table.c.id == text_), json),
        total=prepare(select(func.count()).select_from(table), json),
        replace=prepare(
            table.update()
            .values(
                document=cast(text_, Jsonb) if json.name == "postgresql" else text_,
                revision=bindparam("v1"),
            )
            .where(table.c.id == bindparam("v2"), table.c.revision == bindparam("v3")),
            json,
        ),
        remove=prepare(
            table.delete().where(table.c.id == text_, table.c.revision == bindparam("v1")), json
        ),
    )


def holding_statements(collection: str, json: Json) -> Holding:
    """present takes (id), and keeps the document from going until all is written; remove_within
    takes the bounds of ids, of which the second is the first that is left."""
    table, id = documents(collection), bindparam("v0", type_=Text)
    present = select(table.c.seq).where(table.c.id == id)
    gone = table.delete().where(table.c.id >= id, table.c.id < bindparam("v1", type_=Text))
    return Holding(
        prepare(present.with_for_update(read=True, key_share=True), json), prepare(gone, json)
    )


class System(NamedTuple):
    """The statements on the server's own tables that both databases say alike."""

    version: Prepared
    listeners: Prepared
    subscribe: Prepared
    subscribed: Prepared
    unsubscribe: Prepared
    forget: Prepared
    bump: Prepared
    receive: Prepared
    secret: Prepared
    make_secret: Prepared
    keep: Prepared
    kept: Prepared
    forget_answers: Prepared


def system_statements(json: Json) -> System:
    """What each takes stands with it."""
    listener, version, received = tables.listener, tables.listener_version, tables.received
    secret = tables.secret
    insert = _insert(json)
    statements: dict[str, ClauseElement] = {
        "version": select(version.c.version),
        "listeners": select(*[listener.c[name] for name in LISTENER])
        .where(listener.c.ended.is_(None))
        .order_by(listener.c.created, listener.c.id),
        # id, api, callback, query, created, fingerprint, secret, header
        "subscribe": insert(listener).values(_values(listener, NEW)).on_conflict_do_nothing(),
        # fingerprint
        "subscribed": select(listener.c.id).where(listener.c.fingerprint == bindparam("v0")),
        # id, api
        "unsubscribe": listener.delete().where(
            listener.c.id == bindparam("v0"),
            listener.c.api == bindparam("v1"),
            listener.c.ended.is_(None),
        ),
        # listener's id
        "forget": tables.delivery.delete().where(tables.delivery.c.listener == bindparam("v0")),
        "bump": version.update().values(version=version.c.version + literal_column("1")),
        # name
        "secret": select(secret.c.value).where(secret.c.name == bindparam("v0")),
        # name, value
        "make_secret": insert(secret).values(_values(secret)).on_conflict_do_nothing(),
        # api, id, type, document, created
        "receive": insert(received).values(_values(received)).on_conflict_do_nothing(),
    }
    statements |= _answers(json)
    return System(**{name: prepare(statement, json) for name, statement in statements.items()})


def _insert(json: Json) -> Callable[[Table], Any]:
    """INSERT as this database says it, with ON CONFLICT."""
    if json.name == "sqlite":
        return sqlite.insert
    from sqlalchemy.dialects import postgresql

    return postgresql.insert


def _answers(json: Json) -> dict[str, ClauseElement]:
    """Each request with a key brings an answer, and takes some away that are too old."""
    answer = tables.idempotency
    insert = _insert(json)
    keep = insert(answer).values(_values(answer))
    given = ("request", "status", "headers", "body", "at")
    old = (
        select(answer.c.api, answer.c.key)
        .where(answer.c.at < bindparam("v0"))
        .order_by(answer.c.at)
        .limit(literal_column(str(MOST_FORGOTTEN)))
        .offset(literal_column("0"))
        .with_for_update(skip_locked=True)
    )
    return {
        # api, key, request, status, headers, body, at, oldest
        "keep": keep.on_conflict_do_update(
            index_elements=["api", "key"],
            set_={name: keep.excluded[name] for name in given},
            where=answer.c.at < bindparam("v7"),
        ),
        # api, key
        "kept": select(*[answer.c[name] for name in given]).where(
            answer.c.api == bindparam("v0"), answer.c.key == bindparam("v1")
        ),
        # oldest
        "forget_answers": answer.delete().where(tuple_(answer.c.api, answer.c.key).in_(old)),
    }


def insert_values(table: Table, columns: Sequence[str] = ()) -> Insert:
    """An insert of these columns, or of all but seq, in the table's order."""
    return table.insert().values(_values(table, columns))


def _values(table: Table, columns: Sequence[str] = ()) -> dict[str, BindParameter[Any]]:
    names = columns or [column.name for column in table.columns if column.name != "seq"]
    return {name: bindparam(f"v{n}") for n, name in enumerate(names)}


def fingerprint(listener: Listener) -> str:
    """What no two listeners share: api, callback and query may be too long for an index."""
    whole = f"{listener.api}\0{listener.callback}\0{listener.query}"
    return hashlib.sha256(whole.encode()).hexdigest()


def absent(change: Present) -> NotFound:
    return NotFound(resource=change.collection.resource, id=change.id.rpartition("/")[2])


def json_text(column: ColumnElement[Any], json: Json) -> ColumnElement[Any]:
    """The document as text: PostgreSQL keeps it parsed."""
    return cast(column, Text) if json.name == "postgresql" else column


def now() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000
