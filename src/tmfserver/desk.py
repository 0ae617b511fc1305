"""Where jobs are entered: what the operations of imports and exports need of this server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from tmfserver import sql
from tmfserver.changes import Collection
from tmfserver.engine.targets import Targets
from tmfserver.http.jobs import Desk
from tmfserver.repository import Store
from tmfserver.settings import Settings
from tmfserver.spool import spool_of


def make_desk(
    settings: Settings,
    store: Store,
    targets: Targets,
    collections: Sequence[Collection],
    wake: Callable[[], None],
) -> Desk:
    """wake: is called when there is a new job."""
    return Desk(
        store,
        targets,
        spool_of(settings),
        partial(_refuse, settings),
        settings.upload_limit,
        partial(sql.open_bulk, settings.database, collections, migrate=False),
        wake,
    )


def _refuse(settings: Settings, url: str) -> None:
    # Imported when the first URL is named: it takes its part of a start.
    from tmfserver.delivery.transfer import places_of

    places_of(settings).refuse(url)
