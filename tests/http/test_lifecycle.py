"""The life cycle of a usage, by request: every pair of states."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import httpx
import pytest
from tests.handlers.usage_steps import PAIRS, STATES, following, may_go
from tests.http.asking import (
    JSON_PATCH,
    JSON_PATCH_QUERY,
    USAGE,
    Document,
    create,
    patch,
    refused,
)


class Way(NamedTuple):
    """How a usage in one state is brought into another. checked: whether the life cycle is asked;
    who creates a usage knows how far it has come."""

    bring: Callable[[httpx.Client, Document, str], httpx.Response]
    checked: bool


def _post(client: httpx.Client, _made: Document, new: str) -> httpx.Response:
    return client.post(USAGE, json={"status": new})


def _patch(client: httpx.Client, made: Document, new: str) -> httpx.Response:
    return patch(client, f"{USAGE}/{made['id']}", {"status": new})


def _json_patch(client: httpx.Client, made: Document, new: str) -> httpx.Response:
    steps = [{"op": "add", "path": "/status", "value": new}]
    return patch(client, f"{USAGE}/{made['id']}", steps, JSON_PATCH)


def _json_patch_query(client: httpx.Client, made: Document, new: str) -> httpx.Response:
    steps = [{"op": "replace", "path": "/status", "value": new}]
    return patch(client, f"{USAGE}/{made['id']}", steps, JSON_PATCH_QUERY)


def _add(client: httpx.Client, _made: Document, new: str) -> httpx.Response:
    """A PATCH of the collection, which only adds to it (TMF630 6.2): the one that was added."""
    steps = [{"op": "add", "path": "/-", "value": {"status": new}}]
    response = patch(client, USAGE, steps, JSON_PATCH)
    return client.get(response.json()[0]["href"]) if response.is_success else response


WAYS = {
    "POST": Way(_post, checked=False),
    "PATCH of the collection": Way(_add, checked=False),
    "PATCH": Way(_patch, checked=True),
    "JSON Patch": Way(_json_patch, checked=True),
    "JSON Patch Query": Way(_json_patch_query, checked=True),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_every_pair_of_states(client: httpx.Client, way: str, old: str, new: str) -> None:
    """A change along an edge or to the same state is taken; else it is 409, naming what may follow,
    and changes nothing. A new usage begins in any state, whatever others are in."""
    made = create(client, USAGE, {"status": old})
    response = WAYS[way].bring(client, made, new)
    now = client.get(f"{USAGE}/{made['id']}").json()
    if not WAYS[way].checked:
        assert response.is_success, response.text
        assert response.json()["status"] == new
        assert now == made
    elif may_go(old, new):
        assert response.status_code == 200, response.text
        assert now == {**made, "status": new}
    else:
        error = refused(response, 409, "status", old, new)
        named = error["message"].rpartition("may go to")[2]
        assert {state for state in STATES if f"'{state}'" in named} == set(following(old))
        assert now == made


def test_no_patch_goes_round_the_life_cycle(client: httpx.Client) -> None:
    """Two steps in one patch are one: what counts is where it was and where it ends."""
    made = create(client, USAGE, {"status": "received"})
    path = f"{USAGE}/{made['id']}"
    two = [{"op": "replace", "path": "/status", "value": state} for state in ("guided", "rated")]
    refused(patch(client, path, two, JSON_PATCH), 409, "guided", "rejected")
    assert client.get(path).json() == made


def test_a_state_cannot_be_taken_away(client: httpx.Client) -> None:
    """Without a status a usage is received again: from billed there is no way there."""
    made = create(client, USAGE, {"status": "billed"})
    path = f"{USAGE}/{made['id']}"
    refused(patch(client, path, {"status": None}), 409, "status")
    refused(patch(client, path, [{"op": "remove", "path": "/status"}], JSON_PATCH), 409, "status")
    assert client.get(path).json() == made


def test_an_unknown_state_is_refused(client: httpx.Client) -> None:
    """A state that the contract does not name is 400 on create and 4xx on change, naming all."""
    refused(client.post(USAGE, json={"status": "lost"}), 400, "status", "lost", *STATES)
    made = create(client, USAGE, {"status": "received"})
    response = patch(client, f"{USAGE}/{made['id']}", {"status": "lost"})
    assert response.status_code in (400, 409)
    refused(response, response.status_code, "status", "lost", *STATES)


def test_the_collection_changes_no_states(client: httpx.Client) -> None:
    """A PATCH of it that would is refused, and so is one that adds what is there."""
    made = create(client, USAGE, {"status": "billed"})
    path = f"/{made['id']}/status"
    for step in (
        {"op": "replace", "path": path, "value": "received"},
        {"op": "add", "path": path, "value": "received"},
        {"op": "add", "path": "/-", "value": {"id": made["id"], "status": "received"}},
    ):
        response = patch(client, USAGE, [step], JSON_PATCH)
        refused(response, response.status_code)
        assert response.status_code in (400, 409)
    assert client.get(f"{USAGE}/{made['id']}").json() == made
