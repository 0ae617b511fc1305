"""Where jobs are entered: what the operations of imports and exports need of this server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from tmfserver import sql
from tmfserver.changes import Collection
from tmfserver.engine.targets import Targets
from tmfserver.http.jobs import Desk
from tmfserver.repository import Store
from tmfserver.settings import Settings
from tmfserver.spool import spool_of

if TYPE_CHECKING:
    from tmfserver.delivery.transfer import Places


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
        lambda url: places_of(settings).refuse(url),
        settings.upload_limit,
        partial(sql.open_bulk, settings.database, collections, migrate=False),
        wake,
    )


def places_of(settings: Settings) -> Places:
    """Where files of jobs may come from and go to."""
    # Imported when the first URL is named: it takes its part of a start.
    from tmfserver.delivery.networks import read_networks
    from tmfserver.delivery.transfer import Places

    return Places(
        read_networks(settings.callback_networks),
        settings.files_folder,
        settings.delivery_connect_timeout,
        settings.delivery_timeout,
    )
