"""All that a resource's rules, and the policies on what it refers to, have to say on a change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tmfserver.changes import Collection, Keys, Unchanged
from tmfserver.document.keys import key_of
from tmfserver.engine.characteristics import Found, Specifications, unique_key
from tmfserver.engine.hierarchy import Family
from tmfserver.engine.newcomers import Newcomers
from tmfserver.engine.periods import check_periods
from tmfserver.engine.references import References
from tmfserver.rules import Rules

Document = Mapping[str, Any]


class Checked(NamedTuple):
    """What a change that may be made takes with it.

    warnings: what the client should be told. keys: as Insert and Replace take them. counted_on:
    what must still be so when the change is made; it goes in front of it.
    """

    warnings: list[str]
    keys: Keys | None
    counted_on: Sequence[Unchanged]


class Checks:
    """The checks on one resource's changes, in their order: life cycle, the handler's own checks,
    periods, references, characteristics, hierarchy."""

    def __init__(
        self,
        rules: Rules,
        collection: Collection,
        references: References,
        specifications: Specifications,
        family: Family | None = None,
    ) -> None:
        self.rules, self._collection, self.family = rules, collection, family
        self._references, self._specifications = references, specifications
        self._described = rules.characteristics if specifications.policy != "off" else None

    async def check(
        self, old: Document | None, new: Document, base: str, beside: Newcomers | None = None
    ) -> Checked:
        """Raises a Conflict that says why the change may not be made. old: None on a create;
        beside: other new documents that come with it."""
        self.apply(old, new)
        return await self.ask(old, new, base, beside)

    def apply(self, old: Document | None, new: Document) -> None:
        """The part that the documents alone decide."""
        rules = self.rules
        if old is not None and rules.lifecycle is not None:
            rules.lifecycle.check(old, new)
        for check in rules.checks:
            check(old, new)
        if rules.periods:
            check_periods(rules.periods, old, new)

    async def ask(
        self, old: Document | None, new: Document, base: str, beside: Newcomers | None = None
    ) -> Checked:
        """The part that what is stored decides: references, characteristics and hierarchy."""
        warnings = await self._references.check(self.rules, old, new, base, beside)
        keys: Keys | None = None
        if self._collection.keys:
            more, keys = await self._identify(old, new, base)
            warnings += more
        counted_on: Sequence[Unchanged] = ()
        if self.family is not None:
            counted_on = await self.family.refuse_circle(old, new, base, beside)
        if beside is not None:
            beside.add(self._collection.resource, new["id"])
        return Checked(warnings, keys, counted_on)

    async def refuse_deletion(self, id: str, base: str) -> None:
        await self._references.refuse_deletion(self._collection, id, base)

    async def _identify(
        self, old: Document | None, new: Document, base: str
    ) -> tuple[list[str], Keys | None]:
        """Warnings on characteristics, and the keys, None where the change leaves them."""
        rule, found = self._described, None
        warnings: list[str] = []
        described = rule is not None and _differ(old, new, (rule.values, rule.specification))
        paths = [path for key in self._collection.keys for path in key.paths]
        if not described and not _differ(old, new, paths):
            return warnings, None
        if rule is not None:
            found = await self._specifications.find(rule, new, base)
            if found is not None and described:
                warnings = self._specifications.check(rule, new, found)
        return warnings, tuple(
            [
                key_of(new, key.paths) if key.paths else self._unique(new, found)
                for key in self._collection.keys
            ]
        )

    def _unique(self, new: Document, found: Found | None) -> Any:
        if self._described is None or found is None:
            return None
        return unique_key(self._described, new, found)


def _differ(old: Document | None, new: Document, paths: Sequence[str]) -> bool:
    """Whether attributes that the paths lead through are not what they were."""
    if old is None:
        return True
    names = {path.partition(".")[0] for path in paths}
    return any(old.get(name) != new.get(name) for name in names)
