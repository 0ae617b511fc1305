"""Filters by equality on any attribute (TMF630 4.4), and `sort` (4.7)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.http.asking import CYCLE, USAGE, Document, create, party, refused, unique

USAGES: dict[str, Document] = {
    "voice": {
        "usageType": "voice",
        "status": "received",
        "usageDate": "2026-01-31T12:00:00Z",
        "usageSpecification": {"id": "spec-1", "name": "Voice, national"},
        "usageCharacteristic": [
            {"name": "duration", "value": 60},
            {"name": "called", "value": "+31 20 555 0100"},
        ],
        "ratedProductUsage": [
            {"isBilled": False, "taxRate": 21.5, "productRef": {"id": "p-1", "name": "Flat"}}
        ],
        "relatedParty": [party("42", role="Customer"), party("43", role="Payer")],
    },
    "data": {
        "usageType": "data",
        "status": "rated",
        "usageDate": "2026-02-01T00:30:00+01:00",
        "usageSpecification": {"id": "spec-2", "name": "Café 100% & more"},
        "usageCharacteristic": [{"name": "volume", "value": 60.5}],
        "ratedProductUsage": [{"isBilled": True, "taxRate": 0, "productRef": {"id": "p-2"}}],
        "relatedParty": [party("42", role="Payer")],
        "custom": {"deep": [{"er": "x=1"}]},
    },
    "message": {
        "usageType": "message",
        "status": "billed",
        "usageDate": "2026-01-31T23:30:00.000Z",
        "usageCharacteristic": [],
    },
}
FOUND: list[tuple[dict[str, str], set[str]]] = [
    ({"usageType": "voice"}, {"voice"}),
    ({"usageType": "Voice"}, set()),
    ({"usageType": "voi"}, set()),
    ({"usageSpecification.id": "spec-1"}, {"voice"}),
    ({"usageSpecification.name": "Voice, national"}, {"voice"}),
    ({"usageSpecification.name": "Café 100% & more"}, {"data"}),
    ({"relatedParty.id": "42"}, {"voice", "data"}),
    ({"relatedParty.id": "43"}, {"voice"}),
    ({"relatedParty.role": "Payer"}, {"voice", "data"}),
    ({"relatedParty.id": "4"}, set()),
    ({"relatedParty.id": "42", "usageType": "data"}, {"data"}),
    ({"relatedParty.id": "42", "usageType": "message"}, set()),
    ({"usageCharacteristic.name": "duration"}, {"voice"}),
    ({"usageCharacteristic.value": "60"}, {"voice"}),
    ({"usageCharacteristic.value": "60.5"}, {"data"}),
    ({"usageCharacteristic.value": "+31 20 555 0100"}, {"voice"}),
    ({"ratedProductUsage.productRef.id": "p-1"}, {"voice"}),
    ({"ratedProductUsage.isBilled": "true"}, {"data"}),
    ({"ratedProductUsage.isBilled": "false"}, {"voice"}),
    ({"ratedProductUsage.taxRate": "21.5"}, {"voice"}),
    ({"ratedProductUsage.taxRate": "0"}, {"data"}),
    ({"usageDate": "2026-01-31T12:00:00Z"}, {"voice"}),
    ({"usageDate": "2026-01-31T13:00:00+01:00"}, {"voice"}),
    ({"usageDate": "2026-01-31T23:30:00Z"}, {"data", "message"}),
    ({"usageDate": '"2026-02-01T00:30:00+01:00"'}, {"data", "message"}),
    ({"usageDate": "2026-01-31T23:30:01Z"}, set()),
    ({"custom.deep.er": "x=1"}, {"data"}),
    ({"noSuchAttribute": "x"}, set()),
    ({"usageType.deeper": "voice"}, set()),
    ({"usageSpecification": "spec-1"}, set()),
]


# JSONPaths (TMF630 Part 6) with whose usages they find.
CHOSEN = {
    "$[?(@.status=='rated')]": {"data"},
    "[?(@.status!='rated')]": {"voice", "message"},
    '$[?(@.status=="rated" || @.usageType=="voice")]': {"voice", "data"},
    '$[?(!(@.status=="rated") && @.usageSpecification)]': {"voice"},
    'usageCharacteristic[?(@.name=="duration" && @.value>=60)]': {"voice"},
    'usageCharacteristic[?(@.name=="called" && @.value>=60)]': set(),
    "$.usageCharacteristic[?(@.value>60)]": {"data"},
    "$.usageCharacteristic[?(@.value=~/^\\+31/)]": {"voice"},
    "$.relatedParty[?(@.id=='42' && @.role=='Payer')]": {"data"},
    "$.relatedParty[1].id": {"voice"},
    "$..er": {"data"},
    "$[?(@.usageDate=='2026-01-31T23:30:00Z')]": {"data", "message"},
    "$[?(@.usageDate<'2026-01-31T13:00:00+01:00')]": set(),
    "$[?(length(@.usageCharacteristic)==0)]": {"message"},
    "$[?(max(@.usageCharacteristic[*].value)<=60.5)]": {"voice", "data"},
    "$[?(count(@.relatedParty[*])==2)]": {"voice"},
}


@pytest.fixture(scope="module")
def batch(client: httpx.Client) -> str:
    """The batch that this module's usages belong to, an attribute that no contract knows."""
    batch = unique("batch")
    for name, usage in USAGES.items():
        create(client, USAGE, {**usage, "description": name, "batch": batch})
    return batch


def names(client: httpx.Client, query: Any) -> list[str]:
    response = client.get(USAGE, params=query)
    assert response.status_code == 200, response.text
    assert response.headers["x-total-count"] == str(len(response.json()))
    return [row["description"] for row in response.json()]


@pytest.mark.parametrize(("query", "found"), FOUND, ids=[str(query) for query, _ in FOUND])
def test_a_filter_finds_what_has_the_value(
    client: httpx.Client, batch: str, query: dict[str, str], found: set[str]
) -> None:
    """Filters reach into objects and arrays; a date-time is a moment; several are AND."""
    assert names(client, {**query, "batch": batch}) == [name for name in USAGES if name in found]


@pytest.mark.parametrize("path", CHOSEN)
def test_a_jsonpath_finds_what_it_reaches(client: httpx.Client, batch: str, path: str) -> None:
    """`filter=` is a JSONPath (TMF630 Part 6), which holds together with name=value."""
    found = [name for name in USAGES if name in CHOSEN[path]]
    assert names(client, {"filter": path, "batch": batch}) == found
    own = f"$[?(@.batch=='{batch}')]"
    assert names(client, [("filter", path), ("filter", own)]) == found


def test_any_of_several_values(client: httpx.Client, batch: str) -> None:
    """A name repeated, or values with commas, ask for any of them."""
    query = [("batch", batch), ("usageType", "voice"), ("usageType", "data")]
    assert names(client, query) == ["voice", "data"]
    assert names(client, {"batch": batch, "usageType": "voice,message"}) == ["voice", "message"]


def test_href_is_filtered_like_any_attribute(client: httpx.Client, batch: str) -> None:
    """`href=` finds the one; a foreign href finds none."""
    row = client.get(USAGE, params={"batch": batch, "usageType": "data"}).json()[0]
    assert names(client, {"href": row["href"]}) == ["data"]
    assert names(client, {"href": f"https://elsewhere.example{USAGE}/{row['id']}"}) == []


ORDERS = {
    "usageType": ["data", "message", "voice"],
    "+usageType": ["data", "message", "voice"],
    "-usageType": ["voice", "message", "data"],
    "status": ["message", "data", "voice"],
    "usageDate": ["voice", "data", "message"],
    "-usageDate": ["message", "data", "voice"],
    "usageDate,-usageType": ["voice", "message", "data"],
    "usageSpecification.id": ["voice", "data", "message"],
    "-usageSpecification.id": ["data", "voice", "message"],
    "ratedProductUsage.taxRate": ["data", "voice", "message"],
    "noSuchAttribute": ["voice", "data", "message"],
    "-noSuchAttribute": ["message", "data", "voice"],
    "-$.usageDate": ["message", "data", "voice"],
    "$.relatedParty[0].role": ["voice", "data", "message"],
    "-$.usageCharacteristic[?(@.name=='volume')].value": ["data", "message", "voice"],
}


@pytest.mark.parametrize("sort", ORDERS)
def test_sort_orders_a_list(client: httpx.Client, batch: str, sort: str) -> None:
    """Ascending, descending, nested, by several; without the attribute last; ties by age, the
    newest first if the last key descends."""
    assert names(client, {"batch": batch, "sort": sort}) == ORDERS[sort]


def test_numbers_are_sorted_as_numbers(client: httpx.Client) -> None:
    """10 comes after 9."""
    name = unique("sorted")
    for shift in (10, 9, -1, 100):
        create(client, CYCLE, {"name": name, "billingDateShift": shift})
    rows = client.get(CYCLE, params={"name": name, "sort": "billingDateShift"}).json()
    assert [row["billingDateShift"] for row in rows] == [-1, 9, 10, 100]


@pytest.mark.parametrize("sort", [",", "a,", "a..b", "--a", ".a", "a b", "$", "$.", "$[", "$.a b"])
def test_a_malformed_sort_is_refused(client: httpx.Client, sort: str) -> None:
    """What is no list of attributes is 400."""
    refused(client.get(USAGE, params={"sort": sort}), 400, "sort")


@pytest.mark.parametrize(
    "query", ["usageDate=yesterday", "usageDate=2026-02-30T00:00:00Z", "=x", "a..b=1", "usageType"]
)
def test_a_malformed_filter_is_refused_or_finds_nothing(client: httpx.Client, query: str) -> None:
    """A filter that no document can satisfy finds nothing, or is 400: never all there is."""
    response = client.get(f"{USAGE}?{query}")
    if response.status_code == 200:
        assert response.json() == []
    else:
        refused(response, 400)


@pytest.mark.parametrize(
    "path", ["", "$.", "status=='rated'", "$[?(@.status='rated')]", "$[?(@.a==1]", "$[?f(@.a)]"]
)
def test_a_malformed_jsonpath_is_refused(client: httpx.Client, path: str) -> None:
    """What is no JSONPath is 400, naming the parameter."""
    refused(client.get(USAGE, params={"filter": path}), 400, "filter")


def test_jsonpath_beyond_the_standard_is_not_served(client: httpx.Client) -> None:
    """What only other JSONPaths have is 501."""
    refused(client.get(USAGE, params={"filter": "$[?(@.status in ['rated'])]"}), 501, "'in'")
