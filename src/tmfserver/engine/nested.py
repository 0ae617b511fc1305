"""Documents that stand in other documents: one table holds those of all holders.

A row's key there is the holder's key, a slash and the document's own id, so that each holder has
ids of its own; no id holds a slash. A Within is the store as one holder's documents see it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tmfserver.changes import (
    Change,
    Collection,
    Insert,
    Present,
    Remove,
    RemoveWithin,
    Replace,
    Unchanged,
    within,
)
from tmfserver.errors import NotFound, ServerSet, Taken
from tmfserver.query.ast import (
    And,
    Compared,
    Comparison,
    Constant,
    Name,
    Node,
    Not,
    Operator,
    Or,
    Query,
    Reach,
)
from tmfserver.query.folding import Folded
from tmfserver.query.summing import Summing
from tmfserver.repository import Batches, Listeners, Page, Row, Store
from tmfserver.spec.verbs import is_parameter

# What a key begins with after its holder's.
_FIRST = "/"
_ID = ("id",)
_OWN_ID = Reach((Name("id"),))
_PATTERNS = {"regex": "{}", "contains": ".*{}.*", "startswith": "{}.*"}
_TURNED: Mapping[str, Operator] = {
    "eq": "eq", "ne": "ne", "gt": "lt", "gte": "lte", "lt": "gt", "lte": "gte",
}  # fmt: skip


@dataclass(frozen=True)
class Holding:
    """Which documents stand in which: `levels` are the collections from the outermost holder on,
    None where the contract has none such and anybody may be named."""

    levels: tuple[Collection | None, ...] = ()

    async def check(self, store: Store, ids: Sequence[str]) -> None:
        """Raises NotFound for the first holder that is not there."""
        for at, collection in enumerate(self.levels):
            key = _FIRST.join(ids[: at + 1])
            if collection is not None and await store.get(collection, key) is None:
                raise NotFound(resource=collection.resource, id=ids[at])

    def present(self, ids: Sequence[str]) -> list[Present]:
        """That the holders are there, as changes that count on them."""
        return [
            Present(collection, _FIRST.join(ids[: at + 1]))
            for at, collection in enumerate(self.levels)
            if collection is not None
        ]


NOBODY = Holding()


class Within:
    """A store that knows of its own collection only what stands in one holder."""

    def __init__(
        self,
        store: Store | Within,
        collection: Collection,
        holder: str,
        holding: Holding = NOBODY,
    ) -> None:
        self.store: Store = store.store if isinstance(store, Within) else store
        self._collection, self.head = collection, head_of(holder)
        self._holders = holding.present(holder.split(_FIRST))

    async def get(self, collection: Collection, id: str) -> Row | None:
        row = await self.store.get(collection, self.head + id)
        return None if row is None else (id, *row[1:])

    async def find(self, collection: Collection, query: Query) -> Page:
        page = await self.store.find(collection, standing_in(query, self.head[:-1]))
        more = None if page.more is None else _Shortened(page.more)
        return replace(page, rows=shortened(page.rows), more=more)

    async def fold(self, collection: Collection, filter: Node | None, summing: Summing) -> Folded:
        return await self.store.fold(collection, _mine(filter, self.head), summing)

    async def listeners(self) -> Listeners:
        return await self.store.listeners()

    async def commit(self, changes: Sequence[Change], listeners: int | None = None) -> None:
        mine = [
            replace(change, id=self.head + change.id)
            if isinstance(change, Insert | Replace | Remove | Unchanged)
            and change.collection is self._collection
            else change
            for change in changes
        ]
        # A new document counts on its holders: one that goes at the same time takes it along.
        counted_on = self._holders if any(map(self._is_new, changes)) else ()
        try:
            await self.store.commit([*counted_on, *mine], listeners)
        except Taken as failure:
            id = failure.facts["id"].removeprefix(self.head)
            raise Taken(**{**failure.facts, "id": id}) from None

    def _is_new(self, change: Change) -> bool:
        return isinstance(change, Insert) and change.collection is self._collection


class _Shortened:
    """The rest of a page, its rows by their own ids."""

    def __init__(self, more: Batches) -> None:
        self._more = more

    async def __aiter__(self) -> AsyncIterator[Sequence[Row]]:
        async for rows in self._more:
            yield shortened(rows)

    async def aclose(self) -> None:
        await self._more.aclose()


def shortened(rows: Sequence[Row]) -> list[Row]:
    """Rows by the documents' own ids instead of their keys."""
    return [(row[0].rpartition(_FIRST)[2], *row[1:]) for row in rows]


def key_of(holders: Sequence[str]) -> str:
    """The key of a holder, by its id behind those of its own holders."""
    return _FIRST.join(holders)


def head_of(holder: str) -> str:
    """What the keys of all documents in the holder of this key begin with."""
    return holder + _FIRST


def place_of(pattern: str, holders: Sequence[str]) -> str:
    """A path with variables, with the ids of holders in their places."""
    ids = iter(holders)
    return "/".join([next(ids) if is_parameter(step) else step for step in pattern.split("/")])


def standing_in(query: Query, holder: str) -> Query:
    """What a list of the documents in the holder of this key asks of those of all holders."""
    return replace(query, filter=_mine(query.filter, head_of(holder)))


def naming(query: Query, attribute: str, holder: str) -> Query:
    """The same list of those documents that name a holder by this attribute."""
    mine = Comparison((attribute, "id"), "eq", holder, "string")
    return replace(query, filter=And((mine, query.filter)) if query.filter else mine)


def held(document: dict[str, Any], attribute: str, holder: str, *, is_list: bool) -> dict[str, Any]:
    """A new document that names a holder by this attribute: an object with an id, or a list of
    such. Raises ServerSet for one that names another."""
    named = document.get(attribute)
    if named and not names(named, holder):
        raise ServerSet(attribute=attribute, came="another", kept=f"'{holder}' of the path")
    if named:
        return document
    reference = {"id": holder}
    return {**document, attribute: [reference] if is_list else reference}


def names(named: Any, holder: str) -> bool:
    """Whether an attribute's value is a reference to the holder, or has one."""
    some = named if isinstance(named, list) else [named]
    return any(isinstance(each, dict) and each.get("id") == holder for each in some)


def _mine(filter: Node | None, head: str) -> Node:
    others = () if filter is None else (_rewritten(filter, head),)
    return And((*_within(head), *others))


def _within(head: str) -> tuple[Comparison, Comparison]:
    """What all keys in a holder satisfy, and no others; an index finds them."""
    first, behind = within(head.removesuffix(_FIRST))
    return Comparison(_ID, "gte", first, "string"), Comparison(_ID, "lt", behind, "string")


def _rewritten(node: Node, head: str) -> Node:
    """Conditions on the id as they are of the key; what is asked of its text, of the document's.

    So is what stands beside other conditions in one that is not settled by each of them: it may be
    that all of it is asked of documents, which do not know the key.
    """
    match node:
        case And(parts):
            return And(tuple([_rewritten(part, head) for part in parts]))
        case Or(parts):
            turned: Node = Or(tuple([_rewritten(part, head) for part in parts]))
            return turned if _is_of_keys(turned) else _of_documents(node)
        case Not(part):
            turned = Not(_rewritten(part, head))
            return turned if _is_of_keys(turned) else _of_documents(node)
        case Comparison(("id",), "contains" | "regex"):
            return _of_documents(node)
        case Comparison(("id",), _, value):
            return replace(node, value=head + value)
        case Compared(Reach((Name("id"),)), operator, Constant(str(text))):
            return node if operator == "regex" else Comparison(_ID, operator, head + text, "string")
        case Compared(Constant(str(text)), operator, Reach((Name("id"),))) if operator in _TURNED:
            return Comparison(_ID, _TURNED[operator], head + text, "string")
    return node


def _is_of_keys(node: Node) -> bool:
    match node:
        case And(parts) | Or(parts):
            return all(map(_is_of_keys, parts))
        case Not(part):
            return _is_of_keys(part)
        case Comparison(("id",)):
            return True
    return False


def _of_documents(node: Node) -> Node:
    """Conditions on the id as they are of the one that stands in the document."""
    match node:
        case And(parts) | Or(parts):
            return type(node)(tuple(map(_of_documents, parts)))
        case Not(part):
            return Not(_of_documents(part))
        case Comparison(("id",), "regex" | "contains" | "startswith" as operator, value):
            text = value if operator == "regex" else _quoted(value)
            return Compared(_OWN_ID, "regex", Constant(_PATTERNS[operator].format(text)))
        case Comparison(("id",), "eq" | "ne" | "gt" | "gte" | "lt" | "lte" as operator, value):
            return Compared(_OWN_ID, operator, Constant(value))
    return node


def _quoted(text: str) -> str:
    """An expression that matches this text alone."""
    return "".join(each if each.isalnum() else f"\\x{{{ord(each):x}}}" for each in text)


def holding(
    name: str, collections: Mapping[str, Collection], called: Callable[[str], str]
) -> Holding:
    """Where the documents of the nested resource of this name stand. `called` names a resource's
    collection."""
    words = name.split("/")[:-1]
    above = ["/".join(words[: at + 1]) for at in range(len(words))]
    return Holding(tuple([collections.get(called(each)) for each in above]))


def what_goes_along(
    store: Store | Within, inner: Sequence[Collection], id: str
) -> list[RemoveWithin]:
    """The end of all documents that stand in this one, at any depth."""
    head = store.head if isinstance(store, Within) else ""
    return [RemoveWithin(collection, head + id) for collection in inner]
