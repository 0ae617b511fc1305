"""Totals of usage over HTTP (the extension contract of TMF635), on both databases."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.http.asking import USAGE, USAGES, create, party, refused, unique

SUMMARY = f"{USAGES}/usageSummary"
AMOUNT = "ratedProductUsage.taxExcludedRatingAmount"


def usage(kind: str, day: int, value: float, unit: str = "EUR", **more: Any) -> dict[str, Any]:
    rated = [{"taxExcludedRatingAmount": {"unit": unit, "value": value}}]
    date = f"2026-03-{day:02}T12:00:00Z"
    return {"usageType": kind, "usageDate": date, "ratedProductUsage": rated, **more}


def asked(client: httpx.Client, **parameters: str) -> Any:
    response = client.get(SUMMARY, params=parameters)
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.parametrize("count", [12, 130])
def test_totals_by_type_party_and_month(client: httpx.Client, count: int) -> None:
    """The same answer whether a few are added up at once or many aside."""
    kind = unique("kind")
    for number in range(count):
        client.post(USAGE, json=usage(kind, 1 + number % 28, 0.1, relatedParty=[party("P")]))
    create(client, USAGE, usage(kind, 1, 7, "USD", relatedParty=[party("P"), party("Q")]))
    answer = asked(
        client,
        usageType=kind,
        groupBy="relatedParty.id,usageDate.month",
        sum=AMOUNT,
        distinct="usageDate.day",
    )
    assert answer["count"] == count + 1
    first, second = answer["groups"]
    assert first["group"] == {"relatedParty.id": "P", "usageDate.month": "2026-03"}
    assert first["count"] == count + 1
    euros = {"unit": "EUR", "value": round(count / 10, 1), "count": count}
    dollars = {"unit": "USD", "value": 7, "count": 1}
    assert first["sum"] == {AMOUNT: [euros, dollars]}
    assert first["distinct"] == {"usageDate.day": min(count, 28)}
    assert second["group"]["relatedParty.id"] == "Q"
    assert second["sum"] == {AMOUNT: [dollars]}


def test_any_filter_of_lists_is_one_of_totals(client: httpx.Client) -> None:
    """JSONPath and regular expressions too, which are looked for in each document."""
    kind = unique("kind")
    for day in range(1, 4):
        create(client, USAGE, usage(kind, day, day))
    path = f"$[?(@.usageType=='{kind}' && @.ratedProductUsage[0].taxExcludedRatingAmount.value>1)]"
    for filters in ({"filter": path}, {"usageType": kind, "usageDate.regex": "0[23]T"}):
        answer = asked(client, sum=AMOUNT, **filters)
        assert answer["groups"][0]["sum"][AMOUNT] == [{"unit": "EUR", "value": 5, "count": 2}]


def test_groups_come_in_pages(client: httpx.Client) -> None:
    """X-Total-Count says how many groups there are."""
    kind = unique("kind")
    for day in (3, 1, 2):
        create(client, USAGE, usage(kind, day, 1))
    ask = {"usageType": kind, "groupBy": "usageDate.day", "offset": "1", "limit": "1"}
    response = client.get(SUMMARY, params=ask)
    assert response.headers["x-total-count"] == "3"
    assert [group["group"]["usageDate.day"] for group in response.json()["groups"]] == [
        "2026-03-02"
    ]


def test_very_many_groups_come_in_pages(client: httpx.Client) -> None:
    """Fifty parties and fifty characteristics of one usage are 2,500 groups."""
    kind, names = unique("kind"), [f"{n:02}" for n in range(50)]
    parties = [party(name) for name in names]
    measured = [{"name": name, "value": 1} for name in names]
    create(client, USAGE, usage(kind, 1, 1, relatedParty=parties, usageCharacteristic=measured))
    group = "relatedParty.id,usageCharacteristic.name"
    ask = {"usageType": kind, "groupBy": group, "offset": "2499"}
    response = client.get(SUMMARY, params=ask)
    assert response.headers["x-total-count"] == "2500"
    assert [list(each["group"].values()) for each in response.json()["groups"]] == [["49", "49"]]


def test_groups_are_in_the_order_of_their_values(client: httpx.Client) -> None:
    """Numbers, then texts, then booleans, then what has no value."""
    kind = unique("kind")
    for value in (True, "b", 1, None, 0.5, "a", False):
        create(
            client, USAGE, usage(kind, 1, 1, usageCharacteristic=[{"name": "x", "value": value}])
        )
    answer = asked(client, usageType=kind, groupBy="usageCharacteristic.value")
    values = [group["group"]["usageCharacteristic.value"] for group in answer["groups"]]
    assert [str(value) for value in values] == ["0.5", "1", "a", "b", "False", "True", "None"]


def test_nothing_found_is_no_group(client: httpx.Client) -> None:
    """The count is nought, and the answer is 200."""
    answer = asked(client, usageType=unique("kind"), groupBy="status")
    assert (answer["count"], answer["groups"]) == (0, [])


def test_what_cannot_be_added_up_is_refused(client: httpx.Client) -> None:
    """The refusal names the parameter."""
    refused(client.get(SUMMARY, params={"sum": "usageType"}), 400, "'sum'", "usageType")
    refused(client.get(SUMMARY, params={"groupBy": "x", "usageDate.gt": "x"}), 400, "usageDate")


@pytest.mark.parametrize(
    ("parameter", "name", "expected"),
    [
        ("groupBy", "relatedParty", "values of its own, such as 'relatedParty."),
        ("distinct", "ratedProductUsage", "such as 'ratedProductUsage."),
        ("groupBy", "usageDate.week", "one of .year, .month, .day, .hour behind a date-time"),
        ("distinct", "usageDate.quarter", "one of .year, .month, .day, .hour"),
        ("sum", "ratedProductUsage", "numbers, or amounts with a unit"),
        ("sum", "relatedParty", "numbers, or amounts with a unit"),
    ],
)  # fmt: skip
def test_what_no_document_can_have_is_refused(
    client: httpx.Client, parameter: str, name: str, expected: str
) -> None:
    """Rather than to put all documents into one group, or to add up nothing."""
    response = client.get(SUMMARY, params={parameter: name})
    refused(response, 400, parameter, f"'{name}'", expected)


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("9999-12-31T23:59:59-14:00", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("0001-01-01T00:00:00Z", "0001-01-01"),
        ("9999-12-31T23:59:59Z", "9999-12-31"),
    ],
)
def test_moments_at_the_ends_of_time(client: httpx.Client, moment: str, day: str | None) -> None:
    """One that is in no year in UTC is in the group of those without a value."""
    kind = unique("kind")
    create(client, USAGE, {"usageType": kind, "usageDate": moment})
    (group,) = asked(client, usageType=kind, groupBy="usageDate.day")["groups"]
    assert group == {"group": {"usageDate.day": day}, "count": 1}
    page = client.get(f"/charts{USAGE}", params={"usageType": kind})
    assert page.status_code == 200
    assert ("<svg" in page.text) == (day is not None)
