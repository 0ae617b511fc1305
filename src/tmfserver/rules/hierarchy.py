"""Documents that stand above and below each other."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass


@dataclass(frozen=True)
class Hierarchy:
    """Where a document says what is above it and below it.

    relationships: the attribute with the relationships, an array of objects.
    target: what in each of them is the reference to another document; the rules' `references`
        say at "relationships.target" which resources it may lead to.
    parent, child: the types of relationship whose target is above the document, or below it;
        relationships of other types say nothing of the hierarchy.
    type: what in a relationship holds its type.
    """

    relationships: str
    target: str
    parent: AbstractSet[str]
    child: AbstractSet[str]
    type: str = "relationshipType"
