"""TMF635's life cycle of a usage, as the published diagram has it."""

from __future__ import annotations

from itertools import product

STATES = ("received", "rejected", "recycled", "guided", "rated", "rerated", "billed")
EDGES = frozenset(
    {
        ("received", "guided"),
        ("received", "rejected"),
        ("guided", "rated"),
        ("guided", "rejected"),
        ("rejected", "recycled"),
        ("recycled", "guided"),
        ("recycled", "rejected"),
        ("rated", "rerated"),
        ("rerated", "rated"),
        ("rated", "billed"),
    }
)
PAIRS = tuple(product(STATES, STATES))


def may_go(old: str, new: str) -> bool:
    """Staying in a state is no step."""
    return old == new or (old, new) in EDGES


def following(old: str) -> tuple[str, ...]:
    """The states that may follow."""
    return tuple(new for new in STATES if (old, new) in EDGES)
