"""How a list request is answered: its statements, compiled once for all queries of one shape."""

# ruff: noqa: S608 - SQL text is what this module is for; values are bound, names quoted

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from sqlalchemy import text

from tmfserver.errors import BadQuery
from tmfserver.query.ast import And, Node, Query, SortKey
from tmfserver.repository import Collection
from tmfserver.sql.conditions import condition, names
from tmfserver.sql.dialects import Bound, Json
from tmfserver.sql.filters import (
    Reading,
    Shape,
    SortShape,
    is_range,
    shape,
    sort_shape,
)
from tmfserver.sql.keys import bind_seq, key_text
from tmfserver.sql.pages import (
    Key,
    StartShape,
    inner,
    order_by,
    page_keys,
    sort_keys,
    start_names,
    start_shape,
    start_values,
)
from tmfserver.sql.statements import Prepared, prepare
from tmfserver.sql.tables import table_name

Form: TypeAlias = Literal["", "deep", "plain"]

MOST_PLANS = 1000
DEEP = 1000  # rows to skip from which on their documents are worth not reading


@dataclass(slots=True)
class Plan:
    """The statements of one shape of query.

    total: one number, all that match, or one more than the most that are counted.
    page: the rows (id, document, revision, seq, and what it is sorted by). PostgreSQL gives them
        behind (total, how many keys, the last row's position) in each row, at least one.
    keys: (seq, and what it is sorted by) of the page's rows, in the order of the page.
    lane: where such queries are read, by how long one took at `since`; see lanes.py.
    """

    total: Prepared
    page: Prepared
    keys: Prepared
    lane: int = 0
    since: float = 0.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A query as this database carries it out.

    rest: what query.match must still say of each row; then the rows are all candidates.
    sort: what query.order must still sort them by.
    """

    plan: Plan
    values: list[Bound]
    query: Query
    rest: Node | None = None
    sort: tuple[SortKey, ...] = ()

    @property
    def is_exact(self) -> bool:
        return self.rest is None and not self.sort


class Plans:
    """Plans by the shape of their query, each made once.

    collections: as this database has them, with the indexes that are complete, by name.
    total_limit: how far is counted; 0: to the end.
    scan_limit: how many candidates are looked at where SQL cannot say the whole filter.
    """

    def __init__(
        self,
        json: Json,
        collections: Mapping[str, Collection] | None = None,
        *,
        total_limit: int = 0,
        scan_limit: int = 50_000,
    ) -> None:
        self._json, self._collections = json, collections or {}
        self.total_limit, self.scan_limit = total_limit, scan_limit
        self._made: dict[object, Plan] = {}

    def ask(self, collection: Collection, query: Query) -> Asked:
        """Raises errors.BadQuery, errors.NotServed."""
        if query.filter is None and not query.sort:
            return Asked(*self.plan(collection, query), query)
        from tmfserver.sql.rest import implied, split, split_sort

        exact, rest = (None, None) if query.filter is None else split(query.filter, self._json)
        sortable = split_sort(query.sort, self._json)
        if query.start is not None and not (rest is None and sortable):
            expected = "an offset, for a part of this query is looked for in each document"
            raise BadQuery(parameter="cursor", came="a cursor", expected=expected)
        if query.filter is not None:
            known = self._known(collection)
            more = implied(query.filter, known)
            if more:
                exact = And((*more, *([exact] if exact else [])))
        if rest is None and sortable:
            return Asked(*self.plan(collection, replace(query, filter=exact)), query)
        candidates = replace(
            query,
            filter=exact,
            sort=query.sort if sortable else (),
            offset=0,
            limit=self.scan_limit + 1,
            start=None,
        )
        plan, values = self.plan(collection, candidates, plain=True)
        return Asked(plan, values, query, rest, () if sortable else query.sort)

    def plan(
        self, collection: Collection, query: Query, *, plain: bool = False
    ) -> tuple[Plan, list[Bound]]:
        """The plan of a query that SQL can say whole, and the values to bind.

        plain: `page` gives rows alone, one after the other, on either database.
        """
        known = self._known(collection)
        reading = Reading(known, self._json)
        filter_ = None if query.filter is None else shape(query.filter, reading)
        sort = tuple([sort_shape(key, reading) for key in query.sort])
        start = start_shape(query.start)
        bound = self._json.bound
        reading.values += start_values(query.start, self._json)
        # One row more than asked for tells whether the list goes on.
        fetched = query.limit if start is None else query.limit + 1
        reading.values += bound(fetched), bound(query.offset), bound(query.limit)
        if self.total_limit:
            reading.values.append(bound(self.total_limit + 1))
        form: Form = "plain" if plain else "deep" if query.offset > DEEP else ""
        key = known.name, filter_, sort, start, form
        plan = self._made.get(key)
        if plan is None:
            if len(self._made) >= MOST_PLANS:
                self._made.clear()
            plan = self._made[key] = self._make(known, filter_, sort, start, form)
        return plan, reading.values

    def _known(self, collection: Collection) -> Collection:
        return self._collections.get(collection.name, collection)

    def _make(
        self,
        collection: Collection,
        filter_: Shape | None,
        sort: tuple[SortShape, ...],
        start: StartShape | None,
        form: Form,
    ) -> Plan:
        json, table, free = self._json, table_name(collection.name), names()
        where = "" if filter_ is None else f" WHERE {condition(filter_, json, free)}"
        keys = sort_keys(sort, json, free)
        start_named = start_names(start, free)
        limit, offset, shown = next(free), next(free), next(free)
        found = inner(table, where, keys)
        chosen = page_keys(found, keys, start, start_named, limit, offset, json)
        backwards = start is not None and start.backwards
        forward = order_by(keys)
        counted = f'SELECT count(*) AS total FROM "{table}"{where}'
        if self.total_limit:
            counted = (
                f'SELECT count(*) AS total FROM (SELECT 1 FROM "{table}"{where}'
                f" LIMIT {bind_seq(json, next(free))}) AS c"
            )
        if form == "plain":
            page = _rows(table, where, keys, limit, json)
        elif json.name == "postgresql":
            page = _page_with_total(table, chosen, counted, shown, keys, backwards=backwards)
        elif not sort and start is None and not form:
            page = _plain_page(table, where, limit, offset)
            if filter_ and is_range(filter_, collection):
                # SQLite would rather walk the whole table by age than sort what an index finds.
                page = _joined(table, f"{found} ORDER BY +seq LIMIT :{limit} OFFSET :{offset}", [])
        else:
            page = _joined(table, chosen, keys)
        ordered = f"SELECT * FROM ({chosen}) AS k ORDER BY {forward}"
        total, rows, edges = [prepare(text(each), json) for each in (counted, page, ordered)]
        return Plan(total, rows, edges)


def _rows(table: str, where: str, keys: Sequence[Key], limit: str, json: Json) -> str:
    """Candidates, whose documents are all looked at."""
    document = "CAST(document AS text)" if json.name == "postgresql" else "document"
    order = [f"{key.sql} {'DESC' if key.descending else 'ASC'} NULLS LAST" for key in keys]
    order.append("seq DESC" if keys and keys[-1].descending else "seq")
    return (
        f'SELECT id, {document}, revision, seq FROM "{table}"{where}'
        f" ORDER BY {', '.join(order)} LIMIT {bind_seq(json, limit)}"
    )


def _plain_page(table: str, where: str, limit: str, offset: str) -> str:
    return (
        f'SELECT id, document, revision, seq FROM "{table}"{where}'
        f" ORDER BY seq LIMIT :{limit} OFFSET :{offset}"
    )


def _joined(table: str, chosen: str, keys: Sequence[Key]) -> str:
    """SQLite: the documents of the chosen rows, each looked up by its seq."""
    columns = "".join(f", k.r{number}" for number in range(len(keys)))
    return (
        f"WITH k AS ({chosen}) SELECT t.id, t.document, t.revision, t.seq{columns}"
        f' FROM k CROSS JOIN "{table}" AS t ON t.seq = k.seq ORDER BY {order_by(keys, holder="k.")}'
    )


def _page_with_total(
    table: str, chosen: str, counted: str, shown: str, keys: Sequence[Key], *, backwards: bool
) -> str:
    """PostgreSQL: all of one moment, so in one statement. The row that is last in the page says
    where the next page begins, for a page is sent before it is read to its end."""
    texts = [key_text(f"k.r{number}", key.shape) for number, key in enumerate(keys)]
    named = "".join(f", {each} AS k{number}" for number, each in enumerate(texts))
    given = "".join(f", p.k{number}" for number in range(len(keys)))
    array = f"CAST(jsonb_build_array({', '.join(['k.seq', *texts])}) AS text)"
    last = "k.pos" if backwards else "k.pos DESC"
    most = f"CAST(:{shown} AS bigint)"
    return (
        f"WITH k AS MATERIALIZED (SELECT s.*, row_number() OVER () AS pos FROM ({chosen}) AS s)"
        f" SELECT c.total, c.found, c.last, p.id, p.document, p.revision, p.seq{given}"
        f" FROM (SELECT ({counted}) AS total, (SELECT count(*) FROM k) AS found,"
        f" (SELECT {array} FROM k WHERE k.pos <= {most} ORDER BY {last} LIMIT 1) AS last) AS c"
        f" LEFT JOIN (SELECT t.id, CAST(t.document AS text) AS document, t.revision, k.seq{named},"
        " k.pos FROM k CROSS JOIN LATERAL"
        f' (SELECT * FROM "{table}" WHERE seq = k.seq OFFSET 0) AS t'
        f" WHERE k.pos <= {most}) AS p ON true"
        f" ORDER BY p.pos{' DESC' if backwards else ''}"
    )
