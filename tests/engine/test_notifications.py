"""A change is the events that its contract declares, in the contract's own shape."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tmfserver.app import bundled_specs
from tmfserver.engine.notifications import events
from tmfserver.repository import Listener, Listeners
from tmfserver.spec import Api, files, read

USAGE, ACCOUNT = (read(path) for path in files([bundled_specs()]))
OLD = {"id": "1", "href": "http://host/1", "status": "received", "description": "a"}


def taken_by(api: Api, query: str = "") -> Listeners:
    return Listeners(1, (Listener("L", api.base_path, "http://there/", query),))


def made(old: Any, new: Any, query: str = "", name: str = "usage", api: Api = USAGE) -> list[Any]:
    """The notifications of a change, each checked against its contract."""
    found = events(api.base_path, api.resources[name], taken_by(api, query), old, new)
    notifications = [json.loads(event.document) for event in found]
    for event, notification in zip(found, notifications, strict=True):
        api.schemas.shape(event.type).check(notification)
        assert event.listeners == ("L",)
        assert event.id == notification["eventId"]
    return notifications


def types(notifications: list[Any]) -> list[str]:
    return [notification["eventType"] for notification in notifications]


def test_a_create_and_a_delete_are_events() -> None:
    """The payload holds the resource under its name."""
    (created,) = made(None, OLD)
    assert created["eventType"] == "UsageCreateEvent"
    assert created["event"] == {"usage": OLD}
    assert types(made(OLD, None)) == ["UsageDeleteEvent"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"status": "guided"}, ["UsageStateChangeEvent"]),
        ({"description": "b"}, ["UsageAttributeValueChangeEvent"]),
        (
            {"status": "guided", "description": "b"},
            ["UsageStateChangeEvent", "UsageAttributeValueChangeEvent"],
        ),
        ({}, []),
    ],
)
def test_a_change_of_state_is_told_apart(change: dict[str, str], expected: list[str]) -> None:
    """StateChange for the state, AttributeValueChange for the rest, none for no change."""
    assert types(made(OLD, {**OLD, **change})) == expected


def test_the_changed_attributes_are_named() -> None:
    """fieldPath names what changed, the state aside."""
    (event,) = made(OLD, {**OLD, "description": "b", "usageType": "voice"})
    assert event["fieldPath"] == "description,usageType"


def test_the_payloads_key_is_the_contracts() -> None:
    """TMF666 v4.0.0 calls it payload."""
    account = {"id": "1", "href": "http://host/1", "name": "Ledger"}
    (event,) = made(None, account, name="financialAccount", api=ACCOUNT)
    assert event["payload"] == {"financialAccount": account}
    assert "event" not in event


def test_only_declared_events_are_made() -> None:
    """A bill format has none; a party account none on create."""
    document = {"id": "1", "href": "http://host/1", "name": "x"}
    assert made(None, document, name="billFormat", api=ACCOUNT) == []
    assert made(None, document, name="partyAccount", api=ACCOUNT) == []


def test_a_state_without_an_event_of_its_own_is_an_attribute() -> None:
    """There is no UsageSpecificationStateChangeEvent, and no change goes untold."""
    old = {"id": "1", "href": "http://host/1", "name": "x", "lifecycleStatus": "Active"}
    (event,) = made(old, {**old, "lifecycleStatus": "Retired"}, name="usageSpecification")
    assert event["eventType"] == "UsageSpecificationAttributeValueChangeEvent"
    assert event["fieldPath"] == "lifecycleStatus"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("eventType=UsageStateChangeEvent", ["UsageStateChangeEvent"]),
        ("eventType=UsageDeleteEvent,UsageCreateEvent", []),
        ("event.usage.status=guided&eventType=UsageStateChangeEvent", ["UsageStateChangeEvent"]),
        ("event.usage.status=billed", []),
    ],
)
def test_a_listeners_query_chooses(query: str, expected: list[str]) -> None:
    """TMF630 10: the grammar of GET, on the event."""
    change = {**OLD, "status": "guided", "description": "b"}
    assert types(made(OLD, change, query)) == expected


def test_other_apis_listeners_get_nothing() -> None:
    """A listener is told of the API under whose hub it registered."""
    found = events(USAGE.base_path, USAGE.resources["usage"], taken_by(ACCOUNT), None, OLD)
    assert found == []
