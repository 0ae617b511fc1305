"""The default operations, one for each verb: a Call in, a Reply out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeAlias

from tmfserver import exact
from tmfserver.document.fields import select
from tmfserver.engine import Outcome, ResourceEngine, represent
from tmfserver.engine.expansion import Expanding, Expansions, Place
from tmfserver.engine.outcomes import Also
from tmfserver.errors import NotServed
from tmfserver.http import conditional, paging
from tmfserver.http.correlation import correlation
from tmfserver.http.errors import JSON_HEADER
from tmfserver.http.histories import Histories
from tmfserver.http.idempotency import Answers
from tmfserver.http.lists import Lists
from tmfserver.http.media import patcher
from tmfserver.query.ast import Fields, Query
from tmfserver.query.expansion import read_expansion
from tmfserver.query.match import places
from tmfserver.query.parse import parse
from tmfserver.query.summing import read_summing
from tmfserver.repository import Row
from tmfserver.rules import Call, Reply
from tmfserver.spec import ORIGIN, Operation

Function: TypeAlias = Callable[[Call], Awaitable[Reply]]

_ALWAYS = (("id",), ("href",))


class ResourceOperations:
    """The operations of one resource. `path` is its collection's, e.g. /tmf-api/x/v4/thing."""

    def __init__(
        self,
        engine: ResourceEngine,
        path: str,
        lists: Lists,
        expansions: Expansions,
        answers: Answers,
        histories: Histories | None = None,
    ) -> None:
        self.engine, self._path, self._lists = engine, path, lists
        self._answers = answers
        self._place, self.expansions = Place(engine.collection, path), expansions
        self._types, self._histories = engine.resource.types, histories

    async def list(self, call: Call, narrow: Callable[[Query], Query] | None = None) -> Reply:
        """`narrow` makes a query for some documents of one for all."""
        base = f"{call.base_url}{self._path}/"
        listed = self._lists.read(call)
        expansion = self._expansion(call)
        query = listed.query if narrow is None else narrow(listed.query)
        page = await self.engine.list(query, base)
        if expansion is not None:
            page = await expansion.page(page)
        fields = listed.query.fields

        def render(rows: Sequence[Row]) -> bytes:
            if fields is None:
                return paging.array(rows, base)
            return b"[" + b",".join(_selected(row, base, fields) for row in rows) + b"]"

        return self._lists.reply(page, listed, base[:-1], render)

    async def summary(self, call: Call) -> Reply:
        """Counts, sums and distinct counts of what a list would find (see query.summing)."""
        from tmfserver.http.summaries import MANY, as_json

        summing, others = read_summing(_text(call), self._types)
        query = self._lists.parse(others)
        base = f"{call.base_url}{self._path}/"
        folded = await self.engine.total(query.filter, summing, base)
        groups = b"%d" % len(folded.totals)
        page = self.engine.resource.name, summing, folded, query.offset, query.limit
        # Very many groups take a while to be sorted.
        many = len(folded.totals) > MANY
        body = await asyncio.to_thread(as_json, *page) if many else as_json(*page)
        return Reply(200, body, [(b"x-total-count", groups), JSON_HEADER])

    async def history(self, call: Call) -> Reply:
        """How a resource came to its state."""
        if self._histories is None:
            raise NotServed(what=f"operation {call.operation_id}")
        return await self._histories.list(self.engine, call)

    async def retrieve(self, call: Call) -> Reply:
        (id,) = call.path.values()
        fields = self._fields(call)
        expansion = self._expansion(call)
        row = await self.engine.retrieve(id)
        headers = conditional.headers(row[2])
        if expansion is not None:
            # No 304: the ETag says nothing about what the references lead to.
            (row,) = await expansion.rows([row])
        elif conditional.unchanged(call.header(b"if-none-match"), row[2]):
            return Reply(304, None, headers)
        headers.append(JSON_HEADER)
        return Reply(200, self._body(call, row, fields), headers)

    def _expansion(self, call: Call) -> Expanding | None:
        """What follows references for this answer, if `depth` or `expand` asks for it."""
        if b"depth" not in call.query and b"expand" not in call.query:
            return None
        asked = read_expansion(_text(call), self._types)
        if asked is None:
            return None
        return self.expansions.begin(self._place, asked, call.base_url)

    async def create(self, call: Call) -> Reply:
        fields = self._fields(call)
        base = f"{call.base_url}{self._path}/"

        async def create(also: Also) -> Sequence[Outcome]:
            return [await self.engine.create(call.body or {}, base, correlation(call), also)]

        def render(outcomes: Sequence[Outcome]) -> Reply:
            (outcome,) = outcomes
            reply = self._changed(call, outcome, 201, fields)
            location = f"{base}{outcome.row[0]}".encode("latin-1")
            reply.headers = [*reply.headers, (b"location", location)]
            return reply

        return await self._answers.give(call, create, render)

    async def bulk(self, call: Call) -> Reply:
        """PATCH on the collection: a JSON Patch that adds to it, all or none (TMF630 6.2)."""
        fields = self._fields(call)
        base = f"{call.base_url}{self._path}/"
        documents = [operation["value"] for operation in call.body]

        async def create(also: Also) -> Sequence[Outcome]:
            return await self.engine.create_many(documents, base, correlation(call), also)

        def render(outcomes: Sequence[Outcome]) -> Reply:
            made = b",".join([self._body(call, outcome.row, fields) for outcome in outcomes])
            warnings = dict.fromkeys(each for outcome in outcomes for each in outcome.warnings)
            return Reply(200, b"[%b]" % made, [JSON_HEADER, *_warnings(warnings)])

        return await self._answers.give(call, create, render)

    async def patch(self, call: Call) -> Reply:
        return await self.change(call, patcher(call.media_type, call.body))

    async def replace(self, call: Call) -> Reply:
        return await self.change(call, lambda old: {**_kept(old), **call.body})

    async def delete(self, call: Call) -> Reply:
        (id,) = call.path.values()
        condition = conditional.precondition(call.header(b"if-match"))
        base = f"{call.base_url}{self._path}/"
        await self.engine.delete(id, base, condition, correlation(call))
        return Reply(204)

    async def change(self, call: Call, change: Callable[[dict[str, object]], object]) -> Reply:
        (id,) = call.path.values()
        fields = self._fields(call)
        condition = conditional.precondition(call.header(b"if-match"))
        base = f"{call.base_url}{self._path}/"
        by = self._histories.user(call) if self._histories else ""
        outcome = await self.engine.patch(id, change, base, condition, correlation(call), by)
        return self._changed(call, outcome, 200, fields)

    def _changed(self, call: Call, outcome: Outcome, status: int, fields: Fields | None) -> Reply:
        headers = conditional.headers(outcome.row[2])
        headers.append(JSON_HEADER)
        headers += _warnings(outcome.warnings)
        return Reply(status, self._body(call, outcome.row, fields), headers)

    def _fields(self, call: Call) -> Fields | None:
        """What the client wants back; asked before anything is changed."""
        return parse(_text(call), self._types).fields if call.query else None

    def _body(self, call: Call, row: Row, fields: Fields | None) -> bytes:
        base = f"{call.base_url}{self._path}/"
        return represent(row, base).encode() if fields is None else _selected(row, base, fields)


def _warnings(warnings: Iterable[str]) -> list[tuple[bytes, bytes]]:
    return [(b"warning", b'199 - "%s"' % _in_header(warning)) for warning in warnings]


def _in_header(warning: str) -> bytes:
    """What came may hold quotes, or line ends, which would begin another header."""
    plain = "".join([sign if sign.isprintable() else " " for sign in warning])
    return plain.replace("\\", "/").replace('"', "'").encode("latin-1", "replace")


def _text(call: Call) -> str:
    return call.query.decode("utf-8", "surrogateescape")


def _kept(old: dict[str, object]) -> dict[str, object]:
    return {name: old[name] for name in ("id", "href", ORIGIN) if name in old}


def _selected(row: Row, base: str, fields: Fields) -> bytes:
    """The attributes that a client asked for; id and href always come along (TMF630 4.3)."""
    document = exact.loads(represent(row, base))
    reached = [place for reach in fields.reaches for place in places(reach, document)]
    return exact.dumps(select(document, (*_ALWAYS, *fields.paths), reached))


def not_served(operation: Operation) -> Function:
    """What answers for an operation that no default carries out: 501, naming it."""

    async def refuse(call: Call) -> Reply:
        raise NotServed(what=f"operation {operation.operation_id}")

    return refuse


def answering(function: Function, verb: str, status: int, before: Function) -> Function:
    """The function with the status that its contract has for a good answer.

    What was deleted goes along where the answer has a body; `before` retrieves it.
    """

    async def answer(call: Call) -> Reply:
        gone = await before(call) if verb == "delete" and status == 200 else None
        reply = await function(call)
        reply.status = status
        if status == 204:
            headers = [pair for pair in reply.headers if pair != JSON_HEADER]
            return Reply(204, None, headers)
        return reply if gone is None else Reply(status, gone.body, [JSON_HEADER])

    return answer
