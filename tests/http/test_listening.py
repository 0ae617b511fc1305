"""The /listener paths: what other parties' hubs tell us is checked, kept once and answered."""

from __future__ import annotations

import json
import uuid
from typing import Any

import httpx
import pytest
from tests.http.asking import ACCOUNTS, USAGES, refused
from tests.serving import Server, select

EVENTS = [
    *(
        (f"{USAGES}/listener/usage{kind}Event", "event", "usage")
        for kind in ("Create", "AttributeValueChange", "Delete", "StateChange")
    ),
    *(
        (f"{USAGES}/listener/usageSpecification{kind}Event", "event", "usageSpecification")
        for kind in ("Create", "AttributeValueChange", "Delete")
    ),
    *(
        (f"{ACCOUNTS}/listener/{name}Account{kind}Event", "payload", f"{name}Account")
        for name in ("party", "billing", "settlement")
        for kind in ("AttributeValueChange", "StateChange")
    ),
    *(
        (f"{ACCOUNTS}/listener/financialAccount{kind}Event", "payload", "financialAccount")
        for kind in ("Create", "AttributeValueChange", "StateChange", "Delete")
    ),
]
PATH, PAYLOAD, RESOURCE = EVENTS[0]


def event(payload: str = PAYLOAD, resource: str = RESOURCE, **more: Any) -> dict[str, Any]:
    document = {
        "id": "1",
        "name": "Told by another",
        "relatedParty": [{"id": "1", "name": "Ada", "@referredType": "Individual"}],
    }
    return {
        "eventId": str(uuid.uuid4()),
        "eventTime": "2026-01-31T12:00:00Z",
        payload: {resource: document},
        **more,
    }


def kept(server: Server, event_id: str) -> list[tuple[str, dict[str, Any]]]:
    """(type, document) of what the database holds under an eventId."""
    rows = select(server.database, f"SELECT type, document FROM received WHERE id = '{event_id}'")
    return [(type, json.loads(document)) for type, document in rows]


@pytest.mark.parametrize(("path", "payload", "resource"), EVENTS, ids=[e[0][9:] for e in EVENTS])
def test_what_another_hub_tells_is_kept_once(
    client: httpx.Client, server: Server, path: str, payload: str, resource: str
) -> None:
    """An event is kept once per eventId, and answered with 201 and what the contract says."""
    told = event(payload, resource)
    for _ in range(2):
        response = client.post(path, json=told)
        assert response.status_code == 201, response.text
        answer = response.json()
        for attribute in ("id", "callback"):
            assert isinstance(answer[attribute], str)
            assert answer[attribute]
    ((type, document),) = kept(server, told["eventId"])
    assert type == path.rpartition("/")[2]
    assert document == told


def test_an_event_may_come_without_an_id(client: httpx.Client) -> None:
    """The contract asks for no eventId: each event without one is another."""
    told = event()
    del told["eventId"]
    first, second = client.post(PATH, json=told), client.post(PATH, json=told)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] != second.json()["id"]


def test_attributes_that_the_contract_does_not_know_are_kept(
    client: httpx.Client, server: Server
) -> None:
    """What an event holds beyond the contract is kept too."""
    told = event(extra={"deep": [1, "é"]})
    assert client.post(PATH, json=told).status_code == 201
    assert kept(server, told["eventId"])[0][1] == told


BAD = {
    "eventTime": "yesterday",
    "eventType": 5,
    "eventId": 5,
    "event": "nothing",
    "event.usage": [],
    "event.usage.status": "lost",
    "event.usage.usageDate": "yesterday",
}


@pytest.mark.parametrize("place", BAD)
def test_an_event_is_checked(client: httpx.Client, server: Server, place: str) -> None:
    """An event that is not what the contract describes is 400, naming what is wrong, not kept."""
    told = event()
    *way, name = place.split(".")
    holder = told
    for step in way:
        holder = holder[step]
    holder[name] = BAD[place]
    before = select(server.database, "SELECT count(*) FROM received")
    refused(client.post(PATH, json=told), 400, place)
    assert select(server.database, "SELECT count(*) FROM received") == before


def test_a_listener_path_takes_only_events(client: httpx.Client) -> None:
    """No JSON, no object, another media type or another method: refused."""
    headers = {"content-type": "application/json"}
    refused(client.post(PATH, content="{", headers=headers), 400)
    refused(client.post(PATH, content="", headers=headers), 400)
    refused(client.post(PATH, json=[event()]), 400)
    refused(client.post(PATH, content="{}", headers={"content-type": "text/plain"}), 415)
    response = client.get(PATH)
    refused(response, 405)
    assert "POST" in response.headers["allow"]
    refused(client.post(f"{USAGES}/listener/usageSpecificationStateChangeEvent", json={}), 404)
