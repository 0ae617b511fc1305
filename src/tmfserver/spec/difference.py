"""One difference between two contracts, as a value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

Effect: TypeAlias = Literal["compatible", "breaking"]


@dataclass(frozen=True)
class Difference:
    """One difference.

    kind: base path, resource, operation, parameter, media type, status, event, attribute, type,
    format, values, mandatory, limit or patch.
    place: an operation, or a resource with the dotted path of an attribute.
    text: what became of it, in people's words.
    for_clients: whether clients of the older contract can go on; for_documents: whether documents
    that the older contract took can be stored and served by the newer one.
    """

    kind: str
    place: str
    text: str
    for_clients: Effect = "compatible"
    for_documents: Effect = "compatible"


def worse(one: Difference, other: Difference) -> Difference:
    """The same difference seen twice, with the worse of its effects."""
    clients: set[Effect] = {one.for_clients, other.for_clients}
    documents: set[Effect] = {one.for_documents, other.for_documents}
    return replace(
        one,
        for_clients="breaking" if "breaking" in clients else "compatible",
        for_documents="breaking" if "breaking" in documents else "compatible",
    )


def breaks_documents(differences: Iterable[Difference]) -> bool:
    return any(each.for_documents == "breaking" for each in differences)


def breaks_clients(differences: Iterable[Difference]) -> bool:
    return any(each.for_clients == "breaking" for each in differences)
