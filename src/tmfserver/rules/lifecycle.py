"""A life cycle: which states follow which."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from tmfserver.errors import IllegalTransition


@dataclass(frozen=True)
class Lifecycle:
    """The attribute that holds the state, and for each state those that may follow it.

    A document may be created in any state: who brings it knows how far it has come. Staying in a
    state is no step. Leaving the attribute out is the first state that the mapping names.
    """

    attribute: str
    steps: Mapping[str, AbstractSet[str]]

    def check(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        """Raises IllegalTransition, naming the states that may follow, for a step not listed."""
        first = next(iter(self.steps))
        before, after = old.get(self.attribute, first), new.get(self.attribute, first)
        allowed = self.steps.get(before, frozenset())
        if before != after and after not in allowed:
            raise IllegalTransition(
                attribute=self.attribute,
                old=before,
                new=after,
                allowed=" or ".join(f"'{state}'" for state in sorted(allowed)) or "no other state",
            )
