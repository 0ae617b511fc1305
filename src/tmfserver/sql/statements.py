"""Statements built by SQLAlchemy Core and compiled to text once, to run on the driver itself."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import (
    BindParameter,
    ClauseElement,
    ColumnElement,
    Insert,
    Select,
    Table,
    Text,
    TextClause,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB

from tmfserver.query.ast import Query
from tmfserver.repository import Collection, Listener
from tmfserver.sql import tables
from tmfserver.sql.conditions import condition, names, order
from tmfserver.sql.dialects import Bound, Json
from tmfserver.sql.filters import Reading, Shape, SortShape, is_range, shape, sort_shape
from tmfserver.sql.tables import documents

T = TypeVar("T")

MOST_PLANS = 1000


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement's text, and which of the named values it takes in which order."""

    sql: str
    order: tuple[str, ...]

    def bind(self, values: Sequence[T]) -> tuple[T, ...]:
        """From values that are named v0, v1, ... in their order."""
        return tuple([values[int(name[1:])] for name in self.order])


class Plan(NamedTuple):
    """How a list request is answered: `both` gives the page's rows, each with the total first."""

    total: Prepared
    page: Prepared
    both: Prepared


def prepare(statement: ClauseElement, json: Json) -> Prepared:
    compiled = statement.compile(dialect=json.dialect)
    return Prepared(str(compiled), tuple(compiled.positiontup or ()))  # type: ignore[attr-defined]


class Plans:
    """Plans by the shape of their query, each made once."""

    def __init__(self, json: Json) -> None:
        self._json = json
        self._made: dict[object, Plan] = {}

    def plan(self, collection: Collection, query: Query) -> tuple[Plan, list[Bound]]:
        """The plan, and the values to bind: those of the query, then its limit and offset."""
        reading = Reading(collection, self._json)
        filter_ = None if query.filter is None else shape(query.filter, reading)
        sort = tuple([sort_shape(key, reading) for key in query.sort])
        reading.values += map(self._json.bound, (query.limit, query.offset))
        key = collection.name, filter_, sort
        plan = self._made.get(key)
        if plan is None:
            if len(self._made) >= MOST_PLANS:
                self._made.clear()
            plan = self._made[key] = _make(collection, filter_, sort, self._json)
        return plan, reading.values


def _make(
    collection: Collection, filter_: Shape | None, sort: tuple[SortShape, ...], json: Json
) -> Plan:
    table = documents(collection.name)
    free = names()
    where: list[TextClause] = []
    if filter_ is not None:
        where.append(text(condition(filter_, json, free)))
    by = [text(order(key, json, free)) for key in sort]
    limit, offset = next(free), next(free)
    count = select(func.count().label("total")).select_from(table).where(*where)
    columns = table.c.id, json_text(table.c.document, json).label("document"), table.c.revision

    def cut(rows: Select[Any]) -> Select[Any]:
        return rows.limit(bindparam(limit)).offset(bindparam(offset))

    page = cut(select(*columns).where(*where).order_by(*by, table.c.seq))
    if json.name == "sqlite" and filter_ and not by and is_range(filter_, collection):
        # SQLite would rather walk the whole table by age than sort what an index finds.
        keys = cut(select(table.c.seq).where(*where).order_by(text("+seq")))
        page = select(*columns).where(table.c.seq.in_(keys)).order_by(table.c.seq)
    total, rows = count.subquery("t"), page.subquery("p")
    both = select(total.c.total, rows).select_from(total.outerjoin(rows, text("true")))
    return Plan(prepare(count, json), prepare(page, json), prepare(both, json))


class Documents(NamedTuple):
    """The statements on one collection's table that both databases say alike."""

    get: Prepared
    total: Prepared
    replace: Prepared
    remove: Prepared


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
                document=cast(text_, JSONB) if json.name == "postgresql" else text_,
                revision=bindparam("v1"),
            )
            .where(table.c.id == bindparam("v2"), table.c.revision == bindparam("v3")),
            json,
        ),
        remove=prepare(
            table.delete().where(table.c.id == text_, table.c.revision == bindparam("v1")), json
        ),
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


def system_statements(json: Json) -> System:
    """What each takes stands with it."""
    listener, version, received = tables.listener, tables.listener_version, tables.received
    insert = postgresql.insert if json.name == "postgresql" else sqlite.insert
    statements: dict[str, ClauseElement] = {
        "version": select(version.c.version),
        "listeners": select(
            listener.c.id, listener.c.api, listener.c.callback, listener.c.query
        ).order_by(listener.c.created, listener.c.id),
        # id, api, callback, query, created, fingerprint
        "subscribe": insert(listener).values(_values(listener)).on_conflict_do_nothing(),
        # fingerprint
        "subscribed": select(listener.c.id).where(listener.c.fingerprint == bindparam("v0")),
        # id, api
        "unsubscribe": listener.delete().where(
            listener.c.id == bindparam("v0"), listener.c.api == bindparam("v1")
        ),
        # listener's id
        "forget": tables.delivery.delete().where(tables.delivery.c.listener == bindparam("v0")),
        "bump": version.update().values(version=version.c.version + literal_column("1")),
        # api, id, type, document, created
        "receive": insert(received).values(_values(received)).on_conflict_do_nothing(),
    }
    return System(**{name: prepare(statement, json) for name, statement in statements.items()})


def insert_values(table: Table) -> Insert:
    """An insert of all columns but seq, in their order."""
    return table.insert().values(_values(table))


def _values(table: Table) -> dict[str, BindParameter[Any]]:
    columns = [column for column in table.columns if column.name != "seq"]
    return {column.name: bindparam(f"v{n}") for n, column in enumerate(columns)}


def fingerprint(listener: Listener) -> str:
    """What no two listeners share: api, callback and query may be too long for an index."""
    whole = f"{listener.api}\0{listener.callback}\0{listener.query}"
    return hashlib.sha256(whole.encode()).hexdigest()


def json_text(column: ColumnElement[Any], json: Json) -> ColumnElement[Any]:
    """The document as text: PostgreSQL keeps it parsed."""
    return cast(column, Text) if json.name == "postgresql" else column


def now() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000
