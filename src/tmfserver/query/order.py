"""The order that `sort` asks for (TMF630 4.7), said once in Python: the oracle for the SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

from tmfserver.query.ast import SortKey
from tmfserver.query.comparing import is_number
from tmfserver.query.match import Document, compile_reach, values
from tmfserver.query.scalars import instant

_Rank: TypeAlias = tuple[int, Any]


def order(documents: Iterable[Document], sort: Sequence[SortKey]) -> list[Document]:
    """The documents, given oldest first, sorted by each key in turn. Those that no key tells apart
    stay oldest first, or come newest first if the last key descends: an index gives both.

    Ascending: numbers (and, at a date-time attribute, what is one, as moments), then strings by
    code point, then false, then true. Descending: the reverse. Where a path reaches several
    values, the smallest counts when ascending, the largest when descending. Documents in which it
    reaches none come last either way; null is none, and so are objects.
    """
    ordered = list(documents)
    if sort and sort[-1].descending:
        ordered.reverse()
    for key in reversed(sort):
        ordered = _by(ordered, key)
    return ordered


def _by(documents: list[Document], key: SortKey) -> list[Document]:
    choose: Callable[[list[_Rank]], _Rank] = max if key.descending else min
    ranked, unranked = [], []
    for document in documents:
        ranks = [rank for value in _values(document, key) if (rank := _rank(value, key))]
        if ranks:
            ranked.append((choose(ranks), document))
        else:
            unranked.append(document)
    ranked.sort(key=lambda pair: pair[0], reverse=key.descending)
    return [document for _, document in ranked] + unranked


def _values(document: Document, key: SortKey) -> Iterator[Any]:
    if key.reach is None:
        return values(document, key.path)
    return compile_reach(key.reach)(document)


def _rank(value: Any, key: SortKey) -> _Rank | None:
    if is_number(value):
        return 0, value
    if isinstance(value, bool):
        return 2, value
    if not isinstance(value, str):
        return None
    at = instant(value) if key.type == "date-time" else None
    return (1, value) if at is None else (0, at)
