"""The four ways to patch (TMF630 5 and Part 5): partial on the wire, whole after merging."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.http.asking import (
    BILLING,
    FINANCIAL,
    JSON_PATCH,
    JSON_PATCH_QUERY,
    MERGE,
    USAGE,
    Document,
    account,
    create,
    party,
    patch,
    refused,
    unique,
)

MERGES = ("application/json", MERGE)
PARTIES = [party("1", role="Employee"), party("2", role="Owner"), party("3", role="Employee")]


@pytest.fixture
def billing(client: httpx.Client) -> Document:
    return create(
        client,
        BILLING,
        account(
            state="Active",
            relatedParty=PARTIES,
            creditLimit={"unit": "EUR", "value": 100},
            extra={"keep": 1, "drop": 2},
        ),
    )


def at(document: Document) -> str:
    return f"{BILLING}/{document['id']}"


def expect(client: httpx.Client, old: Document, body: Any, media: str, **changed: Any) -> Document:
    """Patches, and checks that just these attributes (and the stamp) are other ones."""
    response = patch(client, at(old), body, media)
    assert response.status_code == 200, response.text
    new: Document = response.json()
    assert client.get(at(old)).json() == new
    assert {**new, "lastModified": None} == {**old, **changed, "lastModified": None}
    return new


@pytest.mark.parametrize("media", MERGES)
def test_a_merge_patch_sets_and_takes_away(
    client: httpx.Client, billing: Document, media: str
) -> None:
    """RFC 7386: objects are merged, arrays replaced whole, null takes an attribute away."""
    expect(
        client, billing, {"state": "Closed", "creditLimit": {"value": 5}, "extra": {"drop": None}},
        media, state="Closed", creditLimit={"unit": "EUR", "value": 5}, extra={"keep": 1},
    )  # fmt: skip
    response = patch(client, at(billing), {"creditLimit": None}, media)
    assert "creditLimit" not in response.json()
    only = [party("9")]
    response = patch(client, at(billing), {"relatedParty": only}, media)
    assert response.json()["relatedParty"] == only


def test_every_operation_of_a_json_patch(client: httpx.Client, billing: Document) -> None:
    """RFC 6902: add, remove, replace, move, copy and test, in their order."""
    expect(
        client,
        billing,
        [
            {"op": "test", "path": "/state", "value": "Active"},
            {"op": "replace", "path": "/state", "value": "Closed"},
            {"op": "add", "path": "/relatedParty/-", "value": party("4")},
            {"op": "remove", "path": "/relatedParty/0"},
            {"op": "move", "from": "/extra/drop", "path": "/moved"},
            {"op": "copy", "from": "/extra/keep", "path": "/copied"},
        ],
        JSON_PATCH,
        state="Closed",
        relatedParty=[*PARTIES[1:], party("4")],
        extra={"keep": 1},
        moved=2,
        copied=1,
    )


def test_a_json_patch_with_a_query(client: httpx.Client, billing: Document) -> None:
    """json-patch-query: a query in the path chooses elements of an array."""
    expect(
        client,
        billing,
        [{"op": "replace", "path": "/relatedParty?id=2/role", "value": "Boss"}],
        JSON_PATCH_QUERY,
        relatedParty=[PARTIES[0], party("2", role="Boss"), PARTIES[2]],
    )
    body = [{"op": "remove", "path": "/relatedParty?role=Employee"}]
    left = patch(client, at(billing), body, JSON_PATCH_QUERY).json()
    assert left["relatedParty"] == [party("2", role="Boss")]


def test_a_query_that_chooses_nothing_is_a_conflict(
    client: httpx.Client, billing: Document
) -> None:
    """A path whose query no element satisfies cannot be patched: 409."""
    body = [{"op": "remove", "path": "/relatedParty?role=Nobody"}]
    refused(patch(client, at(billing), body, JSON_PATCH_QUERY), 409, "Nobody")
    assert client.get(at(billing)).json() == billing


@pytest.mark.parametrize(
    "last",
    [
        {"op": "test", "path": "/state", "value": "Closed"},
        {"op": "remove", "path": "/nowhere"},
        {"op": "replace", "path": "/relatedParty/7", "value": {}},
        {"op": "move", "from": "/nowhere", "path": "/state"},
        {"op": "remove", "path": "/name"},
        {"op": "replace", "path": "/name", "value": 5},
        {"op": "replace", "path": "", "value": []},
    ],
    ids=lambda operation: f"{operation['op']} {operation['path']}",
)
def test_a_patch_is_done_whole_or_not_at_all(
    client: httpx.Client, billing: Document, last: Document
) -> None:
    """When the last operation cannot be done, or leaves what the contract forbids, none is done."""
    first = {"op": "replace", "path": "/description", "value": "half done"}
    refused(patch(client, at(billing), [first, last], JSON_PATCH), 409)
    assert client.get(at(billing)).json() == billing


def test_what_an_update_requires_is_asked_of_the_whole(client: httpx.Client) -> None:
    """A patch needs to name no mandatory attribute: they are there already."""
    made = create(client, FINANCIAL, {"name": unique("ledger")})
    response = patch(client, f"{FINANCIAL}/{made['id']}", {"state": "Suspended"})
    assert response.status_code == 200
    assert response.json()["name"] == made["name"]


def test_an_object_within_may_be_patched_in_part(client: httpx.Client) -> None:
    """A merge patch may name one attribute of an object that has mandatory ones."""
    made = create(client, BILLING, account(defaultPaymentMethod={"id": "1", "name": "Card"}))
    response = patch(client, at(made), {"defaultPaymentMethod": {"name": "Debit"}})
    assert response.status_code == 200
    assert response.json()["defaultPaymentMethod"] == {"id": "1", "name": "Debit"}
    response = patch(client, at(made), {"defaultPaymentMethod": {"id": None}})
    assert response.status_code in (400, 409)
    refused(response, response.status_code, "defaultPaymentMethod.id")


def test_a_patch_that_changes_nothing_changes_nothing(
    client: httpx.Client, billing: Document
) -> None:
    """A patch to what is there already is 200, and leaves ETag and time of change alone."""
    before = client.get(at(billing))
    for body, media in (({}, MERGE), ({"state": "Active"}, MERGE), ([], JSON_PATCH)):
        response = patch(client, at(billing), body, media)
        assert response.status_code == 200
        assert response.json() == billing
    after = client.get(at(billing))
    for header in ("etag", "last-modified"):
        assert after.headers[header] == before.headers[header]


def test_a_patch_is_checked_as_its_media_type_says(client: httpx.Client, billing: Document) -> None:
    """An array is no merge patch, an object no json-patch: 400."""
    for media in MERGES:
        refused(patch(client, at(billing), [{"op": "remove", "path": "/state"}], media), 400)
    for media in (JSON_PATCH, JSON_PATCH_QUERY):
        refused(patch(client, at(billing), {"state": "Closed"}, media), 400)
    assert client.get(at(billing)).json() == billing


def test_a_new_attribute_may_be_added(client: httpx.Client) -> None:
    """A patch may add an attribute that the contract does not know."""
    made = create(client, USAGE, {})
    path = f"{USAGE}/{made['id']}"
    assert patch(client, path, {"batch": {"id": "7"}}).json()["batch"] == {"id": "7"}
    body = [{"op": "add", "path": "/batch/size", "value": 3}]
    assert patch(client, path, body, JSON_PATCH).json()["batch"] == {"id": "7", "size": 3}
