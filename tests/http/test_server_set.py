"""What the contract leaves out of creates and updates is the server's to set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from tests.http.asking import (
    ACCOUNTS,
    BILLING,
    FINANCIAL,
    JSON_PATCH,
    SPECIFICATION,
    Document,
    account,
    create,
    patch,
    refused,
    unchanged,
    unique,
)

PARTY_LIKE = tuple(f"{ACCOUNTS}/{name}Account" for name in ("party", "billing", "settlement"))
STAMPS = dict.fromkeys((*PARTY_LIKE, FINANCIAL), "lastModified") | {SPECIFICATION: "lastUpdate"}
BALANCE = [
    {
        "amount": {"unit": "EUR", "value": 10},
        "balanceType": "receivable",
        "validFor": {"startDateTime": "2026-01-01T00:00:00Z"},
    }
]
LONG_AGO = "2001-01-01T00:00:00Z"


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize("attribute", ["id", "href"])
def test_id_and_href_cannot_be_changed(client: httpx.Client, attribute: str) -> None:
    """Another id or href in a patch is 409, naming it; the same value is no change."""
    made = create(client, BILLING, account())
    path = f"{BILLING}/{made['id']}"
    refused(patch(client, path, {attribute: "other"}), 409, attribute)
    refused(patch(client, path, {attribute: None}), 409, attribute)
    body = [{"op": "replace", "path": f"/{attribute}", "value": "other"}]
    refused(patch(client, path, body, JSON_PATCH), 409, attribute)
    assert client.get(path).json() == made
    same = patch(client, path, {attribute: made[attribute], "state": "Closed"})
    assert same.status_code == 200
    assert same.json()["state"] == "Closed"


def test_href_cannot_be_given(client: httpx.Client) -> None:
    """An href in a create is 409, naming it."""
    with unchanged(client, BILLING):
        refused(client.post(BILLING, json=account(href="https://example.com/1")), 409, "href")


@pytest.mark.parametrize("path", PARTY_LIKE)
def test_a_balance_is_not_patched(client: httpx.Client, path: str) -> None:
    """accountBalance of a party, billing or settlement account cannot be patched: 409."""
    made = create(client, path, account(accountBalance=BALANCE))
    for change in ([{**BALANCE[0], "balanceType": "disputed"}], [], None):
        response = patch(client, f"{path}/{made['id']}", {"accountBalance": change})
        refused(response, 409, "accountBalance")
    body = [{"op": "replace", "path": "/accountBalance/0/amount/value", "value": 1_000_000}]
    refused(patch(client, f"{path}/{made['id']}", body, JSON_PATCH), 409, "accountBalance")
    assert client.get(f"{path}/{made['id']}").json() == made
    same = patch(client, f"{path}/{made['id']}", {"accountBalance": BALANCE, "state": "Closed"})
    assert same.json()["accountBalance"] == BALANCE


def test_a_ledger_s_balance_is_patched(client: httpx.Client) -> None:
    """accountBalance of a financial account may be patched."""
    made = create(client, FINANCIAL, {"name": unique("ledger"), "accountBalance": BALANCE})
    other = [{**BALANCE[0], "balanceType": "disputed"}]
    response = patch(client, f"{FINANCIAL}/{made['id']}", {"accountBalance": other})
    assert response.status_code == 200
    assert response.json()["accountBalance"] == other


def minimal(path: str) -> Document:
    return account() if path in PARTY_LIKE else {"name": unique("stamped")}


@pytest.mark.parametrize("path", STAMPS)
def test_the_last_change_is_stamped(client: httpx.Client, path: str) -> None:
    """lastModified, or lastUpdate, is set on create and moved on by every change."""
    stamp, before = STAMPS[path], datetime.now(UTC) - timedelta(seconds=1)
    made = create(client, path, minimal(path))
    assert before <= moment(made[stamp]) <= datetime.now(UTC)
    changed = patch(client, f"{path}/{made['id']}", {"description": "changed"}).json()
    assert moment(made[stamp]) <= moment(changed[stamp]) <= datetime.now(UTC)
    later = patch(client, f"{path}/{made['id']}", {"description": "again"}).json()
    assert moment(changed[stamp]) <= moment(later[stamp])
    assert moment(made[stamp]) < moment(later[stamp])


@pytest.mark.parametrize("path", STAMPS)
def test_a_stamp_that_the_contract_takes_is_kept(client: httpx.Client, path: str) -> None:
    """The contracts let a create say when it last changed; a change moves it on."""
    stamp = STAMPS[path]
    made = create(client, path, {**minimal(path), stamp: LONG_AGO})
    assert made[stamp] == LONG_AGO
    changed = patch(client, f"{path}/{made['id']}", {"description": "changed"}).json()
    assert moment(changed[stamp]) > moment(LONG_AGO)


def test_a_ledger_s_stamp_is_the_server_s(client: httpx.Client) -> None:
    """lastModified stands in no update of a financial account: another value is 409."""
    made = create(client, FINANCIAL, {"name": unique("ledger")})
    path = f"{FINANCIAL}/{made['id']}"
    refused(patch(client, path, {"lastModified": LONG_AGO}), 409, "lastModified")
    assert client.get(path).json() == made


def test_a_stamp_that_an_update_takes_may_be_set(client: httpx.Client) -> None:
    """lastModified stands in the update of a billing account: a client may set it."""
    made = create(client, BILLING, account())
    response = patch(client, f"{BILLING}/{made['id']}", {"lastModified": LONG_AGO})
    assert response.status_code == 200
    assert response.json()["lastModified"] == LONG_AGO
