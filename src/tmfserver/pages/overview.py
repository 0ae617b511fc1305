"""What the start page says: which APIs run, what they hold, whether the database answers."""

from __future__ import annotations

import asyncio
import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from tmfserver.changes import Collection
from tmfserver.errors import Unavailable
from tmfserver.pages.pictures import Pictures
from tmfserver.repository import Store
from tmfserver.spec import Api
from tmfserver.spec.samples import Sample, first_post

# Where the page's values stand in the ASGI scope, which Flask finds in its environment.
OVERVIEW = "tmfserver.overview"

# How long a page waits for the database, in seconds.
PATIENCE = 2.0

_KINDS = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "postgres": "PostgreSQL"}


@dataclass(frozen=True)
class ResourceLine:
    """One resource. `documents` is None when the database did not say how many there are."""

    name: str
    methods: tuple[str, ...]
    documents: int | None
    has_hierarchy: bool = False
    has_chart: bool = False


@dataclass(frozen=True)
class ApiCard:
    """One contract with its resources, and a first request to make if there is one."""

    title: str
    version: str
    base_path: str
    file: str
    resources: tuple[ResourceLine, ...]
    sample: Sample | None

    def commands(self, address: str) -> list[tuple[str, str]]:
        """(what it does, the command) for a first POST and GET at this address."""
        if self.sample is None:
            return []
        url = f"{address}{self.base_path}/{self.sample.resource}"
        body = json.dumps(self.sample.body, ensure_ascii=False)
        post = (
            f"curl -i {shlex.quote(url)} \\\n"
            "  -H 'Content-Type: application/json' \\\n"
            f"  -d {shlex.quote(body)}"
        )
        get = f"curl -i {shlex.quote(f'{url}?limit=5')}"
        return [
            (f"Create a first {self.sample.resource}", post),
            ("List what is there", get),
        ]


@dataclass(frozen=True)
class State:
    """All that the page shows, as of now."""

    release: str
    database: str
    answers: bool
    apis: tuple[ApiCard, ...]


class Overview:
    """Asks the store anew for each page; what contracts say is worked out once."""

    def __init__(
        self,
        apis: Sequence[Api],
        collections: Mapping[str, Collection],
        store: Store,
        database: str,
        pictures: Pictures,
    ) -> None:
        self._apis, self._collections, self._store = apis, collections, store
        self._kind, self._pictures = kind(database), pictures
        self._samples: dict[str, Sample | None] = {}

    async def now(self) -> State:
        counts = await _counts(self._collections, self._store)
        return State(
            version("tmfserver"),
            self._kind,
            counts is not None,
            tuple(self._card(api, counts or {}) for api in self._apis),
        )

    def _card(self, api: Api, counts: Mapping[str, int]) -> ApiCard:
        if api.base_path not in self._samples:
            self._samples[api.base_path] = first_post(api)
        lines = (self._line(api, name, counts) for name in (*api.resources, *api.nested))
        return ApiCard(
            api.title,
            api.version,
            api.base_path,
            api.file.name,
            tuple(lines),
            self._samples[api.base_path],
        )

    def _line(self, api: Api, name: str, counts: Mapping[str, int]) -> ResourceLine:
        path, pictures = f"{api.base_path}/{name}", self._pictures
        return ResourceLine(
            name,
            _methods(api, name),
            counts.get(api.collection_name(name)),
            path in pictures.hierarchies,
            path in pictures.charts,
        )


def kind(database: str) -> str:
    """SQLite or PostgreSQL, told by the scheme; nothing else of the address is shown."""
    scheme = database.partition(":")[0].partition("+")[0].lower()
    return _KINDS.get(scheme, "")


async def _counts(collections: Mapping[str, Collection], store: Store) -> dict[str, int] | None:
    """Documents by collection, those that were counted in time; None: no answer at all."""
    found: dict[str, int] = {}
    answers = False
    try:
        async with asyncio.timeout(PATIENCE):
            await store.ping()
            answers = True
            for name, collection in collections.items():
                found[name] = await store.count(collection)
    except (TimeoutError, Unavailable):
        pass
    return found if answers else None


def _methods(api: Api, resource: str) -> tuple[str, ...]:
    used: dict[str, Any] = {
        operation.method.upper(): None
        for operation in api.operations
        if operation.resource == resource and operation.verb is not None
    }
    return tuple(name for name in ("GET", "POST", "PUT", "PATCH", "DELETE") if name in used)
