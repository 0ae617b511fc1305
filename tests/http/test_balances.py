"""What the accounts of a financial account add up to (an extension contract), on both databases."""

from __future__ import annotations

from typing import Any

import httpx
from tests.http.asking import ACCOUNTS, BILLING, FINANCIAL, account, create, refused, unique

PARTY = f"{ACCOUNTS}/partyAccount"


def balance(kind: str, value: float, unit: str = "EUR") -> dict[str, Any]:
    period = {"startDateTime": "2026-01-01T00:00:00Z"}
    return {"balanceType": kind, "amount": {"unit": unit, "value": value}, "validFor": period}


def test_balances_by_kind_and_unit(client: httpx.Client) -> None:
    """Party, billing and settlement accounts that refer to it, each kind and unit by itself."""
    id = create(client, FINANCIAL, {"name": unique("Receivable")})["id"]
    mine = {"financialAccount": {"id": id, "name": "x"}}
    first = [balance("receivable", 0.1), balance("deposit", 50)]
    create(client, BILLING, account(accountBalance=first, **mine))
    second = [balance("receivable", 0.2), balance("receivable", 7, "USD")]
    create(client, PARTY, account(accountBalance=second, **mine))
    create(client, BILLING, account(accountBalance=[balance("receivable", 1000)]))
    answer = client.get(f"{FINANCIAL}/{id}/balance").json()
    assert (answer["resource"], answer["count"]) == ("financialAccount", 2)
    name = "accountBalance.amount"
    sums = {
        group["group"]["accountBalance.balanceType"]: {
            each["unit"]: each["value"] for each in group["sum"][name]
        }
        for group in answer["groups"]
    }
    assert sums == {"deposit": {"EUR": 50}, "receivable": {"EUR": 0.3, "USD": 7}}


def test_no_accounts_and_no_financial_account(client: httpx.Client) -> None:
    """No sums for one that nobody refers to; 404 for one that is not there."""
    id = create(client, FINANCIAL, {"name": unique("Empty")})["id"]
    answer = client.get(f"{FINANCIAL}/{id}/balance").json()
    assert (answer["count"], answer["groups"]) == (0, [])
    refused(client.get(f"{FINANCIAL}/{unique('none')}/balance"), 404)
