"""How a list request is answered: its statements, compiled once for all queries of one shape."""

# ruff: noqa: S608 - SQL text is what this module is for; values are bound, names quoted

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from sqlalchemy import text

from tmfserver.changes import Collection
from tmfserver.errors import BadQuery
from tmfserver.query.ast import And, Node, Query, SortKey
from tmfserver.query.branches import Branch, branches
from tmfserver.query.summing import Summing
from tmfserver.sql.conditions import condition, names
from tmfserver.sql.dialects import Bound, Json
from tmfserver.sql.drivers import going_by, index_of_part, parts_of, sort_index
from tmfserver.sql.filters import Reading, Shape, SortShape, is_range, shape, sort_shape
from tmfserver.sql.keys import bind_seq
from tmfserver.sql.list_texts import (
    all_of,
    by_age,
    candidates,
    joined,
    page_with_total,
    shares_of,
)
from tmfserver.sql.pages import (
    StartShape,
    inner,
    order_by,
    page_keys,
    sort_keys,
    start_names,
    start_shape,
    start_values,
)
from tmfserver.sql.rest import implied, split, split_sort
from tmfserver.sql.rounding import widened
from tmfserver.sql.shares import can_share, share_columns, share_depths, share_values
from tmfserver.sql.statements import Prepared, prepare
from tmfserver.sql.tables import table_name

Form: TypeAlias = Literal["", "deep", "plain", "unordered", "shares"]

MOST_PLANS = 1000
ALL = 2**62  # as a limit: all there are
DEEP = 1000  # rows to skip from which on their documents are worth not reading


@dataclass(frozen=True, slots=True)
class Choice:
    """One index that SQLite may go by. found: how many rows it finds, counted as far as a number
    says that is bound behind the values."""

    found: Prepared
    plan: Plan


@dataclass(slots=True)
class Plan:
    """The statements of one shape of query.

    total: one number, all that match, or one more than the most that are counted.
    page: the rows (id, document, revision, seq, and what it is sorted by). PostgreSQL gives them
        behind (total, how many keys, the last row's position) in each row, at least one.
    keys: (seq, and what it is sorted by) of the page's rows, in the order of the page.
    choices, walk, size: on SQLite, the same by each of several indexes, by the index of the order,
        and the highest seq: see drivers.py.
    lane: where such queries are read, by how long one took at `since`; see lanes.py.
    """

    total: Prepared
    page: Prepared
    keys: Prepared
    choices: tuple[Choice, ...] = ()
    walk: Plan | None = None
    size: Prepared | None = None
    lane: int = 0
    since: float = 0.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A query as this database carries it out.

    rest: what query.match must still say of each row; then the rows are all candidates.
    sort: what query.order must still sort them by.
    branches: what the rows have texts of, to be added up; None: they have documents.
    """

    plan: Plan
    values: list[Bound]
    query: Query
    rest: Node | None = None
    sort: tuple[SortKey, ...] = ()
    branches: tuple[Branch, ...] | None = None

    @property
    def is_exact(self) -> bool:
        return self.rest is None and not self.sort


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a plan is made for. fetched: the most rows, one more than `limit` behind a cursor.
    depths: of the branches that are read alone, see shares.py."""

    collection: Collection
    filter: Shape | None
    sort: tuple[SortShape, ...]
    start: StartShape | None
    form: Form
    fetched: int
    limit: int
    offset: int
    depths: tuple[int, ...] = ()


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

    def ask(self, collection: Collection, query: Query, *, form: Form = "") -> Asked:
        """Raises errors.BadQuery, errors.NotServed. form: see `plan`."""
        if query.filter is None and not query.sort:
            return Asked(*self.plan(collection, query, form=form), query)
        exact, rest = (None, None) if query.filter is None else split(query.filter, self._json)
        sortable = split_sort(query.sort, self._json)
        if query.start is not None and not (rest is None and sortable):
            expected = "an offset, for a part of this query is looked for in each document"
            raise BadQuery(parameter="cursor", came="a cursor", expected=expected)
        if query.filter is not None:
            known = self._known(collection)
            more = widened(implied(query.filter, known), self._json)
            if more:
                exact = And((*more, *([exact] if exact else [])))
        if rest is None and sortable:
            return Asked(*self.plan(collection, replace(query, filter=exact), form=form), query)
        candidates = replace(
            query,
            filter=exact,
            sort=query.sort if sortable else (),
            offset=0,
            limit=self.scan_limit + 1,
            start=None,
        )
        plan, values = self.plan(collection, candidates, form="plain")
        return Asked(plan, values, query, rest, () if sortable else query.sort)

    def scan(self, collection: Collection, filter: Node | None, summing: Summing) -> Asked:
        """The same for all documents that match, one after the other, in no order: of each only
        what is added up, where nothing but that need be looked at."""
        query = Query(filter=filter, limit=ALL)
        exact, rest = (None, None) if filter is None else split(filter, self._json)
        if rest is not None:
            return self.ask(collection, query)
        parts, asked = branches(summing), replace(query, filter=exact)
        if not can_share(parts):
            return Asked(*self.plan(collection, asked, form="unordered"), query)
        plan = self.plan(collection, asked, form="shares", parts=parts)
        return Asked(*plan, query, branches=parts)

    def plan(
        self,
        collection: Collection,
        query: Query,
        *,
        form: Form = "",
        parts: Sequence[Branch] = (),
    ) -> tuple[Plan, list[Bound]]:
        """The plan of a query that SQL can say whole, and the values to bind.

        form: "plain" or "unordered": `page` gives rows alone, one after the other; "shares": of
        these `parts`.
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
        reading.values += bound(fetched), bound(query.offset), *share_values(parts, self._json)
        depths = share_depths(parts)
        form = form or ("deep" if query.offset > DEEP else "")
        # PostgreSQL plans once for all only if it sees how short the page is.
        size = (fetched, query.offset == 0) if self._json.name == "postgresql" else None
        key = known.name, filter_, sort, start, form, size, depths
        plan = self._made.get(key)
        if plan is None:
            if len(self._made) >= MOST_PLANS:
                self._made.clear()
            of = known, filter_, sort, start, form, fetched, query.limit, query.offset, depths
            plan = self._made[key] = self._make(Wanted(*of))
        return plan, reading.values

    def _known(self, collection: Collection) -> Collection:
        return self._collections.get(collection.name, collection)

    def _make(self, wanted: Wanted) -> Plan:
        plan = self._statements(wanted)
        if self._json.name != "sqlite" or wanted.form in ("plain", "unordered", "shares"):
            return plan
        parts, order = parts_of(wanted.filter), sort_index(wanted.sort)
        indexes = list(dict.fromkeys(filter(None, map(index_of_part, parts))))
        alone = len(indexes) == 1 and not (wanted.sort or _is_range(wanted))
        if alone or not set(indexes) - {order}:
            return plan

        def going(*by: str) -> Plan:
            return self._statements(replace(wanted, filter=going_by(parts, set(by))))

        plan.choices = tuple(
            [Choice(self._probe(wanted, parts, index), going(index)) for index in indexes]
        )
        if order or not wanted.sort:
            plan.walk = going(order)
            table = table_name(wanted.collection.name)
            plan.size = prepare(text(f'SELECT coalesce(max(seq), 0) FROM "{table}"'), self._json)
        return plan

    def _probe(self, wanted: Wanted, parts: Sequence[Shape], index: str) -> Prepared:
        free = names()
        conditions = [(part, condition(part, self._json, free)) for part in parts]
        where = " AND ".join(sql for part, sql in conditions if index_of_part(part) == index)
        rows = f'SELECT 1 FROM "{table_name(wanted.collection.name)}" WHERE {where}'
        found = prepare(text(rows), self._json)
        return replace(found, sql=f"SELECT count(*) FROM ({found.sql} LIMIT ?) AS c")

    def _statements(self, wanted: Wanted) -> Plan:
        json, table, free = self._json, table_name(wanted.collection.name), names()
        where = ""
        if wanted.filter is not None:
            where = f" WHERE {condition(wanted.filter, json, free)}"
        keys = sort_keys(wanted.sort, json, free)
        start_named = start_names(wanted.start, free)
        most, skip = bind_seq(json, next(free)), bind_seq(json, next(free))
        if json.name == "postgresql":
            most, skip = str(wanted.fetched), skip if wanted.offset else "0"
        found = inner(table, where, keys)
        chosen = page_keys(found, keys, wanted.start, start_named, most, skip, json)
        counted = f'SELECT count(*) AS total FROM "{table}"{where}'
        if self.total_limit:
            rows = f'SELECT 1 FROM "{table}"{where} LIMIT {self.total_limit + 1}'
            counted = f"SELECT count(*) AS total FROM ({rows}) AS c"
        backwards = wanted.start is not None and wanted.start.backwards
        rest = start_named[1], most, skip
        if wanted.form == "plain":
            page = candidates(table, where, keys, most, json)
        elif wanted.form == "unordered":
            page = all_of(table, where, json)
        elif wanted.form == "shares":
            page = shares_of(share_columns(wanted.depths, json, free), table, where, json)
        elif json.name == "postgresql":
            page = page_with_total(table, chosen, counted, wanted.limit, keys, backwards=backwards)
        elif wanted.sort or wanted.form == "deep":
            page = joined(table, chosen, keys)
        elif _is_range(wanted):
            page = joined(table, by_age("", table, where, "+seq", backwards, *rest), [])
        else:
            page = by_age("id, document, revision, ", table, where, "seq", backwards, *rest)
        edges = f"SELECT * FROM ({chosen}) AS k ORDER BY {order_by(keys)}"
        return Plan(*[prepare(text(each), json) for each in (counted, page, edges)])  # type: ignore[arg-type]


def _is_range(wanted: Wanted) -> bool:
    return wanted.filter is not None and is_range(wanted.filter, wanted.collection)
