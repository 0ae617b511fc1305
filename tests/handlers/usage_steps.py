"""TMF635's life cycle of a usage, as the published diagram has it."""

from __future__ import annotations

from itertools import product

STATES = ("received", "rejected", "recycled", "guided", "rated", "rerated", "billed")

# From a state (a row) to a state (a column): x where the diagram has an edge, = where it stays.
_TABLE = """
          received rejected recycled guided rated rerated billed
received  =        x        -        x      -     -       -
rejected  -        =        x        -      -     -       -
recycled  -        x        =        x      -     -       -
guided    -        x        -        =      x     -       -
rated     -        -        -        -      =     x       x
rerated   -        -        -        -      x     =       -
billed    -        -        -        -      -     -       =
"""
_ROWS = [line.split() for line in _TABLE.strip().splitlines()]
EDGES = frozenset(
    (old, new)
    for old, *signs in _ROWS[1:]
    for new, sign in zip(_ROWS[0], signs, strict=True)
    if sign == "x"
)
PAIRS = tuple(product(STATES, STATES))


def may_go(old: str, new: str) -> bool:
    """Staying in a state is no step."""
    return old == new or (old, new) in EDGES


def following(old: str) -> tuple[str, ...]:
    """The states that may follow."""
    return tuple(new for new in STATES if (old, new) in EDGES)
