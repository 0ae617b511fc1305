"""Attribute selection by `fields` (TMF630 4.3), on whatever answers with a resource."""

from __future__ import annotations

from urllib.parse import quote

import httpx
import pytest
from tests.http.asking import BILLING, Document, account, create, party, patch, refused

CASES = {
    "name": {"name"},
    "name,state": {"name", "state"},
    "state,name,name": {"name", "state"},
    "id": set(),
    "href": set(),
    "id,href": set(),
    "none": set(),
    "noSuchAttribute": set(),
    "name,noSuchAttribute": {"name"},
    "@type": {"@type"},
}
PARTIES = [party("1", role="Owner"), party("2", role="Payer")]
NESTED = {
    "relatedParty.name": {"relatedParty": [{"name": p["name"]} for p in PARTIES]},
    "relatedParty.id,relatedParty.role": {
        "relatedParty": [{"id": p["id"], "role": p["role"]} for p in PARTIES]
    },
    "creditLimit.unit": {"creditLimit": {"unit": "EUR"}},
    "creditLimit,creditLimit.unit": {"creditLimit": {"unit": "EUR", "value": 100}},
    "billStructure.format.name": {"billStructure": {"format": {"name": "Summary"}}},
    "creditLimit.nothing": {},
}
OWNER, PAYER = PARTIES
REACHED = {
    "$.name": ("name",),
    "$.relatedParty[?(@.role=='Owner')]": {"relatedParty": [OWNER]},
    "$.relatedParty[-1].name": {"relatedParty": [{"name": PAYER["name"]}]},
    "$.relatedParty[?(@.role=='Owner')],relatedParty.id": {
        "relatedParty": [OWNER, {"id": PAYER["id"]}]
    },
    "$.relatedParty[?match(@.role,'.*,.*')],creditLimit.unit": {"creditLimit": {"unit": "EUR"}},
    "$['creditLimit']['value','unit']": {"creditLimit": {"unit": "EUR", "value": 100}},
    "$..format.name": {"billStructure": {"format": {"name": "Summary"}}},
    "$.nothing[*],none": {},
}


@pytest.fixture(scope="module")
def made(client: httpx.Client) -> Document:
    return create(
        client,
        BILLING,
        {
            **account(),
            "state": "Active",
            "@type": "BillingAccount",
            "relatedParty": PARTIES,
            "creditLimit": {"unit": "EUR", "value": 100},
            "billStructure": {"format": {"name": "Summary"}},
        },
    )


def chosen(made: Document, **more: object) -> Document:
    return {"id": made["id"], "href": made["href"], **more}


@pytest.mark.parametrize("fields", CASES)
def test_first_level_attributes_are_chosen(
    client: httpx.Client, made: Document, fields: str
) -> None:
    """Just the attributes asked for, with id and href; `none` gives only those two."""
    expected = chosen(made, **{name: made[name] for name in CASES[fields]})
    one = client.get(f"{BILLING}/{made['id']}", params={"fields": fields})
    assert one.json() == expected
    assert client.get(BILLING, params={"id": made["id"], "fields": fields}).json() == [expected]


@pytest.mark.parametrize("fields", NESTED)
def test_nested_attributes_are_chosen(client: httpx.Client, made: Document, fields: str) -> None:
    """A dotted name chooses within objects, and within every object of an array."""
    expected = chosen(made, **NESTED[fields])
    one = client.get(f"{BILLING}/{made['id']}", params={"fields": fields})
    assert one.json() == expected
    assert client.get(BILLING, params={"id": made["id"], "fields": fields}).json() == [expected]


@pytest.mark.parametrize("fields", REACHED)
def test_values_are_chosen_by_jsonpath(client: httpx.Client, made: Document, fields: str) -> None:
    """A JSONPath chooses single values; what holds them keeps only these (TMF630 Part 6)."""
    expected = REACHED[fields]
    if isinstance(expected, tuple):
        expected = {name: made[name] for name in expected}
    one = client.get(f"{BILLING}/{made['id']}", params={"fields": fields})
    assert one.json() == chosen(made, **expected)
    listed = client.get(BILLING, params={"id": made["id"], "fields": fields})
    assert listed.json() == [one.json()]


def test_no_fields_means_all(client: httpx.Client, made: Document) -> None:
    """An empty `fields` leaves nothing out."""
    assert client.get(f"{BILLING}/{made['id']}", params={"fields": ""}).json() == made


def test_fields_on_create_and_patch(client: httpx.Client) -> None:
    """POST and PATCH answer with what was asked for, and keep all of it."""
    document = account(state="Active")
    response = client.post(BILLING, params={"fields": "state"}, json=document)
    assert response.status_code == 201
    answered = response.json()
    assert answered == chosen(answered, state="Active")
    path = f"{BILLING}/{answered['id']}"
    whole = client.get(path).json()
    assert {name: whole[name] for name in document} == document
    response = patch(client, f"{path}?fields=none", {"state": "Closed"})
    assert response.status_code == 200
    assert response.json() == chosen(answered)
    assert client.get(path).json()["state"] == "Closed"
    reach = "$.relatedParty[?(@.role=='Payer')].id"
    response = patch(client, f"{path}?fields={quote(reach)}", {"relatedParty": PARTIES})
    assert response.json() == chosen(answered, relatedParty=[{"id": PAYER["id"]}])
    assert client.get(path).json()["relatedParty"] == PARTIES


@pytest.mark.parametrize("fields", ["a..b", ".a", "a.", "a,.b", "$", "a,$.b[", "$[?(@.a==1]"])
def test_a_malformed_selection_is_refused(
    client: httpx.Client, made: Document, fields: str
) -> None:
    """A name that is neither a dotted path nor a JSONPath is 400, wherever `fields` stands."""
    for path in (BILLING, f"{BILLING}/{made['id']}"):
        refused(client.get(path, params={"fields": fields}), 400, "fields")
