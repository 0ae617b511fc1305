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
from tests.serving import DATABASES, SQLITE, MakeDatabase, Server, launch, stop_cleanly


def dangling(**more: str) -> Document:
    return {"id": str(uuid.uuid4()), **more}


@pytest.fixture(scope="module", params=DATABASES)
def strict_server(
    request: pytest.FixtureRequest,
    make_database: MakeDatabase,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    """A server that refuses references to what is not there, once on each database."""
    folder = tmp_path_factory.mktemp("strict")
    server = launch(folder, make_database(request.param), references="strict")
    yield server
    stop_cleanly(server)


@pytest.fixture(scope="module")
def strict(strict_server: Server) -> Iterator[httpx.Client]:
    """Talks to it."""
    with strict_server.client() as client:
        yield client


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


def test_strict_takes_what_comes_before_in_the_same_change(strict: httpx.Client) -> None:
    """Of many new accounts each may refer to those before it, and to none that comes later."""
    a, b = [f"{name}-{uuid.uuid4()}" for name in "ab"]
    below = {"relationshipType": "parentAccount", "validFor": {}, "account": {"id": a}}
    some = [account(id=a), account(id=b, accountRelationship=[below])]
    add = [{"op": "add", "path": "/-", "value": each} for each in some]
    headers = {"content-type": "application/json-patch+json"}
    refused(strict.patch(BILLING, json=add[::-1], headers=headers), 409, f"'{a}'", "not exist")
    assert strict.patch(BILLING, json=add, headers=headers).status_code == 200


def test_strict_leaves_others_alone(strict: httpx.Client) -> None:
    """A reference to another host, or a value instead of a reference, is not asked for."""
    elsewhere = dangling(href="https://elsewhere.example/usageSpecification/1")
    create(strict, USAGE, {"usageSpecification": elsewhere})
    value = {"id": "x", "name": "made for this bill", "isRef": False}
    create(strict, BILLING, account(billStructure={"format": value}))


def test_strict_on_change(
    strict: httpx.Client, strict_server: Server, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A patch that brings in a reference to nothing is 409; one that leaves it alone is not."""
    there = create(strict, SPECIFICATION, {"name": "there"})
    made = create(strict, USAGE, {"usageSpecification": {"id": there["id"]}})
    path = f"{USAGE}/{made['id']}"
    refused(patch(strict, path, {"usageSpecification": dangling()}), 409, "usageSpecification")
    assert strict.get(path).json() == made
    lax = launch(tmp_path_factory.mktemp("lax"), strict_server.database)
    with lax.client() as client:
        assert client.delete(f"{SPECIFICATION}/{there['id']}").status_code == 204
    stop_cleanly(lax)
    assert patch(strict, path, {"description": "still there"}).status_code == 200


def related(type: str, id: str, **more: str) -> Document:
    return {"relationshipType": type, "account": {"id": id, **more}, "validFor": {}}


def test_strict_keeps_what_others_refer_to(strict: httpx.Client) -> None:
    """Under `strict` what others refer to cannot be deleted; the answer names up to five of them,
    and when none of them refers to it any more, it can."""
    ledger, form = create(strict, FINANCIAL, {"name": "l"}), create(strict, FORMAT, {"name": "f"})
    ids = []
    for n in range(7):
        more: Document = {"financialAccount": {"id": ledger["id"]}}
        if n == 0:
            more["billStructure"] = {"format": {"id": form["id"], "name": "f"}}
            more["accountRelationship"] = [related("contains", ledger["id"])]
        ids.append(create(strict, BILLING, account(**more))["id"])
    path = f"{FINANCIAL}/{ledger['id']}"
    error = refused(strict.delete(path), 409, ledger["id"], "billingAccount", "and others")
    assert error["code"] == "StillReferredTo"
    assert sum(id in error["message"] for id in ids) == 5
    refused(strict.delete(f"{FORMAT}/{form['id']}"), 409, ids[0])
    for id in ids[1:]:
        assert strict.delete(f"{BILLING}/{id}").status_code == 204
    refused(strict.delete(path), 409, ids[0])
    assert strict.get(path).status_code == 200
    change = {"financialAccount": None, "accountRelationship": None, "billStructure": None}
    assert patch(strict, f"{BILLING}/{ids[0]}", change).status_code == 200
    assert strict.delete(path).status_code == 204
    assert strict.delete(f"{FORMAT}/{form['id']}").status_code == 204


def test_what_is_no_reference_keeps_nothing(strict: httpx.Client) -> None:
    """Neither another host's resource of the same id, nor a value, nor itself keeps a resource."""
    form = create(strict, FORMAT, {"name": "f"})
    value = {"id": form["id"], "name": "f", "isRef": False}
    create(strict, BILLING, account(billStructure={"format": value}))
    assert strict.delete(f"{FORMAT}/{form['id']}").status_code == 204
    itself = f"self-{uuid.uuid4()}"
    elsewhere = "https://elsewhere.example/billingAccount/1"
    create(strict, BILLING, account(id=itself))
    mine = [related("sister", itself)]
    assert patch(strict, f"{BILLING}/{itself}", {"accountRelationship": mine}).status_code == 200
    other = [related("sister", itself, href=elsewhere)]
    create(strict, BILLING, account(accountRelationship=other))
    assert strict.delete(f"{BILLING}/{itself}").status_code == 204


def test_off_deletes_what_others_refer_to(client: httpx.Client) -> None:
    """Without the policy what others refer to can be deleted."""
    there = create(client, SPECIFICATION, {"name": "there"})
    create(client, USAGE, {"usageSpecification": {"id": there["id"]}})
    assert client.delete(f"{SPECIFICATION}/{there['id']}").status_code == 204
