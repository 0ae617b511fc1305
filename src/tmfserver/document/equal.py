"""Whether two JSON values are the same, as JSON Patch's `test` defines it (RFC 6902, 4.6)."""

from __future__ import annotations

from typing import Any


def equal(one: Any, other: Any) -> bool:
    """Numbers by value (1 is 1.0), objects whatever their order; true is not 1."""
    todo = [(one, other)]
    while todo:
        left, right = todo.pop()
        if left is right:
            continue
        if isinstance(left, dict) and isinstance(right, dict):
            if left.keys() != right.keys():
                return False
            todo.extend((value, right[name]) for name, value in left.items())
        elif isinstance(left, list) and isinstance(right, list):
            if len(left) != len(right):
                return False
            todo.extend(zip(left, right, strict=True))
        elif not _same_scalar(left, right):
            return False
    return True


def _same_scalar(one: Any, other: Any) -> bool:
    if isinstance(one, (dict, list)) or isinstance(other, (dict, list)):
        return False
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)
