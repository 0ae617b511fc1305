"""The operations of paths longer than /thing/{id}: those of a collection in each holder, and those
of a collection's documents that name a holder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

import orjson

from tmfserver.engine import Holding, ResourceEngine
from tmfserver.engine.expansion import Expansions
from tmfserver.engine.nested import held, key_of, names, naming, place_of
from tmfserver.errors import NotFound
from tmfserver.http.idempotency import Answers
from tmfserver.http.lists import Lists
from tmfserver.http.operations import Function, ResourceOperations
from tmfserver.repository import Store
from tmfserver.rules import Call, Reply

MakeLists = Callable[[str], Lists]


class NestedOperations:
    """The operations of a collection that stands in instances of another: each holder's documents
    are those of a resource of their own. Raises NotFound where the holder is not there.

    place: the path of the collection with its variables, base path included.
    """

    def __init__(
        self,
        engine: ResourceEngine,
        place: str,
        lists: MakeLists,
        expansions: Expansions,
        answers: Answers,
        store: Store,
        holding: Holding,
    ) -> None:
        self.engine, self._place, self._lists = engine, place, lists
        self._expansions, self._answers = expansions, answers
        self._store, self._holding = store, holding
        self._within = lru_cache(maxsize=256)(self._made)
        self.list, self.create = self._each("list"), self._each("create")
        self.bulk, self.summary = self._each("bulk"), self._each("summary")
        self.retrieve, self.delete = self._each("retrieve"), self._each("delete")
        self.patch, self.replace = self._each("patch"), self._each("replace")

    def _each(self, verb: str) -> Function:
        """The verb's function among the documents of the holder that the path names."""

        async def carry_out(call: Call) -> Reply:
            holders, rest = self._split(call)
            await self._holding.check(self._store, holders)
            function = getattr(self._within(holders), verb)
            reply: Reply = await function(replace(call, path=rest))
            return reply

        return carry_out

    def _split(self, call: Call) -> tuple[tuple[str, ...], Mapping[str, str]]:
        ids = list(call.path.items())
        count = len(self._holding.levels)
        return tuple(id for _, id in ids[:count]), dict(ids[count:])

    def _made(self, holders: tuple[str, ...]) -> ResourceOperations:
        path = place_of(self._place, holders)
        engine = self.engine.within(key_of(holders), self._holding)
        return ResourceOperations(engine, path, self._lists(path), self._expansions, self._answers)


class HeldOperations:
    """The operations of those documents of a collection that name the holder in the path, by the
    attribute of this name: an object with an id, or a list of such."""

    def __init__(self, operations: ResourceOperations, holder: str) -> None:
        self._operations, self._holder = operations, holder

    async def list(self, call: Call) -> Reply:
        holder, call = _first(call)
        narrow = partial(naming, attribute=self._holder, holder=holder)
        return await self._operations.list(call, narrow)

    async def create(self, call: Call) -> Reply:
        holder, call = _first(call)
        call.body = self._held(call.body or {}, holder)
        return await self._operations.create(call)

    async def bulk(self, call: Call) -> Reply:
        holder, call = _first(call)
        call.body = [{**each, "value": self._held(each["value"], holder)} for each in call.body]
        return await self._operations.bulk(call)

    def _held(self, document: dict[str, Any], holder: str) -> dict[str, Any]:
        is_list = self._holder in self._operations.engine.resource.arrays
        return held(document, self._holder, holder, is_list=is_list)

    async def retrieve(self, call: Call) -> Reply:
        return await self._operations.retrieve(await self._found(call))

    async def patch(self, call: Call) -> Reply:
        return await self._operations.patch(await self._found(call))

    async def replace(self, call: Call) -> Reply:
        return await self._operations.replace(await self._found(call))

    async def delete(self, call: Call) -> Reply:
        return await self._operations.delete(await self._found(call))

    async def _found(self, call: Call) -> Call:
        """The call on the document itself. Raises NotFound for one of another holder."""
        holder, call = _first(call)
        (id,) = call.path.values()
        engine = self._operations.engine
        named = orjson.loads((await engine.retrieve(id))[1]).get(self._holder)
        if not names(named, holder):
            raise NotFound(resource=engine.resource.name, id=id)
        return call


def _first(call: Call) -> tuple[str, Call]:
    """The holder, and the call without it."""
    (_, holder), *rest = call.path.items()
    return holder, replace(call, path=dict(rest))
