"""How a resource came to its state (the extension contracts), on both databases."""

from __future__ import annotations

import httpx
from tests.http.asking import BILLING, USAGE, account, create, patch, refused, unique

USER = {"X-Forwarded-User": "ada", "X-Correlation-ID": "rerating of March"}


def moved(client: httpx.Client, url: str, status: str, **headers: str) -> None:
    answer = client.patch(url, json={"status": status}, headers=headers)
    assert answer.status_code == 200, answer.text


def test_each_change_of_state_is_told(client: httpx.Client) -> None:
    """Who, when, from which state to which; other changes are none."""
    url = f"{USAGE}/{create(client, USAGE, {'status': 'rated'})['id']}"
    assert client.get(f"{url}/history").json() == []
    moved(client, url, "rerated", **USER)
    patch(client, url, {"description": "as before"})
    moved(client, url, "rated")
    first, second = client.get(f"{url}/history").json()
    assert (first["from"], first["to"], first["by"]) == ("rated", "rerated", "ada")
    assert first["correlationId"] == "rerating of March"
    assert first["attribute"] == "status"
    assert (second["from"], second["to"]) == ("rerated", "rated")
    assert not {"by", "correlationId"} & second.keys()
    assert first["at"] <= second["at"]


def test_a_history_is_a_list(client: httpx.Client) -> None:
    """Filters, sort, pages and counts as everywhere."""
    url = f"{USAGE}/{create(client, USAGE, {'status': 'received'})['id']}"
    for status in ("rejected", "recycled", "guided", "rated"):
        moved(client, url, status)
    answer = client.get(f"{url}/history", params={"sort": "-at", "limit": "2"})
    assert answer.headers["x-total-count"] == "4"
    assert f"{url}/history?cursor=" in answer.headers["link"]
    found = client.get(f"{url}/history", params={"to": "guided"}).json()
    assert [entry["from"] for entry in found] == ["recycled"]
    refused(client.get(f"{url}/history", params={"at.gt": "soon"}), 400, "'at'")


def test_a_refused_step_is_none(client: httpx.Client) -> None:
    """What did not happen is not told."""
    url = f"{USAGE}/{create(client, USAGE, {'status': 'received'})['id']}"
    refused(patch(client, url, {"status": "billed"}), 409)
    assert client.get(f"{url}/history").json() == []


def test_a_history_outlives_the_resource(client: httpx.Client) -> None:
    """An audit asks for what is gone; what never was is 404."""
    url = f"{USAGE}/{create(client, USAGE, {'status': 'rated'})['id']}"
    moved(client, url, "billed")
    assert client.delete(url).status_code == 204
    assert [entry["to"] for entry in client.get(f"{url}/history").json()] == ["billed"]
    refused(client.get(f"{USAGE}/{unique('none')}/history"), 404)


def test_accounts_have_histories_too(client: httpx.Client) -> None:
    """Of their attribute `state`."""
    url = f"{BILLING}/{create(client, BILLING, account(state='Active'))['id']}"
    patch(client, url, {"state": "Suspended"})
    (entry,) = client.get(f"{url}/history").json()
    assert (entry["attribute"], entry["from"], entry["to"]) == ("state", "Active", "Suspended")
