"""Reads the contracts that are to be served, as the settings have them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tmfserver import spec
from tmfserver.errors import BrokenContract
from tmfserver.settings import Settings
from tmfserver.spec import Api, Broken


def read(settings: Settings, places: Iterable[Path], broken: Broken) -> tuple[Api, ...]:
    """The contracts in folders and files. `broken` is told each that cannot run, or raises it."""
    files = []
    for place in places:
        try:
            files += spec.files([place])
        except BrokenContract as failure:
            broken(failure)
    kept = spec.Kept(_kept_in(settings))
    return tuple(_as_set(settings, api) for api in spec.read(*files, kept=kept, broken=broken))


def _kept_in(settings: Settings) -> Path | None:
    if settings.cache == "off":
        return None
    return Path(settings.cache) if settings.cache else spec.usual_folder()


def _as_set(settings: Settings, api: Api) -> Api:
    if settings.events == "all":
        api = spec.with_all_events(api)
    return spec.with_origins(api) if settings.mirror else api
