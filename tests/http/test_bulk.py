"""PATCH on a collection creates many, all of them or none (TMF630 6.2)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.http.asking import (
    BILLING,
    JSON_PATCH,
    USAGE,
    USAGES,
    account,
    create,
    patch,
    refused,
    total,
    unchanged,
    unique,
)
from tests.serving import Server, select


def adding(*documents: Any, path: str = "/-") -> list[dict[str, Any]]:
    return [{"op": "add", "path": path, "value": document} for document in documents]


def usages(count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"usageType": "bulk", "description": f"{n}", **more} for n in range(count)]


def bulk(client: httpx.Client, operations: Any, path: str = USAGE) -> httpx.Response:
    return patch(client, path, operations, JSON_PATCH)


@pytest.mark.parametrize("path", ["/", "/-"])
def test_all_are_created(client: httpx.Client, path: str) -> None:
    """The answer has the representations in the order of the request, and each can be read."""
    kind = unique("all")
    answer = bulk(client, adding(*usages(150, usageType=kind), path=path))
    assert answer.status_code == 200, answer.text
    made = answer.json()
    assert [each["description"] for each in made] == [f"{n}" for n in range(150)]
    assert total(client, USAGE, usageType=kind) == 150
    assert client.get(made[-1]["href"]).json() == made[-1]


def test_fields_choose_what_comes_back(client: httpx.Client) -> None:
    """As on a create."""
    answer = bulk(client, adding(*usages(2)), f"{USAGE}?fields=description")
    assert [set(each) for each in answer.json()] == [{"id", "href", "description"}] * 2


def test_defaults_are_filled_in(client: httpx.Client) -> None:
    """What a create fills in, this does too."""
    (made,) = bulk(client, adding(account()), BILLING).json()
    assert set(made) == set(create(client, BILLING, account()))


@pytest.mark.parametrize(
    ("operations", "words"),
    [
        (adding({"usageType": "x"}, {"usageType": 5}), ["1.value.usageType: got 5"]),
        (adding({"usageType": "x"}, {"usageType": "x", "id": ".."}), ["1.value.id"]),
        ([{"op": "remove", "path": "/x"}], ["0.op: got 'remove', expected one of 'add'"]),
        ([{"op": "replace", "path": "/-", "value": {}}], ["0.op: got 'replace'"]),
        ([{"op": "add", "path": "/name", "value": {}}], ["0.path: got '/name'"]),
        ([{"op": "add", "path": "/-"}], ["value: it is mandatory"]),
        ([], ["at least 1"]),
        ({"usageType": "x"}, ["expected array"]),
    ],
)
def test_a_bad_entry_refuses_all(client: httpx.Client, operations: Any, words: list[str]) -> None:
    """The entry is named by its number, and nothing is created."""
    with unchanged(client, USAGE):
        refused(bulk(client, operations), 400, *words)


def test_a_taken_id_refuses_all(client: httpx.Client) -> None:
    """One that was there before, and one that comes twice."""
    taken = create(client, USAGE, usages(1)[0])["id"]
    new = unique("new").replace(" ", "-")
    with unchanged(client, USAGE):
        for id in (taken, new):
            entries = adding({"id": id}, *usages(2), {"id": new})
            refused(bulk(client, entries), 409, f"'{id}' already")


def test_other_media_types_are_refused(client: httpx.Client) -> None:
    """A merge patch has no meaning here."""
    refused(patch(client, USAGE, {}), 415, JSON_PATCH)


def test_each_is_an_event(client: httpx.Client, server: Server) -> None:
    """In the same transaction, one for each document."""
    callback = f"http://127.0.0.1:9/{unique('x').replace(' ', '')}"
    listener = create(client, f"{USAGES}/hub", {"callback": callback})
    made = bulk(client, adding(*usages(5))).json()
    client.delete(f"{USAGES}/hub/{listener['id']}")
    ids = ", ".join(f"'{each['id']}'" for each in made)
    rows = select(server.database, f"SELECT subject FROM event WHERE subject IN ({ids})")
    assert sorted(subject for (subject,) in rows) == sorted(each["id"] for each in made)


def test_the_contract_tells_it(client: httpx.Client) -> None:
    """The effective contract declares it, and Allow names it."""
    contract = client.get(f"{USAGES}/openapi.json").json()
    operation = contract["paths"]["/usage"]["patch"]
    assert list(operation["requestBody"]["content"]) == [JSON_PATCH]
    assert "PATCH" in client.options(USAGE).headers["allow"]
