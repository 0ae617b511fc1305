"""A change is the events that its contract declares, in the contract's own shape."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.telling import documents, listener, notifications, told
from tmfserver.planning import bundled_specs
from tmfserver.repository import Listeners
from tmfserver.spec import Api, files, read, with_all_events

USAGE, ACCOUNT = read(*files([bundled_specs()]))
OLD = {"id": "1", "href": "http://host/1", "status": "received", "description": "a"}


def made(old: Any, new: Any, query: str = "", name: str = "usage", api: Api = USAGE) -> list[Any]:
    """The notifications of a change, each checked against its contract."""
    return documents(told(api, name, old, new, query))


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
    others = Listeners(1, (listener(ACCOUNT),))
    assert notifications(USAGE, "usage").events(others, None, OLD, "") == []


def test_an_event_says_what_happened() -> None:
    """domain is the API's name; description is a sentence; what asked for it is correlationId."""
    change = {**OLD, "status": "guided", "usageType": "voice"}
    state, values = documents(told(USAGE, "usage", OLD, change, correlation="req-1"))
    assert {event["domain"] for event in (state, values)} == {"Usage Management"}
    assert {event["correlationId"] for event in (state, values)} == {"req-1"}
    assert state["description"] == "usage 1: status is now guided"
    assert values["description"] == "usage 1 changed in usageType"
    assert state["title"] == "UsageStateChangeEvent"
    assert state["priority"] == "normal"
    assert state["timeOcurred"] == state["eventTime"]


def test_nothing_is_said_of_what_is_not_known() -> None:
    """Without an X-Correlation-ID there is no correlationId; only a change of attributes has a
    fieldPath; what another version of the contract calls timeOccurred is left out."""
    (event,) = made(None, OLD)
    assert not {"correlationId", "fieldPath", "timeOccurred", "@type"} & event.keys()


def test_the_life_cycles_attribute_is_a_state() -> None:
    """A change of the attribute that a handler's life cycle is about is a StateChange."""
    change = {**OLD, "phase": "two"}
    (event,) = told(USAGE, "usage", OLD, change, state="phase")
    assert event.type == "UsageStateChangeEvent"


def test_all_events_are_those_of_the_contract_and_more() -> None:
    """events = all: what the contract does not declare has the shape of what it does."""
    account, usage = with_all_events(ACCOUNT), with_all_events(USAGE)
    document = {"id": "1", "href": "http://host/1", "name": "x"}
    (event,) = made(None, document, name="billFormat", api=account)
    assert event["eventType"] == "BillFormatCreateEvent"
    assert event["payload"] == {"billFormat": document}
    assert "fieldPath" not in event
    (event,) = made(document, {**document, "name": "y"}, name="billFormat", api=account)
    assert (event["eventType"], event["fieldPath"]) == (
        "BillFormatAttributeValueChangeEvent",
        "name",
    )
    old = {**document, "lifecycleStatus": "Active"}
    (event,) = made(old, {**old, "lifecycleStatus": "Retired"}, "", "usageSpecification", usage)
    assert event["eventType"] == "UsageSpecificationStateChangeEvent"
    assert types(made(OLD, None, api=usage)) == ["UsageDeleteEvent"]


def test_what_is_shaped_like_another_event_satisfies_its_schema() -> None:
    """A bill format's event differs from a ledger's in the resource alone."""
    document = {"id": "1", "href": "http://host/1", "name": "x"}
    api = with_all_events(ACCOUNT)
    for event in made(None, document, name="billFormat", api=api):
        event["payload"] = {"financialAccount": document}
        api.schemas.shape("FinancialAccountCreateEvent").check(event)
