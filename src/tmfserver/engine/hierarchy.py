"""Hierarchies: what stands above a document and below it, told by either side of a relationship.

A node is an id: it may be in any of the collections that the relationships lead to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection as Few
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from tmfserver import exact
from tmfserver.changes import Collection, Unchanged
from tmfserver.engine.newcomers import Newcomers
from tmfserver.engine.references import is_ours
from tmfserver.errors import CircularHierarchy
from tmfserver.query.ast import And, Comparison, Node, Or, Query
from tmfserver.repository import Row, Store
from tmfserver.rules import Hierarchy, Rules

MOST_ABOVE = 1_000  # documents that are looked at for a circle
MOST_FOUND = 1_000  # documents that name one as their parent or their child

Document = Mapping[str, Any]


class Member(NamedTuple):
    """A document of a hierarchy, and where it is kept."""

    place: Collection
    row: Row
    document: Document


class Family:
    """A hierarchy of documents of this server. places: where its members are kept.

    `base` in the methods is a URL of this server: a reference with another host is no member's.
    """

    def __init__(self, hierarchy: Hierarchy, places: Sequence[Collection], store: Store) -> None:
        self.hierarchy, self.places, self._store = hierarchy, places, store

    def parents(self, document: Document, base: str) -> list[str]:
        """The ids that the document says are above it."""
        return self._targets(document, self.hierarchy.parent, base)

    def children(self, document: Document, base: str) -> list[str]:
        """The ids that the document says are below it."""
        return self._targets(document, self.hierarchy.child, base)

    async def members(self, id: str) -> list[Member]:
        """The documents of an id: most often one, or none."""
        rows = await asyncio.gather(*[self._store.get(place, id) for place in self.places])
        pairs = zip(self.places, rows, strict=True)
        return [Member(place, row, exact.loads(row[1])) for place, row in pairs if row]

    async def parents_of(self, id: str, members: Iterable[Member], base: str) -> list[str]:
        """The ids above one, said by its own documents or by those above."""
        said = [each for member in members for each in self.parents(member.document, base)]
        others = await self.naming(id, self.hierarchy.child, base)
        return list(dict.fromkeys([*said, *[member.row[0] for member in others]]))

    async def children_of(self, id: str, members: Iterable[Member], base: str) -> list[str]:
        """The ids below one, said by its own documents or by those below."""
        said = [each for member in members for each in self.children(member.document, base)]
        others = await self.naming(id, self.hierarchy.parent, base)
        return list(dict.fromkeys([*said, *[member.row[0] for member in others]]))

    async def naming(self, id: str, types: Few[str], base: str) -> list[Member]:
        """The documents that name an id in a relationship of one of these types."""
        found = await asyncio.gather(
            *[self._find(place, self._query(place, id, types)) for place in self.places]
        )
        return [
            member
            for some in found
            for member in some
            if id in self._targets(member.document, types, base)
        ]

    async def refuse_circle(
        self, old: Document | None, new: Document, base: str, beside: Newcomers | None = None
    ) -> list[Unchanged]:
        """Raises CircularHierarchy when the document would stand above itself.

        beside: those that come with it, which it is added to. Gives what was read and must still
        be so when the change is made.
        """
        parents, children = self.parents(new, base), self.children(new, base)
        known = old or {}
        joined = set(children) - set(self.children(known, base))
        if not joined and set(parents) <= set(self.parents(known, base)):
            return []
        climb = _Climb(self, new["id"], frozenset(children), base, beside or Newcomers())
        # Before the way up: what those below say from here on is a change of what was counted on,
        # and what they said before is met on the way.
        for id in sorted(joined):
            climb.read += await self.members(id)
        await climb.up(parents)
        if beside is not None:
            beside.relate(new["id"], parents, children)
        changed: dict[tuple[str, str], Member] = {}
        for each in climb.read:
            changed.setdefault((each.place.name, each.row[0]), each)
        return [
            Unchanged(each.place, each.row[0], each.row[2]) for _, each in sorted(changed.items())
        ]

    def _targets(self, document: Document, types: Few[str], base: str) -> list[str]:
        rule, found = self.hierarchy, []
        given = document.get(rule.relationships)
        for each in given if isinstance(given, list) else ():
            target = each.get(rule.target) if isinstance(each, Mapping) else None
            if not isinstance(target, Mapping) or each.get(rule.type) not in types:
                continue
            if isinstance(target.get("id"), str) and is_ours(target.get("href"), base):
                found.append(target["id"])
        return list(dict.fromkeys(found))

    def _query(self, place: Collection, id: str, types: Few[str]) -> Query:
        rule = self.hierarchy

        def is_(path: tuple[str, ...], value: str) -> Node:
            return Comparison(path, "eq", value, place.types.get(".".join(path)))

        named = is_((rule.relationships, rule.target, "id"), id)
        typed = Or(tuple(is_((rule.relationships, rule.type), type) for type in sorted(types)))
        return Query(And((named, typed)), limit=MOST_FOUND)

    async def _find(self, place: Collection, query: Query) -> list[Member]:
        page = await self._store.find(place, query)
        rows = list(page.rows)
        if page.more is not None:
            async for some in page.more:
                rows += some
        return [Member(place, row, exact.loads(row[1])) for row in rows]


class _Climb:
    """The way up from a document that is about to be changed, in search of itself.

    trail: what was met, with what it was met from. read: the documents on the way.
    """

    def __init__(
        self, family: Family, id: str, children: Few[str], base: str, beside: Newcomers
    ) -> None:
        self._family, self._id, self._children, self._base = family, id, children, base
        self._beside = beside
        self.trail: dict[str, str] = {}
        self.read: list[Member] = []

    async def up(self, parents: Sequence[str]) -> None:
        """Raises CircularHierarchy where it meets the document; looks at MOST_ABOVE at most."""
        waiting = await self._meet(self._id, parents)
        while waiting and len(self.trail) < MOST_ABOVE:
            id = waiting.pop()
            members = await self._family.members(id)
            self.read += members
            parents = [
                parent
                for member in members
                for parent in self._family.parents(member.document, self._base)
            ]
            waiting += await self._meet(id, parents)

    async def _meet(self, below: str, parents: Sequence[str]) -> list[str]:
        """Those above one that were not met before: its parents, who names it as a child, and the
        document itself if it does; of that only what it says from now on is asked."""
        naming = await self._family.naming(below, self._family.hierarchy.child, self._base)
        others = [member for member in naming if member.row[0] != self._id]
        self.read += others
        itself = [self._id] if below in self._children else []
        said = [*[member.row[0] for member in others], *self._beside.over(below)]
        above = [*parents, *said, *itself]
        met = [id for id in dict.fromkeys(above) if id not in self.trail]
        self.trail |= dict.fromkeys(met, below)
        if self._id in self.trail:
            raise CircularHierarchy(
                attribute=self._family.hierarchy.relationships, circle=self._circle()
            )
        return met

    def _circle(self) -> str:
        circle, id = [self._id], self.trail[self._id]
        while id != self._id:
            circle.append(id)
            id = self.trail[id]
        return " > ".join([f"'{id}'" for id in [*circle, self._id]])


def family(
    rules: Rules, places: Mapping[str, Sequence[Collection]], own: Collection, store: Store
) -> Family | None:
    """The hierarchy that a resource's rules state, if any."""
    rule = rules.hierarchy
    if rule is None:
        return None
    named = rules.references.get(f"{rule.relationships}.{rule.target}", own.resource)
    names = [named] if isinstance(named, str) else named
    found = [place for name in names for place in places.get(name, ())]
    return Family(rule, found or [own], store)
