"""Questions about a whole JSON value, answered without recursion however deep it is nested."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tmfserver.document.trail import Trail, dotted


def depth(value: Any) -> int:
    """How many objects and arrays stand inside one another: 0 for a scalar, 1 for `{}`."""
    levels = 0
    level = [value]
    while level := [each for each in level if isinstance(each, (dict, list))]:
        levels += 1
        level = [
            inner for each in level for inner in (each.values() if isinstance(each, dict) else each)
        ]
    return levels


def find_text(value: Any, predicate: Callable[[str], bool]) -> str | None:
    """The dotted path of the first text, name or value, that satisfies the predicate.

    Array elements go by number: `relatedParty.0.name`. The text of a bare string has the path "".
    """
    todo: list[Iterator[tuple[Trail | None, Any]]] = [iter([(None, value)])]
    while todo:
        for trail, each in todo[-1]:
            if isinstance(each, str) and predicate(each):
                return dotted(trail)
            if isinstance(each, dict):
                bad_name = next(filter(predicate, each), None)
                if bad_name is not None:
                    return dotted((trail, bad_name))
            if isinstance(each, (dict, list)):
                todo.append(_inside(trail, each))
                break
        else:
            todo.pop()
    return None


def _inside(trail: Trail | None, holder: Any) -> Iterator[tuple[Trail, Any]]:
    pairs = holder.items() if isinstance(holder, dict) else enumerate(holder)
    return (((trail, name), inner) for name, inner in pairs)
