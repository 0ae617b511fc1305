"""The life cycle of a usage, by request: every pair of states."""

from __future__ import annotations

import httpx
import pytest
from tests.handlers.usage_steps import PAIRS, STATES, following, may_go
from tests.http.asking import JSON_PATCH, USAGE, create, patch, refused


@pytest.mark.parametrize("state", STATES)
def test_a_usage_may_begin_in_any_state(client: httpx.Client, state: str) -> None:
    """A usage is created in whatever state its source says."""
    assert create(client, USAGE, {"status": state})["status"] == state


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_every_pair_of_states_by_patch(client: httpx.Client, old: str, new: str) -> None:
    """A patch along an edge or to the same state is 200; else 409, naming what may follow."""
    made = create(client, USAGE, {"status": old})
    path = f"{USAGE}/{made['id']}"
    if may_go(old, new):
        response = patch(client, path, {"status": new})
        assert response.status_code == 200, response.text
        assert response.json() == {**made, "status": new}
    else:
        error = refused(patch(client, path, {"status": new}), 409, "status", old, new)
        named = error["message"].rpartition("may go to")[2]
        assert {state for state in STATES if f"'{state}'" in named} == set(following(old))
        assert client.get(path).json() == made


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
