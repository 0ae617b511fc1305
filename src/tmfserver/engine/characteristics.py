"""Characteristics that a specification of this server describes: are they as it says?

Whether they must be is a policy; a specification that is not found here describes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from tmfserver import exact
from tmfserver.changes import Collection
from tmfserver.document.keys import Key
from tmfserver.engine.references import is_ours, references
from tmfserver.engine.specified import Specification, read
from tmfserver.errors import WrongCharacteristic
from tmfserver.repository import Store
from tmfserver.rules import Characteristics

MOST_KNOWN = 1_000  # specifications that are kept as they were read
MOST_WARNINGS = 10  # for one document

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Found:
    """A specification, and what it is called."""

    resource: str
    id: str
    says: Specification


class Specifications:
    """Reads specifications and asks them. policy: off, warn or strict.

    A specification is read from the store each time, which is one row by its id, and what it says
    is worked out once for each of its revisions.
    """

    def __init__(
        self, policy: str, store: Store, collections: Mapping[str, Sequence[Collection]]
    ) -> None:
        self.policy, self._store, self._collections = policy, store, collections
        self._known: dict[tuple[str, str], tuple[int, Specification]] = {}

    async def find(
        self, rule: Characteristics, document: Mapping[str, Any], base: str
    ) -> Found | None:
        """What describes a document's characteristics; None: nothing of this server's."""
        for reference in references(document, rule.specification.split(".")):
            if not is_ours(reference.get("href"), base):
                continue
            for place in self._collections.get(rule.described_by, ()):
                row = await self._store.get(place, reference["id"])
                if row is None:
                    continue
                key = place.name, row[0]
                revision, says = self._known.get(key, (-1, None))
                if says is None or revision != row[2]:
                    says = read(exact.loads(row[1]).get(rule.within))
                    if len(self._known) >= MOST_KNOWN:
                        self._known.clear()
                    self._known[key] = row[2], says
                return Found(place.resource, row[0], says)
        return None

    def check(self, rule: Characteristics, document: Mapping[str, Any], found: Found) -> list[str]:
        """Warnings; raises WrongCharacteristic instead when the policy is strict."""
        warnings = []
        for problem in islice(found.says.problems(document.get(rule.values)), MOST_WARNINGS):
            failure = WrongCharacteristic(
                attribute=rule.values, resource=found.resource, id=found.id, **problem._asdict()
            )
            if self.policy == "strict":
                raise failure
            warnings.append(str(failure))
        if warnings:
            # A name may hold line ends, which would begin another line of the log.
            log.warning("%s: %s", document.get("id"), " ".join(" ".join(warnings).split()))
        return warnings


def unique_key(rule: Characteristics, document: Mapping[str, Any], found: Found) -> Key | None:
    """The key that the document's unique characteristics make."""
    return found.says.key(document.get(rule.values), (f"{rule.specification}.id", found.id))
