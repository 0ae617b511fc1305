"""Hierarchies drawn as trees: what stands below a document, from itself or from the topmost down.

A document that several say is below them stands where it is met first, and once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from tmfserver.changes import Collection
from tmfserver.engine.hierarchy import Family, Member
from tmfserver.errors import NotFound

LEVELS = 20  # below the first, unless somebody says how many
MOST = 1_000  # documents in a tree
MOST_ABOVE = 100  # levels that are climbed
AT_ONCE = 16  # documents whose children are looked up together


@dataclass
class Branch:
    """A document and what stands below it. has_more: not all of that is there."""

    member: Member
    children: list[Branch] = field(default_factory=list)
    has_more: bool = False


async def tree(family: Family, place: Collection, id: str, base: str, levels: int) -> Branch:
    """What stands below a document, so many levels deep. Raises NotFound."""
    return await _Growth(family, base).grow(await _member(family, place, id), levels)


async def whole_tree(family: Family, place: Collection, id: str, base: str, levels: int) -> Branch:
    """The same from the topmost document above it; where two are above one, by the first."""
    member = await _member(family, place, id)
    met = {id}
    for _ in range(MOST_ABOVE):
        parents = await family.parents_of(member.row[0], [member], base)
        above = [found for id in parents if id not in met for found in await family.members(id)]
        if not above:
            break
        member = above[0]
        met.add(member.row[0])
    return await _Growth(family, base).grow(member, levels)


async def _member(family: Family, place: Collection, id: str) -> Member:
    for member in await family.members(id):
        if member.place.name == place.name:
            return member
    raise NotFound(resource=place.resource, id=id)


class _Growth:
    """One tree, level by level. met: the ids that stand in it."""

    def __init__(self, family: Family, base: str) -> None:
        self._family, self._base = family, base
        self._met: set[str] = set()

    async def grow(self, member: Member, levels: int) -> Branch:
        root = Branch(member)
        self._met.add(member.row[0])
        level, depth = [root], 0
        while level:
            below: list[Branch] = []
            for start in range(0, len(level), AT_ONCE):
                some = level[start : start + AT_ONCE]
                for branch, ids in zip(some, await self._below(some), strict=True):
                    below += await self._add(branch, ids, is_last=depth >= levels)
            level, depth = below, depth + 1
        return root

    async def _below(self, some: Sequence[Branch]) -> list[list[str]]:
        asked = [
            self._family.children_of(each.member.row[0], [each.member], self._base) for each in some
        ]
        return await asyncio.gather(*asked)

    async def _add(self, branch: Branch, ids: Sequence[str], *, is_last: bool) -> list[Branch]:
        new = [id for id in ids if id not in self._met]
        room = 0 if is_last else max(0, MOST - len(self._met))
        branch.has_more = len(new) > room
        self._met.update(new[:room])
        found = await asyncio.gather(*[self._family.members(id) for id in new[:room]])
        branch.children = [Branch(member) for members in found for member in members[:1]]
        return branch.children
