"""A hub's query (TMF630 10): GET's grammar on notifications, with the contract's types."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.engine.telling import interests, told
from tmfserver.engine.interests import Audience, Interest, notification_types
from tmfserver.engine.notifications import projected
from tmfserver.errors import BadQuery, NotServed, RequestFailure
from tmfserver.planning import bundled_specs
from tmfserver.query.ast import Comparison
from tmfserver.spec import files, read

USAGE, ACCOUNT = read(*files([bundled_specs()]))
RATED = {
    "id": "u1",
    "href": "http://host/u1",
    "status": "rated",
    "usageDate": "2026-01-31T12:00:00+02:00",
    "usageType": "voice",
    "relatedParty": [
        {"id": "p1", "name": "Ada", "@referredType": "Individual"},
        {"id": "p2", "name": "Bob", "@referredType": "Individual"},
    ],
    "ratedProductUsage": [{"ratingAmountType": "total", "taxIncludedRatingAmount": {"value": 10}}],
    "usageCharacteristic": [{"name": "duration", "value": 61}, {"name": "cell", "value": "x"}],
    "@origin": {"href": "http://partner/u1"},
}
YES = [
    "",
    "eventType=UsageCreateEvent",
    "eventType=UsageStateChangeEvent,UsageCreateEvent",
    "eventType=UsageStateChangeEvent&eventType=UsageCreateEvent",
    "eventType.regex=Create",
    "event.usage.status=rated",
    "event.usage.status=guided,rated",
    "event.usage.status.ne=billed",
    "event.usage.status%3D%3Drated",
    "event.usage.usageDate.gte=2026-01-31T10:00:00Z",
    "event.usage.usageDate.lt=2026-01-31T10:00:01Z",
    "event.usage.usageDate%3E2026-01-31T09:59:59Z",
    "event.usage.ratedProductUsage.taxIncludedRatingAmount.value.gt=9.5",
    "event.usage.relatedParty.id=p2",
    "event.usage.usageType.startswith=voi",
    "event.usage.usageType*=^v",
    "event.usage.description.exists=false",
    "eventTime.gt=2020-01-01",
    "domain=Usage Management",
    "correlationId=abc",
    'filter=event.usage.usageCharacteristic[?(@.name=="duration" %26%26 @.value>60)]',
]
NO = [
    "eventType=UsageDeleteEvent",
    "eventType=usagecreateevent",
    "eventType=UsageCreateEvent&event.usage.status=billed",
    "event.usage.status=billed;event.usage.status=guided",
    "event.usage.usageDate.gt=2026-01-31T10:00:00Z",
    "status=rated",
    "payload.usage.status=rated",
    "eventTime.lt=2020-01-01",
    'filter=event.usage.usageCharacteristic[?(@.name=="cell" %26%26 @.value>60)]',
]


@pytest.mark.parametrize("query", YES)
def test_a_query_lets_an_event_through(query: str) -> None:
    """Lists, every operator, dates as moments, numbers as numbers, and JSONPath."""
    assert len(told(USAGE, "usage", None, RATED, query, correlation="abc")) == 1


@pytest.mark.parametrize("query", NO)
def test_a_query_keeps_an_event_back(query: str) -> None:
    """What a query asks and the event does not have."""
    assert told(USAGE, "usage", None, RATED, query, correlation="abc") == []


def test_whoever_else_listens_a_query_means_the_same() -> None:
    """Listeners are asked in groups: none hears less, or more, than when it is alone."""
    (event,) = told(USAGE, "usage", None, RATED, *YES, *NO, correlation="abc")
    assert sorted(event.listeners) == sorted(query or "L" for query in YES)


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("offset=1", "offset"),
        ("limit=5", "limit"),
        ("sort=eventTime", "sort"),
        ("eventType=x&cursor=abc", "cursor"),
        ("depth=1", "depth"),
        ("expand=event", "expand"),
        ("fields=a..b", "fields"),
        ("filter=[", "filter"),
        ("event.usage.usageDate.gt=yesterday", "event.usage.usageDate"),
        ("event.usage.ratedProductUsage.taxIncludedRatingAmount.value.gt=many",
         "event.usage.ratedProductUsage.taxIncludedRatingAmount.value"),
        ("eventTime.lt=soon", "eventTime"),
        ("event.usage.usageType*=(", "event.usage.usageType"),
        ("eventType", "eventType"),
        ("a=%zz", "a"),
    ],
)  # fmt: skip
def test_a_query_that_means_nothing_is_refused(query: str, parameter: str) -> None:
    """BadQuery names the parameter; what only lists have is refused too."""
    with pytest.raises(BadQuery) as refusal:
        interests(USAGE).check(query)
    assert refusal.value.facts["parameter"] == parameter


def test_a_jsonpath_that_is_not_carried_out_is_said_so() -> None:
    """Valid, and not served."""
    with pytest.raises(NotServed):
        interests(USAGE).check("filter=event.usage[?(@.a in [1,2])]")


def test_a_stored_query_that_is_no_longer_understood_lets_everything_through() -> None:
    """A listener that was taken once hears rather too much than nothing."""
    assert len(told(USAGE, "usage", None, RATED, "eventTime.lt=soon")) == 1


def test_types_are_those_of_the_resource_below_the_payloads_key() -> None:
    """TMF666 v4.0.0 calls it payload."""
    types = notification_types(ACCOUNT.resources.values())
    assert types["eventTime"] == "date-time"
    assert types["payload.billingAccount.accountBalance.amount.value"] == "number"
    assert types["payload.financialAccount.lastModified"] == "date-time"
    assert not [path for path in types if path.startswith("event.")]


def test_a_listener_hears_an_event_once() -> None:
    """However many of its conditions hold, and however often."""
    queries = ["event.usage.relatedParty.id=p1,p2", "event.usage.relatedParty.name=Ada,Bob"]
    (event,) = told(USAGE, "usage", None, RATED, *queries)
    assert sorted(event.listeners) == queries


def test_only_those_are_asked_who_may_want_it() -> None:
    """Of a thousand listeners with texts of their own only those are asked whose text is there."""
    tried: list[str] = []

    def interest(number: int) -> Interest:
        def holds(_: object) -> bool:
            tried.append(str(number))
            return True

        text = Comparison(("event", "usage", "id"), "eq", f"u{number}", "string")
        return Interest(frozenset(["UsageCreateEvent"]), (text,), holds)

    audience = Audience({interest(number): [str(number)] for number in range(1000)})
    assert not audience.callers("UsageDeleteEvent")
    notification = {"event": {"usage": RATED}}
    assert audience.callers("UsageCreateEvent").takers(notification) == ("1",)
    assert tried == ["1"]


# --- fields


ORIGIN = {"@origin": {"href": "http://partner/u1"}}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("fields=event.usage.id", {"event": {"usage": {"id": "u1", **ORIGIN}}}),
        ("eventType=UsageCreateEvent&fields=event.usage.id,event.usage.status",
         {"event": {"usage": {"id": "u1", "status": "rated", **ORIGIN}}}),
        ("fields=event.usage.relatedParty.name",
         {"event": {"usage": {"relatedParty": [{"name": "Ada"}, {"name": "Bob"}], **ORIGIN}}}),
        ("fields=$.event.usage.relatedParty[1].name",
         {"event": {"usage": {"relatedParty": [{"name": "Bob"}], **ORIGIN}}}),
        ("fields=none", {"event": {"usage": ORIGIN}}),
        ("fields=title", {"title": "UsageCreateEvent", "event": {"usage": ORIGIN}}),
        ("event.usage.usageDate.gt=2020-01-01&%66ields=event.usage.href",
         {"event": {"usage": {"href": "http://host/u1", **ORIGIN}}}),
    ],
)  # fmt: skip
def test_fields_choose_what_is_sent(query: str, expected: Any) -> None:
    """eventId, eventType and eventTime always come along, and the mark of a copy."""
    (event,) = told(USAGE, "usage", None, RATED, query)
    kept, whole = json.loads(projected(event.document, query)), json.loads(event.document)
    always = {name: whole[name] for name in ("eventId", "eventType", "eventTime")}
    assert kept == always | expected


@pytest.mark.parametrize("query", ["", "eventType=UsageCreateEvent", "fields="])
def test_without_fields_everything_is_sent(query: str) -> None:
    """The text goes out as it was kept."""
    (event,) = told(USAGE, "usage", None, RATED, query)
    assert projected(event.document, query) == event.document


def test_a_query_never_keeps_a_notification_from_being_sent() -> None:
    """What a stored query says of no fields, or says wrongly, is no matter when it is sent."""
    for query in ("fields=a..b", "%zz", "filter=[", "fields=$[", "limit=x"):
        assert projected('{"eventId":"1"}', query) == '{"eventId":"1"}'
        with pytest.raises(RequestFailure):
            interests(USAGE).check(query)
