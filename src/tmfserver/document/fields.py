"""Attribute selection (TMF630 4.3): the part of a document that a client asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeAlias

# Name by name what is wanted, through all arrays; None: the whole value.
_Wanted: TypeAlias = dict[str, "_Wanted | None"]
# The same of single places: an array's elements by their index.
_Kept: TypeAlias = dict[str | int, "_Kept | None"]
_Work: TypeAlias = tuple[Any, Any, _Wanted, _Kept]


def select(
    document: dict[str, Any],
    paths: Iterable[tuple[str, ...]],
    places: Iterable[Sequence[str | int]] = (),
) -> dict[str, Any]:
    """Only what is asked for, in the document's order; what is not there adds nothing.

    paths: arrays are stepped through: their objects stay, as many as they were, each with just the
    attributes asked for. places: where single values stand, by names and indexes; they stay there,
    and what holds them keeps only what leads to them. What is asked for whole and in part is given
    whole.
    """
    kept = _tree(places)
    if kept is None:
        return document
    selected: dict[str, Any] = {}
    made: list[tuple[dict[str, Any], str, Any]] = []
    todo: list[_Work] = [(document, selected, _tree(paths) or {}, kept)]
    while todo:
        source, target, wanted, kept = todo.pop()
        if isinstance(source, list):
            todo.extend(_elements(source, target, wanted, kept))
            continue
        for name, value in source.items():
            if name not in wanted and name not in kept:
                continue
            part, spots = wanted.get(name, {}), kept.get(name, {})
            if part is None or spots is None:
                target[name] = value
            elif isinstance(value, (dict, list)):
                target[name] = type(value)()
                todo.append((value, target[name], part, spots))
                if not spots:
                    made.append((target, name, target[name]))
    _drop_empty(made)
    return selected


def _tree(paths: Iterable[Sequence[Any]]) -> dict[Any, Any] | None:
    """What the paths name, one within the other; None: everything."""
    tree: dict[Any, Any] = {}
    for path in paths:
        if not path:
            return None
        at = tree
        for name in path[:-1]:
            below = at.setdefault(name, {})
            if below is None:
                break
            at = below
        else:
            at[path[-1]] = None
    return tree


def _elements(
    source: list[Any], target: list[Any], wanted: _Wanted, kept: _Kept
) -> Iterator[_Work]:
    """Work for each object or array of an array, which gets an empty place in the target."""
    for index, element in enumerate(source):
        spots = kept.get(index, {})
        if spots is None:
            target.append(element)
        elif isinstance(element, (dict, list)) and (wanted or spots):
            target.append(type(element)())
            yield element, target[-1], wanted, spots


def _drop_empty(made: list[tuple[dict[str, Any], str, Any]]) -> None:
    """Takes out objects and arrays in which nothing was found, the innermost first."""
    for holder, name, part in reversed(made):
        if not part or (isinstance(part, list) and not any(part)):
            del holder[name]
