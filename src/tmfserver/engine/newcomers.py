"""New documents that nobody finds yet: those of the same change, or of the same import."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

SECONDS = 2.0  # more than what is read for an import is remembered


@dataclass(slots=True)
class _Said:
    """ids: with their resources. What is above an id: said by itself, and by others that are."""

    ids: set[tuple[str, str]] = field(default_factory=set)
    parents: dict[str, Sequence[str]] = field(default_factory=dict)
    above: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


class Newcomers:
    """That they are there, and what they say of what is above them and below."""

    def __init__(self) -> None:
        self._said = deque([_Said()], maxlen=3)
        self._since = time.monotonic()

    def add(self, resource: str, id: str) -> None:
        self._said[-1].ids.add((resource, id))

    def has(self, resources: Sequence[str], id: str) -> bool:
        """Whether one of these resources is there with this id."""
        return any((each, id) in said.ids for said in self._said for each in resources)

    def relate(self, id: str, parents: Sequence[str], children: Sequence[str]) -> None:
        said = self._said[-1]
        said.parents[id] = parents
        for child in children:
            said.above[child].append(id)

    def over(self, id: str) -> list[str]:
        """What is above one, as far as new documents say so."""
        return [
            each
            for said in self._said
            for each in (*said.parents.get(id, ()), *said.above.get(id, ()))
        ]

    def forget_old(self) -> None:
        """Between two batches of an import: those of the batch before this one are still being
        written, and what was read a moment ago may be remembered without them."""
        if time.monotonic() - self._since > SECONDS:
            self._said.append(_Said())
            self._since = time.monotonic()
