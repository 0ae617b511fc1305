"""Create, retrieve, change, delete: their status codes and what they leave behind."""

from __future__ import annotations

import uuid

import httpx
import pytest
from tests.http.asking import (
    BILLING,
    FORMAT,
    SPECIFICATION,
    USAGE,
    account,
    create,
    patch,
    refused,
    total,
    unique,
)

COLLECTIONS = (USAGE, SPECIFICATION, BILLING, FORMAT)

EXTENDED = {
    "name": "Extended",
    "@type": "Special",
    "@baseType": "Usage",
    "@schemaLocation": "https://example.com/special.json",
    "x-note": None,
    "nothing": {},
    "none": [],
    "deep": [{"a": [[1, 2.5, -3], [True, False, None]], "b": {"c": {"d": 'é / \\ " \t'}}}],
    "": "a name may be empty",
    "a.b": "a name may hold a dot",
}  # fmt: skip
NUMBERS = {
    "whole": 9007199254740993,
    "largest": 2**64 - 1,
    "smallest": -(2**63),
    "half": 0.5,
    "tenth": 0.1,
    "tiny": 5e-324,
    "huge": 1.7976931348623157e308,
    "nil": 0,
}


def test_create_answers_with_the_whole_resource(client: httpx.Client) -> None:
    """POST answers 201 with the resource, and Location is its href."""
    document = account(description=unique("new"))
    response = client.post(BILLING, json=document)
    assert response.status_code == 201
    made = response.json()
    assert response.headers["location"] == made["href"]
    assert response.headers["content-type"].split(";")[0] == "application/json"
    assert {name: made[name] for name in document} == document
    assert client.get(response.headers["location"]).json() == made


def test_unknown_attributes_are_kept(client: httpx.Client) -> None:
    """Attributes that the contract does not know are kept at any depth, and given back."""
    made = create(client, SPECIFICATION, EXTENDED)
    now = client.get(f"{SPECIFICATION}/{made['id']}").json()
    assert {name: now[name] for name in EXTENDED} == EXTENDED
    changed = patch(client, f"{SPECIFICATION}/{made['id']}", {"description": "new"}).json()
    assert {name: changed[name] for name in EXTENDED} == EXTENDED


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_come_back_as_they_were(client: httpx.Client, name: str) -> None:
    """A number is given back exactly as it was sent, if not always spelled as it was."""
    sent = NUMBERS[name]
    made = create(client, USAGE, {"number": sent})
    for came in (made["number"], client.get(f"{USAGE}/{made['id']}").json()["number"]):
        assert type(sent)(came) == sent


@pytest.mark.parametrize("digits", ["89014103211118510720", "12345678901234567890123456789"])
def test_a_long_number_never_changes_silently(client: httpx.Client, digits: str) -> None:
    """A number of many digits, a card's say, is kept digit by digit or refused, never rounded."""
    body = f'{{"usageCharacteristic": [{{"name": "card", "value": {digits}}}]}}'
    headers = {"content-type": "application/json"}
    response = client.post(USAGE, content=body, headers=headers)
    if response.status_code == 201:
        now = client.get(f"{USAGE}/{response.json()['id']}").json()
        assert now["usageCharacteristic"][0]["value"] == int(digits)
    else:
        refused(response, 400)


@pytest.mark.parametrize("path", COLLECTIONS)
def test_unknown_ids_are_404(client: httpx.Client, path: str) -> None:
    """GET, PATCH and DELETE of an id that is not there are 404, naming it."""
    id = str(uuid.uuid4())
    refused(client.get(f"{path}/{id}"), 404, id)
    refused(patch(client, f"{path}/{id}", {"description": "x"}), 404, id)
    refused(client.delete(f"{path}/{id}"), 404, id)


def test_delete_leaves_nothing(client: httpx.Client) -> None:
    """DELETE answers 204 with no body; then GET, PATCH and DELETE are 404."""
    name = unique("short-lived")
    made = create(client, FORMAT, {"name": name})
    path = f"{FORMAT}/{made['id']}"
    assert total(client, FORMAT, name=name) == 1
    response = client.delete(path)
    assert (response.status_code, response.content) == (204, b"")
    assert "content-type" not in response.headers
    for again in (client.get(path), patch(client, path, {"name": "x"}), client.delete(path)):
        refused(again, 404, made["id"])
    assert total(client, FORMAT, name=name) == 0


def test_a_deleted_id_may_be_used_again(client: httpx.Client) -> None:
    """What is deleted is gone: its id may be given to a new resource."""
    id = str(uuid.uuid4())
    create(client, FORMAT, {"id": id, "name": "first"})
    client.delete(f"{FORMAT}/{id}")
    create(client, FORMAT, {"id": id, "name": "second"})
    assert client.get(f"{FORMAT}/{id}").json()["name"] == "second"


def test_resources_are_apart(client: httpx.Client) -> None:
    """A resource is found under its own collection only."""
    made = create(client, FORMAT, {"name": unique("format")})
    for path in (SPECIFICATION, USAGE, BILLING):
        refused(client.get(f"{path}/{made['id']}"), 404)


def test_a_usage_without_anything_is_a_usage(client: httpx.Client) -> None:
    """The contract asks nothing of a new usage: an empty object will do."""
    made = create(client, USAGE, {})
    assert made.keys() == {"id", "href"}


def test_lists_are_in_the_order_of_creation(client: httpx.Client) -> None:
    """A list without sort gives the oldest first."""
    name = unique("in order")
    made = [create(client, FORMAT, {"name": name, "description": str(n)}) for n in range(7)]
    assert client.get(FORMAT, params={"name": name}).json() == made
