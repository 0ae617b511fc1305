"""The policy on references: off, warn or strict, for those to this server's own resources."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import httpx
import pytest
from tests.http.asking import (
    BILLING,
    FINANCIAL,
    FORMAT,
    SPECIFICATION,
    USAGE,
    Document,
    account,
    create,
    patch,
    refused,
    unchanged,
)
from tests.serving import SQLITE, MakeDatabase, Server, launch, stop_cleanly


def dangling(**more: str) -> Document:
    return {"id": str(uuid.uuid4()), **more}


@pytest.fixture(scope="module")
def strict(
    make_database: MakeDatabase,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[httpx.Client]:
    """Talks to a server that refuses references to what is not there."""
    folder = tmp_path_factory.mktemp("strict")
    server: Server = launch(folder, make_database(SQLITE), references="strict")
    with server.client() as client:
        yield client
    stop_cleanly(server)


def test_off_by_default(client: httpx.Client) -> None:
    """Without a policy any reference is taken, with no word about it."""
    response = client.post(USAGE, json={"usageSpecification": dangling()})
    assert response.status_code == 201
    assert "warning" not in response.headers


def test_warn_takes_and_warns(
    make_database: MakeDatabase, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """With `warn` the answer has a Warning header that names what is missing."""
    folder = tmp_path_factory.mktemp("warn")
    server = launch(folder, make_database(SQLITE), {"TMFSERVER_REFERENCES": "warn"})
    with server.client() as client:
        missing = dangling()
        response = client.post(USAGE, json={"usageSpecification": missing})
        assert response.status_code == 201
        assert missing["id"] in response.headers["warning"]
        assert response.json()["usageSpecification"] == missing
        found = create(client, SPECIFICATION, {"name": "there"})
        response = client.post(USAGE, json={"usageSpecification": {"id": found["id"]}})
        assert "warning" not in response.headers
    stop_cleanly(server)


def test_strict_refuses_what_is_not_there(strict: httpx.Client) -> None:
    """With `strict` a reference to nothing is 409, naming attribute, resource and id."""
    missing = dangling()
    with unchanged(strict, USAGE):
        response = strict.post(USAGE, json={"usageSpecification": missing})
        refused(response, 409, "usageSpecification", missing["id"])
    for attribute, value in {
        "financialAccount": missing,
        "billStructure": {"format": dangling(name="x")},
        "accountRelationship": [
            {"relationshipType": "contains", "account": missing, "validFor": {}}
        ],
    }.items():
        response = strict.post(BILLING, json=account(**{attribute: value}))
        refused(response, 409, attribute)


def test_strict_takes_what_is_there(strict: httpx.Client) -> None:
    """References to resources that exist, of any kind that may be meant, are taken."""
    ledger = create(strict, FINANCIAL, {"name": "ledger"})
    form = create(strict, FORMAT, {"name": "form"})
    create(
        strict,
        BILLING,
        account(
            financialAccount={"id": ledger["id"]},
            billStructure={"format": {"id": form["id"], "name": "form"}},
            accountRelationship=[
                {"relationshipType": "contains", "account": {"id": ledger["id"]}, "validFor": {}}
            ],
        ),
    )


def test_strict_leaves_others_alone(strict: httpx.Client) -> None:
    """A reference to another host, or a value instead of a reference, is not asked for."""
    elsewhere = dangling(href="https://elsewhere.example/usageSpecification/1")
    create(strict, USAGE, {"usageSpecification": elsewhere})
    value = {"id": "x", "name": "made for this bill", "isRef": False}
    create(strict, BILLING, account(billStructure={"format": value}))


def test_strict_on_change(strict: httpx.Client) -> None:
    """A patch that brings in a reference to nothing is 409; one that leaves it alone is not."""
    there = create(strict, SPECIFICATION, {"name": "there"})
    made = create(strict, USAGE, {"usageSpecification": {"id": there["id"]}})
    path = f"{USAGE}/{made['id']}"
    refused(patch(strict, path, {"usageSpecification": dangling()}), 409, "usageSpecification")
    assert strict.get(path).json() == made
    assert strict.delete(f"{SPECIFICATION}/{there['id']}").status_code == 204
    assert patch(strict, path, {"description": "still there"}).status_code == 200
