"""Imports into and exports from collections that are kept in others' tables (see sharing.py)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from tmfserver.changes import Collection, Present
from tmfserver.document.keys import Key
from tmfserver.engine.sharing import Kept, Sharing, kept_places
from tmfserver.jobs import After, Bulk, Found, NewRow, Rehearsal
from tmfserver.query.ast import Query


class SharedBulk:
    """What an alias is asked for is done with the table that it is kept in."""

    def __init__(self, bulk: Bulk, kept: Mapping[str, Kept]) -> None:
        self._bulk, self._kept = bulk, kept

    def __getattr__(self, name: str) -> Any:
        return getattr(self._bulk, name)

    def load(
        self,
        collection: Collection,
        rows: Sequence[NewRow],
        then: Callable[[frozenset[str]], After],
        holders: Sequence[Present] = (),
    ) -> frozenset[str]:
        held = self._holders(holders)
        if (kept := self._kept.get(collection.name)) is None:
            return self._bulk.load(collection, rows, then, held)
        return self._bulk.load(kept.collection, [_kept(row, kept) for row in rows], then, held)

    def require(self, holders: Sequence[Present]) -> None:
        self._bulk.require(self._holders(holders))

    def rehearsal(self, collection: Collection) -> Rehearsal:
        if (kept := self._kept.get(collection.name)) is None:
            return self._bulk.rehearsal(collection)
        return SharedRehearsal(self._bulk.rehearsal(kept.collection), kept)

    def find(self, collection: Collection, query: Query) -> Found:
        if (kept := self._kept.get(collection.name)) is None:
            return self._bulk.find(collection, query)
        found = self._bulk.find(kept.collection, kept.query(query))
        batches = ([kept.row(row) for row in rows] for rows in found.batches)
        return replace(found, batches=batches)

    def _holders(self, holders: Sequence[Present]) -> list[Present]:
        """As they are kept."""
        places = [self._kept.get(each.collection.name) for each in holders]
        return [
            replace(each, collection=kept.collection) if kept else each
            for each, kept in zip(holders, places, strict=True)
        ]


class SharedRehearsal:
    """Loads into an alias that are not made."""

    def __init__(self, rehearsal: Rehearsal, kept: Kept) -> None:
        self._rehearsal, self._kept = rehearsal, kept

    def __call__(self, rows: Sequence[NewRow]) -> frozenset[str]:
        return self._rehearsal([_kept(row, self._kept) for row in rows])

    def close(self) -> None:
        self._rehearsal.close()


def _kept(row: NewRow, kept: Kept) -> NewRow:
    text = kept.document(row.document)
    keys = kept.keys(text, tuple([Key(mark, "") if mark else None for mark in row.marks])) or ()
    return row._replace(document=text, marks=tuple([key and key.mark for key in keys]))


def shared_bulk(
    bulk: Bulk, sharings: Iterable[Sharing], collections: Mapping[str, Collection]
) -> Bulk:
    """The same as APIs that share tables see it."""
    kept = kept_places(sharings, collections)
    return cast("Bulk", SharedBulk(bulk, kept)) if kept else bulk
