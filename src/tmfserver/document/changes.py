"""Which attributes a change touched: what an AttributeValueChange event names in `fieldPath`."""

from __future__ import annotations

from typing import Any

from tmfserver.document.trail import Trail, dotted
from tmfserver.exact import equal

_ABSENT = object()


def changed_paths(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Dotted paths of the attributes that differ: those of objects one by one, arrays as a whole.

    In the order of the old document, what is new to an object after what it had. Numbers differ by
    value: 1 is 1.0, but not true. An object that came or went is named itself.
    """
    changed = []
    todo: list[tuple[Trail | None, Any, Any]] = [(None, old, new)]
    while todo:
        trail, before, after = todo.pop()
        if isinstance(before, dict) and isinstance(after, dict):
            names = list(before) + [name for name in after if name not in before]
            todo.extend(
                ((trail, name), before.get(name, _ABSENT), after.get(name, _ABSENT))
                for name in reversed(names)
            )
        elif not equal(before, after):
            changed.append(dotted(trail))
    return changed
