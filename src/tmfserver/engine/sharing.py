"""One table for a resource that several contracts have: what one API writes the others read.

Documents are kept as one of the contracts has them, under that one's collection. The others'
collections have no tables of their own: `SharedTables` stands before the store and turns what is
asked of them into what is asked of the kept one, attribute names included, and what comes back
likewise.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from tmfserver import exact
from tmfserver.engine.renaming import Names, renamed_filter, renamed_path, renamed_query
from tmfserver.errors import WrongSetting
from tmfserver.query.ast import Node, Query
from tmfserver.query.folding import Folded
from tmfserver.query.summing import Summing
from tmfserver.repository import (
    Batches,
    Change,
    Collection,
    Insert,
    Page,
    Remove,
    Replace,
    Row,
    Store,
    Unchanged,
)

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


def read_sharings(text: str, known: Mapping[str, Collection]) -> tuple[Sharing, ...]:
    """The setting `shared_tables`. Raises WrongSetting where it names what is not served."""
    found: dict[str, Sharing] = {}
    for entry in filter(str.strip, text.split(",")):
        match = _ENTRY.fullmatch(entry)
        if match is None:
            raise _wrong(entry, "api/v5/thing=api/v4/thing(new:old other:another)")
        alias, kept, pairs = match.groups()
        names = dict(pair.split(":") for pair in (pairs or "").split() if pair.count(":") == 1)
        if len(names) < len((pairs or "").split()) or len({*names.values()}) < len(names):
            raise _wrong(entry, "names as new:old, each once, with spaces between them")
        for name in (alias, kept):
            if name not in known:
                raise _wrong(name, f"one of {', '.join(sorted(known))}")
        if alias == kept or alias in found:
            raise _wrong(entry, f"that {alias} is kept in one other table")
        found[alias] = Sharing(alias, kept, names)
    for sharing in found.values():
        if sharing.kept in found:
            raise _wrong(sharing.kept, "a collection that has a table of its own")
    return tuple(found.values())


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
    """The same collections; one that others are kept in knows their types and indexes too."""
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
        )
    return together


class SharedTables:
    """A store in which some collections are kept in others' tables."""

    def __init__(
        self, store: Store, sharings: Iterable[Sharing], collections: Mapping[str, Collection]
    ) -> None:
        self._store = store
        self._kept = {each.alias: (collections[each.kept], each) for each in sharings}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def get(self, collection: Collection, id: str) -> Row | None:
        if (shared := self._kept.get(collection.name)) is None:
            return await self._store.get(collection, id)
        row = await self._store.get(shared[0], id)
        return None if row is None else _row(row, shared[1].back)

    async def find(self, collection: Collection, query: Query) -> Page:
        if (shared := self._kept.get(collection.name)) is None:
            return await self._store.find(collection, query)
        kept, sharing = shared
        page = await self._store.find(kept, renamed_query(query, sharing.names))
        back = sharing.back
        more = None if page.more is None else _Renamed(page.more, back)
        return replace(page, rows=[_row(row, back) for row in page.rows], more=more)

    async def count(self, collection: Collection) -> int:
        kept, _ = self._kept.get(collection.name, (collection, None))
        return await self._store.count(kept)

    async def fold(self, collection: Collection, filter: Node | None, summing: Summing) -> Folded:
        if (shared := self._kept.get(collection.name)) is None:
            return await self._store.fold(collection, filter, summing)
        kept, sharing = shared
        groups, sums, distinct = (
            tuple(replace(each, path=renamed_path(each.path, sharing.names)) for each in group)
            for group in (summing.groups, summing.sums, summing.distinct)
        )
        wanted = Summing(groups, sums, distinct)
        asked = None if filter is None else renamed_filter(filter, sharing.names)
        return await self._store.fold(kept, asked, wanted)

    async def commit(self, changes: Sequence[Change], listeners: int | None = None) -> None:
        await self._store.commit([self._change(change) for change in changes], listeners)

    def _change(self, change: Change) -> Change:
        if not isinstance(change, Insert | Replace | Remove | Unchanged):
            return change
        if (shared := self._kept.get(change.collection.name)) is None:
            return change
        kept, sharing = shared
        if isinstance(change, Remove | Unchanged):
            return replace(change, collection=kept)
        text = _text(change.document, sharing.names)
        return replace(change, collection=kept, document=text)


def shared_tables(
    store: Store, sharings: Sequence[Sharing], collections: Mapping[str, Collection]
) -> Store:
    """The store as APIs that share tables see it."""
    return cast("Store", SharedTables(store, sharings, collections)) if sharings else store


def kept_as(
    sharings: Sequence[Sharing],
    collections: Mapping[str, Collection],
    collection: Collection,
    query: Query,
) -> tuple[Collection, Query]:
    """What a list of a collection asks of which table."""
    for each in sharings:
        if each.alias == collection.name:
            return collections[each.kept], renamed_query(query, each.names)
    return collection, query


class _Renamed:
    """The rest of a page, under the names of who asked."""

    def __init__(self, more: Batches, names: Names) -> None:
        self._more, self._names = more, names

    async def __aiter__(self) -> AsyncIterator[Sequence[Row]]:
        async for rows in self._more:
            yield [_row(row, self._names) for row in rows]

    async def aclose(self) -> None:
        await self._more.aclose()


def _row(row: Row, names: Names) -> Row:
    return (row[0], _text(row[1], names), *row[2:])


def _text(text: str, names: Names) -> str:
    return exact.dumps(renamed(exact.loads(text), names)).decode() if names else text


def renamed(document: Mapping[str, Any], names: Names) -> dict[str, Any]:
    """A document whose attributes have the other contract's names."""
    return {names.get(name, name): value for name, value in document.items()}
