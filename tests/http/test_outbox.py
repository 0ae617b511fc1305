"""Events go into the outbox with the change itself, for the listeners that want them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest
from tests.http.asking import (
    ACCOUNTS,
    BILLING,
    FINANCIAL,
    FORMAT,
    USAGE,
    USAGES,
    account,
    create,
    patch,
    refused,
    unique,
)
from tests.serving import Server, StartServer, select


class Sent(NamedTuple):
    """An event in the outbox, and the listeners that it waits for."""

    type: str
    document: dict[str, Any]
    listeners: set[str]


def sent(server: Server, subject: str) -> list[Sent]:
    """The events about one resource, the oldest first."""
    statement = (
        "SELECT event.seq, event.type, event.document, delivery.listener"
        " FROM event LEFT JOIN delivery ON delivery.event = event.seq"
        f" WHERE event.subject = '{subject}' ORDER BY event.seq"
    )
    events: dict[int, Sent] = {}
    for seq, type, document, listener in select(server.database, statement):
        found = events.setdefault(seq, Sent(type, json.loads(document), set()))
        found.listeners.add(listener)
    return list(events.values())


@pytest.fixture(scope="module")
def told(client: httpx.Client) -> Iterator[dict[str, str]]:
    """Listeners of everything, one on each hub, by base path."""
    registered = {}
    for base in (ACCOUNTS, USAGES):
        callback = f"http://127.0.0.1:9/{uuid.uuid4()}"
        response = client.post(f"{base}/hub", json={"callback": callback})
        assert response.status_code == 201
        registered[base] = response.json()["id"]
    yield registered
    for base, id in registered.items():
        assert client.delete(f"{base}/hub/{id}").status_code == 204


def test_every_change_of_a_usage_is_told(
    client: httpx.Client, server: Server, told: dict[str, str]
) -> None:
    """Create, attribute change, state change and delete each write their event."""
    made = create(client, USAGE, {"status": "received", "usageType": "voice"})
    path = f"{USAGE}/{made['id']}"
    described = patch(client, path, {"description": "changed"}).json()
    both = patch(client, path, {"status": "guided", "usageType": "data"}).json()
    client.delete(path)
    events = sent(server, made["id"])
    assert sorted(event.type for event in events) == [
        "UsageAttributeValueChangeEvent",
        "UsageAttributeValueChangeEvent",
        "UsageCreateEvent",
        "UsageDeleteEvent",
        "UsageStateChangeEvent",
    ]
    assert all(told[USAGES] in event.listeners for event in events)
    assert all(told[ACCOUNTS] not in event.listeners for event in events)
    payloads = [event.document["event"]["usage"] for event in events]
    assert payloads[:2] == [made, described]
    assert payloads[2:] == [both, both, both]
    assert len({event.document["eventId"] for event in events}) == len(events)
    for event in events:
        assert event.document["eventType"] == event.type
        assert event.document["eventTime"].endswith("Z")


def test_an_event_says_which_attributes_changed(
    client: httpx.Client, server: Server, told: dict[str, str]
) -> None:
    """An AttributeValueChange event names the changed attributes in fieldPath."""
    made = create(client, USAGE, {"usageSpecification": {"id": "1", "name": "a"}})
    patch(client, f"{USAGE}/{made['id']}", {"usageSpecification": {"name": "b"}, "new": 1})
    (change,) = (e for e in sent(server, made["id"]) if e.type == "UsageAttributeValueChangeEvent")
    fields = change.document["fieldPath"].split(",")
    assert sorted(fields) == ["new", "usageSpecification.name"]


def test_an_event_has_the_contract_s_shape(
    client: httpx.Client, server: Server, told: dict[str, str]
) -> None:
    """TMF666's events hold the resource in `payload`; accounts other than financial have two."""
    ledger = create(client, FINANCIAL, {"name": unique("ledger")})
    billing = create(client, BILLING, account(state="Active"))
    patch(client, f"{BILLING}/{billing['id']}", {"state": "Closed"})
    client.delete(f"{BILLING}/{billing['id']}")
    (created,) = sent(server, ledger["id"])
    assert created.type == "FinancialAccountCreateEvent"
    assert created.document["payload"] == {"financialAccount": ledger}
    (closed,) = sent(server, billing["id"])
    assert closed.type == "BillingAccountStateChangeEvent"
    assert closed.document["payload"]["billingAccount"]["state"] == "Closed"
    assert closed.listeners >= {told[ACCOUNTS]}


def test_what_has_no_event_tells_nothing(
    client: httpx.Client, server: Server, told: dict[str, str]
) -> None:
    """A resource whose contract declares no events, or a change of nothing, writes none."""
    made = create(client, FORMAT, {"name": unique("format")})
    patch(client, f"{FORMAT}/{made['id']}", {"name": "other"})
    assert sent(server, made["id"]) == []
    usage = create(client, USAGE, {"usageType": "voice"})
    patch(client, f"{USAGE}/{usage['id']}", {"usageType": "voice"})
    assert [event.type for event in sent(server, usage["id"])] == ["UsageCreateEvent"]


def test_what_is_refused_tells_nothing(
    client: httpx.Client, server: Server, told: dict[str, str]
) -> None:
    """A refused change writes no event."""
    made = create(client, USAGE, {"status": "billed"})
    path = f"{USAGE}/{made['id']}"
    refused(patch(client, path, {"status": "rated"}), 409)
    refused(patch(client, path, {"usageDate": "yesterday"}), 400)
    refused(client.post(USAGE, json={"id": made["id"]}), 409)
    assert [event.type for event in sent(server, made["id"])] == ["UsageCreateEvent"]


def test_a_query_chooses_events(client: httpx.Client, server: Server) -> None:
    """A listener with a query is told only what the query lets through."""
    queries = {
        "eventType=UsageCreateEvent,UsageDeleteEvent": ["UsageCreateEvent", "UsageDeleteEvent"],
        "event.usage.status=guided": ["UsageStateChangeEvent", "UsageDeleteEvent"],
        "event.usage.status=billed": [],
    }
    ids = {}
    for query in queries:
        callback = f"http://127.0.0.1:9/{uuid.uuid4()}"
        response = client.post(f"{USAGES}/hub", json={"callback": callback, "query": query})
        ids[query] = response.json()["id"]
    made = create(client, USAGE, {"status": "received"})
    patch(client, f"{USAGE}/{made['id']}", {"status": "guided"})
    client.delete(f"{USAGE}/{made['id']}")
    events = sent(server, made["id"])
    for query, expected in queries.items():
        assert [e.type for e in events if ids[query] in e.listeners] == expected
        assert client.delete(f"{USAGES}/hub/{ids[query]}").status_code == 204


TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X-Correlation-ID": "order 7"}, "order 7"),
        ({"X-Correlation-ID": "order 7", "traceparent": PARENT}, "order 7"),
        ({"traceparent": PARENT}, TRACE),
        ({"traceparent": f"00-{'0' * 32}-00f067aa0ba902b7-01"}, None),
        ({"traceparent": "nonsense"}, None),
        ({"X-Correlation-ID": "x" * 300}, "x" * 255),
        ({}, None),
    ],
    ids=str,
)
def test_an_event_is_tied_to_its_request(
    client: httpx.Client,
    server: Server,
    told: dict[str, str],
    headers: dict[str, str],
    expected: str | None,
) -> None:
    """correlationId is X-Correlation-ID, else the trace-id of traceparent, of each change."""
    made = client.post(USAGE, json={"status": "received"}, headers=headers).json()
    path = f"{USAGE}/{made['id']}"
    client.patch(path, json={"usageType": "voice"}, headers=headers)
    client.put(path, json={"status": "guided"}, headers=headers)
    client.delete(path, headers=headers)
    events = sent(server, made["id"])
    assert len(events) >= 3
    assert {event.document.get("correlationId") for event in events} == {expected}


def test_undeclared_changes_are_told_where_a_setting_says_so(
    start_server: StartServer, new_database: str
) -> None:
    """events = all: a bill format's too, which the contract has no event of."""
    server = start_server(database=new_database, events="all")
    with server.client() as client:
        callback = {"callback": "http://127.0.0.1:9/x"}
        assert client.post(f"{ACCOUNTS}/hub", json=callback).status_code == 201
        made = create(client, FORMAT, {"name": "a"})
        patch(client, f"{FORMAT}/{made['id']}", {"name": "b"})
        client.delete(f"{FORMAT}/{made['id']}")
    events = sent(server, made["id"])
    assert [event.type for event in events] == [
        "BillFormatCreateEvent",
        "BillFormatAttributeValueChangeEvent",
        "BillFormatDeleteEvent",
    ]
    assert events[0].document["payload"] == {"billFormat": made}


def test_without_listeners_nothing_is_written(start_server: StartServer, new_database: str) -> None:
    """Nobody listens, nothing is written; who unregisters hears no more."""
    server = start_server(database=new_database)
    with server.client() as client:
        create(client, USAGE, {})
        callback = {"callback": "http://127.0.0.1:9/x"}
        id = client.post(f"{USAGES}/hub", json=callback).json()["id"]
        heard = create(client, USAGE, {})
        assert client.delete(f"{USAGES}/hub/{id}").status_code == 204
        create(client, USAGE, {})
    assert select(new_database, "SELECT subject FROM event") == [(heard["id"],)]
