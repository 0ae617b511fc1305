"""Where a query is read, so that a slow one holds up nobody else.

Each shape of query begins in the first lane. One that does not end in the time of its lane is
stopped there, begins again in the next, and others of its shape go there at once for a while.
The slow lane is processes of their own: see aside.py.
"""

from __future__ import annotations

import os
import time

from tmfserver.sql.plans import Asked, Plan

INLINE, QUICK, SLOW = 0, 1, 2
INLINE_SECONDS = 0.002  # on the event loop itself, for a thread would cost more than the reading
QUICK_SECONDS = 0.25
SIFT_SECONDS = 0.05  # the same where Python looks at documents, and so keeps the event loop waiting
SLOW_AT_ONCE = max(1, (os.cpu_count() or 1) // 2)
REMEMBERED_SECONDS = 60.0


class Late(Exception):
    """A statement's time was over before it was done."""


def lane(plan: Plan) -> int:
    if plan.lane and time.monotonic() - plan.since > REMEMBERED_SECONDS:
        plan.lane = INLINE
    return plan.lane


def move(plan: Plan, to: int) -> None:
    plan.lane, plan.since = to, time.monotonic()


def quick_seconds(asked: Asked) -> float:
    """How long a query may take in the quick lane."""
    return QUICK_SECONDS if asked.is_exact else SIFT_SECONDS
