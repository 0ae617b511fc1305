"""Who moved a resource from one state to another, and when: kept where a contract asks for it.

An entry is written in the transaction of the change itself. It outlives the resource.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from tmfserver.changes import Collection, Insert
from tmfserver.engine.representation import instant, new_id, text_of
from tmfserver.query.ast import And, Comparison, Query, ValueType
from tmfserver.repository import Page, Store

SUBJECT = "subject"
TYPES: Mapping[str, ValueType] = {
    "id": "string",
    SUBJECT: "string",
    "attribute": "string",
    "from": "string",
    "to": "string",
    "at": "date-time",
    "by": "string",
    "correlationId": "string",
}


def entries(name: str) -> Collection:
    """Where a resource's entries are kept, as a collection of this name."""
    return Collection(name, "history entry", (SUBJECT,), TYPES)


class History:
    """The state changes of one resource. `states` are the attributes that tell its state."""

    def __init__(self, kept: Collection, states: Iterable[str], store: Store) -> None:
        self._kept, self._states, self._store = kept, tuple(states), store

    def changes(
        self,
        old: Mapping[str, Any],
        new: Mapping[str, Any],
        revision: int,
        correlation: str,
        by: str,
    ) -> list[Insert]:
        """What a change of (old, new) adds, at a revision (microseconds since 1970).

        by: who asked for the change; "" if that is not known.
        """
        made = []
        for name in self._states:
            if old.get(name) != new.get(name):
                entry = {
                    "id": new_id({}),
                    SUBJECT: old["id"],
                    "attribute": name,
                    "from": old.get(name),
                    "to": new.get(name),
                    "at": instant(revision),
                    "by": by or None,
                    "correlationId": correlation or None,
                }
                present = {key: value for key, value in entry.items() if value is not None}
                made.append(Insert(self._kept, entry["id"], text_of(present), revision))
        return made

    async def find(self, id: str, query: Query) -> Page:
        """The entries of the resource with this id, the oldest first unless sorted otherwise."""
        mine = Comparison((SUBJECT,), "eq", id, "string")
        whole = mine if query.filter is None else And((mine, query.filter))
        return await self._store.find(self._kept, replace(query, filter=whole))
