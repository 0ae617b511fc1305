"""The way from a document's top to one of its values, cheap to extend at any depth."""

from __future__ import annotations

from typing import TypeAlias, Union

# (the way to what holds the value, the value's name or index there); None is the document itself
Trail: TypeAlias = tuple[Union["Trail", None], str | int]


def dotted(trail: Trail | None) -> str:
    """As people write it: `relatedParty.0.name`."""
    steps = []
    while trail is not None:
        trail, step = trail
        steps.append(str(step))
    return ".".join(reversed(steps))
