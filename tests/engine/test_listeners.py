"""The hub over real databases, with two processes' stores on each."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tmfserver import sql
from tmfserver.engine import Hub
from tmfserver.errors import NotFound

API = "/tmf-api/thingManagement/v1"


async def over_two_stores(url: str) -> None:
    one, other = await sql.open_store(url, []), await sql.open_store(url, [])
    try:
        listener = await Hub(API, one).subscribe("http://there/", "")
        assert await Hub(API, other).find(listener.id) == listener
        with pytest.raises(NotFound):
            await Hub("/another/api", other).find(listener.id)
        await Hub(API, other).unsubscribe(listener.id)
        with pytest.raises(NotFound):
            await Hub(API, one).find(listener.id)
    finally:
        await one.close()
        await other.close()


def test_a_listener_is_known_to_every_process_on_sqlite(tmp_path: Path) -> None:
    """GET /hub/{id} answers as things are, whichever process registered it."""
    asyncio.run(over_two_stores(f"sqlite:///{tmp_path / 'hub.db'}"))


def test_a_listener_is_known_to_every_process_on_postgresql(postgres_url: str) -> None:
    """GET /hub/{id} answers as things are, whichever process registered it."""
    asyncio.run(over_two_stores(postgres_url))
