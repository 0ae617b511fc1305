"""Attribute selection (TMF630 4.3): the part of a document that a client asked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

# Name by name what is wanted; None: the whole value.
_Wanted: TypeAlias = dict[str, "_Wanted | None"]


def select(document: dict[str, Any], paths: Iterable[tuple[str, ...]]) -> dict[str, Any]:
    """Only what the paths name, in the document's order; a path that reaches nothing adds nothing.

    Arrays are stepped through: their objects stay, as many as they were, each with just the
    attributes asked for. An attribute asked for whole and in part is given whole.
    """
    selected: dict[str, Any] = {}
    made: list[tuple[dict[str, Any], str, Any]] = []
    todo: list[tuple[Any, Any, _Wanted]] = [(document, selected, _wanted(paths))]
    while todo:
        source, target, wanted = todo.pop()
        if isinstance(source, list):
            todo.extend(_elements(source, target, wanted))
            continue
        for name, value in source.items():
            if name not in wanted:
                continue
            part = wanted[name]
            if part is None:
                target[name] = value
            elif isinstance(value, (dict, list)):
                target[name] = type(value)()
                made.append((target, name, target[name]))
                todo.append((value, target[name], part))
    _drop_empty(made)
    return selected


def _wanted(paths: Iterable[tuple[str, ...]]) -> _Wanted:
    wanted: _Wanted = {}
    for path in paths:
        at = wanted
        for name in path[:-1]:
            below = at.setdefault(name, {})
            if below is None:
                break
            at = below
        else:
            at[path[-1]] = None
    return wanted


def _elements(source: list[Any], target: list[Any], wanted: _Wanted) -> list[Any]:
    """Work for each object or array of an array, which gets an empty place in the target."""
    work = []
    for element in source:
        if isinstance(element, (dict, list)):
            target.append(type(element)())
            work.append((element, target[-1], wanted))
    return work


def _drop_empty(made: list[tuple[dict[str, Any], str, Any]]) -> None:
    """Takes out objects and arrays in which nothing was found, the innermost first."""
    for holder, name, part in reversed(made):
        if not part or (isinstance(part, list) and not any(part)):
            del holder[name]
