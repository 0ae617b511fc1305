"""How a database would answer a list: by which indexes, with which statements, by which plan."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import NamedTuple

from tmfserver.changes import Collection
from tmfserver.errors import NotServed
from tmfserver.query.ast import And, Node, Query, SortKey
from tmfserver.sql import schema
from tmfserver.sql.address import Address
from tmfserver.sql.dialects import Bound, Json, PostgresJson, SqliteJson
from tmfserver.sql.engines import conninfo, explained
from tmfserver.sql.filters import (
    ID,
    AllShape,
    AnyShape,
    NotShape,
    Reading,
    Shape,
    TestShape,
    shape,
    sort_shape,
)
from tmfserver.sql.plans import Asked, Plan, Plans
from tmfserver.sql.rest import implied
from tmfserver.sql.statements import Prepared


class Uses(NamedTuple):
    """What a condition or a sort key is answered from.

    indexes: columns and side tables by name, "id" for the id's own.
    documents: whether documents are read for it too, each that is looked at.
    """

    indexes: tuple[str, ...]
    documents: bool


class Statement(NamedTuple):
    """A statement with the values it binds, in their order, and the database's plan for it."""

    purpose: str
    sql: str
    values: tuple[Bound, ...]
    plan: tuple[str, ...]


class Explanation(NamedTuple):
    """conditions: all that must hold, those among them that the database checks with `Uses`.
    added: weaker conditions that follow from those, and have an index. sorts: the same for sort.
    rest, sort: what is left to check, and to sort by, in each document that was found.
    waiting: sentences on indexes that are not complete.
    """

    conditions: list[tuple[Node, Uses | None]]
    added: list[tuple[Node, Uses]]
    sorts: list[tuple[SortKey, Uses | None]]
    rest: Node | None
    sort: tuple[SortKey, ...]
    statements: list[Statement]
    waiting: list[str]


def explain(
    address: Address, collection: Collection, query: Query, *, total_limit: int, scan_limit: int
) -> Explanation:
    """Raises errors.DatabaseUnreachable, errors.BadQuery, errors.NotServed."""
    json: Json = SqliteJson() if address.driver == "sqlite" else PostgresJson()
    brought = schema.bring_up(address, [collection], apply=False)
    usable = brought.usable[collection.name]
    plans = Plans(json, brought.usable, total_limit=total_limit, scan_limit=scan_limit)
    asked = plans.ask(collection, query)
    plan = _plan(address, asked)
    wanted = [("the page", plan.page)] if query.limit else []
    if asked.is_exact:
        wanted.append(("the total", plan.total))
    bound = [(purpose, each, tuple(each.bind(asked.values))) for purpose, each in wanted]
    parts = _parts(query.filter)
    added = implied(query.filter, usable) if query.filter is not None else ()
    return Explanation(
        conditions=[(part, _uses(part, usable, json)) for part in parts],
        added=[
            (part, uses)
            for part in added
            if part not in parts and (uses := _uses(part, usable, json))
        ],
        sorts=[(key, _sort_uses(key, usable, json)) for key in query.sort],
        rest=asked.rest,
        sort=asked.sort,
        statements=_planned(address, bound),
        waiting=brought.waiting,
    )


def _plan(address: Address, asked: Asked) -> Plan:
    """The plan itself; on SQLite, where there is a choice, what counting chooses now."""
    if not asked.plan.choices:
        return asked.plan
    from tmfserver.sql.sqlite.connection import Reader
    from tmfserver.sql.sqlite.pages import chosen_plan

    with closing(Reader(address.place)) as reader:
        return chosen_plan(reader, asked, None)


def _parts(node: Node | None) -> tuple[Node, ...]:
    if node is None:
        return ()
    return node.parts if isinstance(node, And) else (node,)


def _uses(node: Node, collection: Collection, json: Json) -> Uses | None:
    try:
        found = list(_places(shape(node, Reading(collection, json))))
    except NotServed:
        return None
    return Uses(tuple(dict.fromkeys(filter(None, found))), "" in found)


def _sort_uses(key: SortKey, collection: Collection, json: Json) -> Uses | None:
    try:
        place = sort_shape(key, Reading(collection, json)).place
    except NotServed:
        return None
    name = "id" if place == ID else place.column
    return Uses((name,), documents=False) if name else Uses((), documents=True)


def _places(shape: Shape) -> list[str]:
    """The indexes by name, "" where documents are read."""
    match shape:
        case AllShape(parts) | AnyShape(parts):
            return [name for part in parts for name in _places(part)]
        case NotShape(part):
            return _places(part)
        case TestShape(place):
            return ["id" if place == ID else place.column or place.members]
    return [""]


def _planned(
    address: Address, bound: Sequence[tuple[str, Prepared, tuple[Bound, ...]]]
) -> list[Statement]:
    with explained(address):
        if address.driver == "sqlite":
            return [
                Statement(purpose, each.sql, values, _sqlite_plan(address, each.sql, values))
                for purpose, each, values in bound
            ]
        return [
            Statement(purpose, each.sql, values, _postgres_plan(address, each.sql, values))
            for purpose, each, values in bound
        ]


def _sqlite_plan(address: Address, sql: str, values: tuple[Bound, ...]) -> tuple[str, ...]:
    from tmfserver.sql.sqlite.connection import connect

    with closing(connect(address.place, writes=False)) as connection:
        rows = connection.execute(f"EXPLAIN QUERY PLAN {sql}", values).fetchall()
    depths = {0: -1}
    lines = []
    for id, parent, _, line in rows:
        depths[id] = depths.get(parent, -1) + 1
        lines.append("  " * depths[id] + line)
    return tuple(lines)


def _postgres_plan(address: Address, sql: str, values: tuple[Bound, ...]) -> tuple[str, ...]:
    import psycopg

    place = conninfo(address)
    with psycopg.connect(place, cursor_factory=psycopg.RawCursor) as connection:
        rows = connection.execute(f"EXPLAIN {sql}".encode(), values).fetchall()
    return tuple(line for (line,) in rows)
