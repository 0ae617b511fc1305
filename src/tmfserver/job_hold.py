"""Keeps a claimed job this process's own while it is worked on, however long one step takes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Self

from tmfserver.errors import Failure
from tmfserver.jobs import Bulk, Claim

LEASE_SECONDS = 15.0
BEAT_SECONDS = 3.0


class Hold:
    """While it is entered, a thread renews the claim by a connection of its own.

    is_lost: the job was deleted, or has become another process's.
    """

    def __init__(self, claim: Claim, open_: Callable[[], Bulk]) -> None:
        self._claim, self._open = claim, open_
        self.is_lost = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="job-hold", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _keep(self) -> None:
        while not self._ended.wait(BEAT_SECONDS) and not self.is_lost:
            # A database that is away comes back in time, or the lease ends.
            with suppress(Failure), closing(self._open()) as bulk:
                self._renew(bulk)

    def _renew(self, bulk: Bulk) -> None:
        """As long as the connection holds. Raises errors.Unavailable."""
        while True:
            self.is_lost = not bulk.renew(self._claim, LEASE_SECONDS)
            if self.is_lost or self._ended.wait(BEAT_SECONDS):
                return
