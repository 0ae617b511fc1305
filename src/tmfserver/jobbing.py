"""Carries out jobs in this process, one after the other, until it is told to stop.

A job is claimed by a lease that is renewed while it goes on. Of an import each batch of rows is
one transaction with how far the job is: whoever goes on begins there. An export begins anew.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial

from tmfserver import transfers
from tmfserver.delivery.transfer import places_of
from tmfserver.errors import DatabaseUnreachable, Unavailable
from tmfserver.job_hold import LEASE_SECONDS, Hold
from tmfserver.job_work import Work
from tmfserver.jobs import Bulk, Claim, Stopped
from tmfserver.planning import Plan
from tmfserver.spool import spool_of

log = logging.getLogger("tmfserver")

POLL_SECONDS = 0.25
AFTER_FAILURE_SECONDS = 2.0


class Worker:
    """stopping: whether it has been told to stop. patience: seconds without a job after which it
    ends by itself; none: never."""

    def __init__(
        self, plan: Plan, stopping: Callable[[], bool], patience: float | None = None
    ) -> None:
        self._plan, self._stopping, self._patience = plan, stopping, patience
        self._spool = spool_of(plan.settings)
        self._places = places_of(plan.settings)
        self._open = partial(transfers.open_bulk, plan, migrate=False)

    def run(self) -> None:
        transfers.tune_process()
        while not self._stopping():
            try:
                with closing(self._open()) as bulk:
                    self._work(bulk)
            except (Unavailable, DatabaseUnreachable) as failure:
                # With a new connection then: what was lost with the old one does not come back.
                log.warning("Jobs cannot go on: %s", failure)
                time.sleep(AFTER_FAILURE_SECONDS)
            else:
                return

    def _work(self, bulk: Bulk) -> None:
        """Until there is no more to do. Raises errors.Unavailable."""
        idle = time.monotonic()
        while not self._stopping():
            claim = bulk.claim(LEASE_SECONDS)
            if claim is not None:
                self._carry_out(bulk, claim)
                idle = time.monotonic()
                continue
            if self._patience is not None and time.monotonic() - idle > self._patience:
                return
            time.sleep(POLL_SECONDS)

    def _carry_out(self, bulk: Bulk, claim: Claim) -> None:
        if not claim.document:
            self._spool.forget(claim.jobs.name, claim.id)
            bulk.forget(claim.jobs, claim.id)
            return
        log.info("%s %s: begins at record %d", claim.kind, claim.id, claim.position)
        with Hold(claim, self._open) as hold:
            work = Work(
                self._plan, bulk, claim, self._spool, self._places,
                lambda: self._stopping() or hold.is_lost,
            )  # fmt: skip
            try:
                work.run()
            except Stopped:
                bulk.give_back(claim)
                log.info("%s %s: is left", claim.kind, claim.id)
