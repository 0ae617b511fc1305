"""A job's changes of state as events, in the transaction that writes them down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tmfserver.changes import Collection
from tmfserver.engine.interests import Interests, notification_types
from tmfserver.engine.notifications import Notifications
from tmfserver.errors import ListenersChanged
from tmfserver.jobs import After, Bulk, Progress
from tmfserver.planning import Plan
from tmfserver.spec import JOBS, Api

ATTEMPTS = 100  # at a change while listeners come and go


class Telling:
    """Tells of the jobs of one collection; of one that is not served any more, nothing.

    has_reasons: whether the contract says of jobs why they failed.
    """

    def __init__(self, plan: Plan, jobs: Collection) -> None:
        self._jobs, self.has_reasons = jobs, False
        self._notifications: Notifications | None = None
        for api in plan.apis:
            for name in JOBS & api.resources.keys():
                if api.collection_name(name) == jobs.name:
                    self._notifications = _notifications(api, name)
                    self.has_reasons = "reason" in api.resources[name].types

    def change(
        self, bulk: Bulk, progress: Progress, old: Mapping[str, Any], new: Mapping[str, Any]
    ) -> None:
        """Writes progress, and what is told of it. The documents have their href. Raises as
        Bulk.advance does."""
        for _ in range(ATTEMPTS):
            listeners = bulk.listeners()
            told = self._notifications if listeners.all else None
            events = told.events(listeners, old, new, "") if told else ()
            try:
                return _write(bulk, self._jobs, After(events, listeners.version, progress))
            except ListenersChanged:
                continue
        raise ListenersChanged


def _write(bulk: Bulk, jobs: Collection, after: After) -> None:
    bulk.load(jobs, (), lambda _taken: after)  # with no new rows


def _notifications(api: Api, name: str) -> Notifications:
    interests = Interests(api.base_path, notification_types(api.resources.values()))
    return Notifications(api.resources[name], api.base_path, interests, api.title)
