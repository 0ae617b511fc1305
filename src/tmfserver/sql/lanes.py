"""Where a query is read, so that a slow one holds up nobody else.

Each shape of query begins in the first lane. One that does not end in the time of its lane is
stopped there, begins again in the next, and others of its shape go there at once for a while.
"""

from __future__ import annotations

import time

from tmfserver.sql.plans import Plan

INLINE, QUICK, SLOW = 0, 1, 2
INLINE_SECONDS = 0.002  # on the event loop itself, for a thread would cost more than the reading
QUICK_SECONDS = 0.25
SLOW_AT_ONCE = 2
REMEMBERED_SECONDS = 60.0


def lane(plan: Plan) -> int:
    if plan.lane and time.monotonic() - plan.since > REMEMBERED_SECONDS:
        plan.lane = INLINE
    return plan.lane


def move(plan: Plan, to: int) -> None:
    plan.lane, plan.since = to, time.monotonic()
