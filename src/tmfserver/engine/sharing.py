"""One table for a resource that several contracts have: what one API writes the others read.

Documents are kept as one of the contracts has them, under that one's collection. The others'
collections have no tables of their own: `SharedTables` stands before the store and turns what is
asked of them into what is asked of the kept one, attribute names included, and what comes back
likewise.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from tmfserver import exact
from tmfserver.changes import (
    Change,
    Collection,
    Insert,
    Keys,
    Present,
    Remove,
    RemoveWithin,
    Replace,
    Unchanged,
    UniqueKey,
)
from tmfserver.document.keys import key_of
from tmfserver.engine.renaming import Names, renamed_filter, renamed_path, renamed_query
from tmfserver.errors import WrongSetting
from tmfserver.query.ast import Node, Query
from tmfserver.query.folding import Folded
from tmfserver.query.summing import Summing
from tmfserver.repository import Batches, Page, Row, Store
from tmfserver.spec import JOBS

ON_COLLECTIONS = (Insert, Replace, Remove, Unchanged, Present, RemoveWithin)
_ENTRY = re.compile(r"\s*([^\s=()]+)=([^\s=()]+?)(?:\(([^()]*)\))?\s*")


@dataclass(frozen=True)
class Sharing:
    """A collection that is kept in another one's table. names: its attributes' names → theirs."""

    alias: str
    kept: str
    names: Names

    @property
    def back(self) -> Names:
        return {theirs: ours for ours, theirs in self.names.items()}


@dataclass(frozen=True)
class Kept:
    """Where an alias's documents are kept, and how they look there."""

    collection: Collection
    names: Names
    back: Names

    def document(self, text: str) -> str:
        """As it is kept."""
        return _text(text, self.names)

    def row(self, row: Row) -> Row:
        """As who asks for the alias has it."""
        return (row[0], _text(row[1], self.back), *row[2:])

    def query(self, query: Query) -> Query:
        return renamed_query(query, self.names)

    def keys(self, text: str, keys: Keys | None) -> Keys | None:
        """The keys of a document, its text as it is kept: attributes' names are part of them."""
        if not (keys and self.names):
            return keys
        document = exact.loads(text)
        return tuple(
            [
                key and (key_of(document, each.paths) if each.paths else key)
                for key, each in zip(keys, self.collection.keys, strict=True)
            ]
        )


def kept_places(
    sharings: Iterable[Sharing], collections: Mapping[str, Collection]
) -> dict[str, Kept]:
    """By the names of the collections that have no tables of their own."""
    return {each.alias: Kept(collections[each.kept], each.names, each.back) for each in sharings}


def parse_sharings(text: str) -> dict[str, Sharing]:
    """The setting `shared_tables`, by alias. Raises WrongSetting."""
    found: dict[str, Sharing] = {}
    for entry in filter(str.strip, text.split(",")):
        match = _ENTRY.fullmatch(entry)
        if match is None:
            raise _wrong(entry, "api/v5/thing=api/v4/thing(new:old other:another)")
        alias, kept, pairs = match.groups()
        names = dict(pair.split(":") for pair in (pairs or "").split() if pair.count(":") == 1)
        if len(names) < len((pairs or "").split()) or len({*names.values()}) < len(names):
            raise _wrong(entry, "names as new:old, each once, with spaces between them")
        if {"id", "href"} & {*names, *names.values()}:
            raise _wrong(entry, "names other than id and href, which all have")
        if alias == kept or alias in found:
            raise _wrong(entry, f"that {alias} is kept in one other table")
        found[alias] = Sharing(alias, kept, names)
    for sharing in found.values():
        if sharing.kept in found:
            raise _wrong(sharing.kept, "a collection that has a table of its own")
    return found


def read_sharings(text: str, known: Mapping[str, Collection]) -> tuple[Sharing, ...]:
    """The setting `shared_tables`. Raises WrongSetting where it names what is not served."""
    can = sorted(name for name, each in known.items() if each.resource not in JOBS)
    found = parse_sharings(text)
    for sharing in found.values():
        for name in (sharing.alias, sharing.kept):
            if name not in can:
                raise _wrong(name, f"one of {', '.join(can)}")
    return tuple(found.values())


def kept_in(sharings: Mapping[str, Sharing], name: str) -> tuple[str, Names]:
    """The collection whose table has the documents of the one of this name, and the names that
    attributes have there → that they have here."""
    found = sharings.get(name)
    return (found.kept, found.back) if found else (name, {})


def between(ours: Sharing | None, theirs: Sharing | None) -> Names:
    """The names of attributes in one of two collections that share a table → in the other; None is
    the one whose table it is."""
    kept = ours.names if ours else {}
    back = theirs.back if theirs else {}
    unchanged = {old: new for old, new in back.items() if old not in kept.values()}
    return {**unchanged, **{name: back.get(old, old) for name, old in kept.items()}}


def _wrong(came: str, expected: str) -> WrongSetting:
    setting = "'shared_tables' (TMFSERVER_SHARED_TABLES)"
    return WrongSetting(setting=setting, came=repr(came.strip()), expected=expected)


def kept_together(
    collections: Mapping[str, Collection], sharings: Iterable[Sharing]
) -> dict[str, Collection]:
    """The same collections; one that others are kept in knows their types and indexes too, and what
    no two documents share is the same for all of them."""
    sharings = list(sharings)
    together = dict(collections)
    for sharing in sharings:
        kept, alias = together[sharing.kept], collections[sharing.alias]

        def theirs(path: str, names: Names = sharing.names) -> str:
            return ".".join(renamed_path(tuple(path.split(".")), names))

        together[sharing.kept] = replace(
            kept,
            indexed=tuple(dict.fromkeys([*kept.indexed, *map(theirs, alias.indexed)])),
            types={**{theirs(path): type_ for path, type_ in alias.types.items()}, **kept.types},
            arrays=kept.arrays | {theirs(path) for path in alias.arrays},
            keys=tuple(dict.fromkeys([*kept.keys, *_keys(alias.keys, sharing.names)])),
        )
    for sharing in sharings:
        keys = tuple(_keys(together[sharing.kept].keys, sharing.back))
        together[sharing.alias] = replace(together[sharing.alias], keys=keys)
    return together


def _keys(keys: Iterable[UniqueKey], names: Names) -> Iterator[UniqueKey]:
    for key in keys:
        paths = tuple([".".join(renamed_path(tuple(path.split(".")), names)) for path in key.paths])
        yield UniqueKey(" + ".join(paths), paths) if paths else key


class SharedTables:
    """A store in which some collections are kept in others' tables."""

    def __init__(
        self, store: Store, sharings: Iterable[Sharing], collections: Mapping[str, Collection]
    ) -> None:
        self._store = store
        self._kept = kept_places(sharings, collections)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def get(self, collection: Collection, id: str) -> Row | None:
        if (kept := self._kept.get(collection.name)) is None:
            return await self._store.get(collection, id)
        row = await self._store.get(kept.collection, id)
        return None if row is None else kept.row(row)

    async def find(self, collection: Collection, query: Query) -> Page:
        if (kept := self._kept.get(collection.name)) is None:
            return await self._store.find(collection, query)
        page = await self._store.find(kept.collection, kept.query(query))
        more = None if page.more is None else _Renamed(page.more, kept)
        return replace(page, rows=[kept.row(row) for row in page.rows], more=more)

    async def count(self, collection: Collection) -> int:
        kept = self._kept.get(collection.name)
        return await self._store.count(kept.collection if kept else collection)

    async def fold(self, collection: Collection, filter: Node | None, summing: Summing) -> Folded:
        if (kept := self._kept.get(collection.name)) is None:
            return await self._store.fold(collection, filter, summing)
        groups, sums, distinct = (
            tuple(replace(each, path=renamed_path(each.path, kept.names)) for each in group)
            for group in (summing.groups, summing.sums, summing.distinct)
        )
        wanted = Summing(groups, sums, distinct)
        asked = None if filter is None else renamed_filter(filter, kept.names)
        return await self._store.fold(kept.collection, asked, wanted)

    async def commit(self, changes: Sequence[Change], listeners: int | None = None) -> None:
        await self._store.commit([self._change(change) for change in changes], listeners)

    def _change(self, change: Change) -> Change:
        if not isinstance(change, ON_COLLECTIONS):
            return change
        if (kept := self._kept.get(change.collection.name)) is None:
            return change
        if not isinstance(change, Insert | Replace):
            return replace(change, collection=kept.collection)
        text = kept.document(change.document)
        keys = kept.keys(text, change.keys)
        return replace(change, collection=kept.collection, document=text, keys=keys)


def shared_tables(
    store: Store, sharings: Sequence[Sharing], collections: Mapping[str, Collection]
) -> Store:
    """The store as APIs that share tables see it."""
    return cast("Store", SharedTables(store, sharings, collections)) if sharings else store


class _Renamed:
    """The rest of a page, under the names of who asked."""

    def __init__(self, more: Batches, kept: Kept) -> None:
        self._more, self._kept = more, kept

    async def __aiter__(self) -> AsyncIterator[Sequence[Row]]:
        async for rows in self._more:
            yield [self._kept.row(row) for row in rows]

    async def aclose(self) -> None:
        await self._more.aclose()


def _text(text: str, names: Names) -> str:
    return exact.dumps(renamed(exact.loads(text), names)).decode() if names else text


def renamed(document: Mapping[str, Any], names: Names) -> dict[str, Any]:
    """A document whose attributes have the other contract's names."""
    return {names.get(name, name): value for name, value in document.items()}
