"""The hub over real databases, with two processes' stores on each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tmfserver import sql
from tmfserver.engine import Hub
from tmfserver.engine.interests import Interests
from tmfserver.engine.listeners import allow_any
from tmfserver.errors import Invalid, NotFound
from tmfserver.repository import Store

API = "/tmf-api/thingManagement/v1"


def hub(store: Store, api: str = API, allowed: Callable[[str], None] = allow_any) -> Hub:
    return Hub(api, store, Interests(api, {}), allowed)


async def over_two_stores(url: str) -> None:
    one, other = await sql.open_store(url, []), await sql.open_store(url, [])
    try:
        listener = await hub(one).subscribe("http://there/", "", "X-Token: a")
        assert await hub(other).find(listener.id) == listener
        with pytest.raises(NotFound):
            await hub(other, "/another/api").find(listener.id)
        await hub(other).unsubscribe(listener.id)
        with pytest.raises(NotFound):
            await hub(one).find(listener.id)
    finally:
        await one.close()
        await other.close()


def test_a_listener_is_known_to_every_process_on_sqlite(tmp_path: Path) -> None:
    """GET /hub/{id} answers as things are, whichever process registered it."""
    asyncio.run(over_two_stores(f"sqlite:///{tmp_path / 'hub.db'}"))


def test_a_listener_is_known_to_every_process_on_postgresql(postgres_url: str) -> None:
    """GET /hub/{id} answers as things are, whichever process registered it."""
    asyncio.run(over_two_stores(postgres_url))


def test_a_callback_that_may_not_be_called_is_refused(tmp_path: Path) -> None:
    """Who puts the server together says which; nobody is registered then."""

    def refuse(callback: str) -> None:
        raise Invalid(attribute="callback", problem=f"{callback} is not to be called")

    async def over_a_store() -> None:
        store = await sql.open_store(f"sqlite:///{tmp_path / 'hub.db'}", [])
        try:
            with pytest.raises(Invalid, match="http://there/"):
                await hub(store, allowed=refuse).subscribe("http://there/", "")
            assert await hub(store).all() == []
        finally:
            await store.close()

    asyncio.run(over_a_store())
