"""JSON Merge Patch (RFC 7386), the meaning that TMF630 gives a PATCH with application/json."""

from __future__ import annotations

from typing import Any


def merge_patch(target: Any, patch: Any) -> Any:
    """The target as the patch wants it: null deletes, objects merge, anything else replaces.

    The target is left as it is; the result shares what it did not change.
    """
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    todo = [(merged, patch)]
    while todo:
        into, changes = todo.pop()
        for name, change in changes.items():
            if change is None:
                into.pop(name, None)
            elif isinstance(change, dict):
                old = into.get(name)
                into[name] = dict(old) if isinstance(old, dict) else {}
                todo.append((into[name], change))
            else:
                into[name] = change
    return merged
