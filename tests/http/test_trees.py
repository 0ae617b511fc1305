"""What stands above and below an account, as a tree (an extension contract), on both databases."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.http.asking import ACCOUNTS, BILLING, FINANCIAL, account, create, patch, refused, unique

PARTY, SETTLEMENT = f"{ACCOUNTS}/partyAccount", f"{ACCOUNTS}/settlementAccount"
UP, DOWN = "parentAccount", "childAccount"


def related(type: str, *ids: str, **more: str) -> dict[str, Any]:
    each = [{"relationshipType": type, "account": {"id": id, **more}, "validFor": {}} for id in ids]
    return {"accountRelationship": each}


def add(client: httpx.Client, path: str = BILLING, **more: Any) -> str:
    return str(create(client, path, account(state="Active", **more))["id"])


def outline(node: dict[str, Any]) -> Any:
    """A tree as ids alone: (id, its children)."""
    return node["id"], [outline(child) for child in node["children"]]


def test_a_tree_over_all_kinds_of_accounts(client: httpx.Client) -> None:
    """Accounts of four kinds, told by either side, stand below each other; the tree begins at the
    account that was asked for, or at the topmost."""
    top = add(client, FINANCIAL)
    left, right = add(client, **related(UP, top)), add(client, SETTLEMENT, **related(UP, top))
    leaf = add(client, PARTY)
    lower = add(client, accountRelationship=[
        *related(UP, left)["accountRelationship"], *related(DOWN, leaf)["accountRelationship"],
        *related("sister", right)["accountRelationship"]])  # fmt: skip
    add(client, **related(UP, top, href="https://elsewhere.example/financialAccount/1"))
    whole = (top, [(left, [(lower, [(leaf, [])])]), (right, [])])
    assert outline(client.get(f"{FINANCIAL}/{top}/hierarchy").json()) == whole
    assert outline(client.get(f"{PARTY}/{leaf}/hierarchy?from=top").json()) == whole
    assert outline(client.get(f"{SETTLEMENT}/{right}/hierarchy").json()) == (right, [])
    assert outline(client.get(f"{BILLING}/{left}/hierarchy?from=here").json()) == whole[1][0]


def test_what_a_node_holds(client: httpx.Client, server: Any) -> None:
    """Id, address, name, state, type and balances, numbers as they were written."""
    balance = {"balanceType": "due", "amount": {"unit": "EUR", "value": 12.5}, "validFor": {}}
    body = account(state="Active", accountType="business", accountBalance=[balance])
    id = create(client, BILLING, {**body, "@type": "BillingAccount", "description": "x"})["id"]
    assert client.get(f"{BILLING}/{id}/hierarchy").json() == {
        "id": id, "href": f"{server.url}{BILLING}/{id}", "name": body["name"], "state": "Active",
        "accountType": "business", "accountBalance": [balance], "@type": "BillingAccount",
        "children": [],
    }  # fmt: skip


def test_levels_are_bounded(client: httpx.Client) -> None:
    """`levels` cuts the tree, and says where something was left out."""
    chain = [add(client)]
    for _ in range(3):
        chain.append(add(client, **related(UP, chain[-1])))
    path = f"{BILLING}/{chain[0]}/hierarchy"
    answer = client.get(f"{path}?levels=1").json()
    assert outline(answer) == (chain[0], [(chain[1], [])])
    assert ("hasMore" in answer, answer["children"][0]["hasMore"]) == (False, True)
    bottom = client.get(f"{path}?levels=3").json()["children"][0]["children"][0]["children"][0]
    assert (bottom["id"], "hasMore" in bottom) == (chain[3], False)
    assert client.get(f"{path}?levels=0").json()["hasMore"] is True


def test_what_hangs_on_two_stands_once(client: httpx.Client) -> None:
    """An account below two others stands where it is met first."""
    top = add(client)
    left, right = add(client, **related(UP, top)), add(client, **related(UP, top))
    both = add(client, **related(UP, left, right))
    assert outline(client.get(f"{BILLING}/{both}/hierarchy?from=top").json()) == (
        top, [(left, [(both, [])]), (right, [])]
    )  # fmt: skip
    assert patch(client, f"{BILLING}/{both}", related(UP, right)).status_code == 200
    assert outline(client.get(f"{BILLING}/{top}/hierarchy").json()) == (
        top, [(left, []), (right, [(both, [])])]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("query", "word"),
    [("from=bottom", "here or top"), ("levels=-1", "0 to 50"), ("levels=51", "0 to 50"),
     ("levels=", "0 to 50")],
)  # fmt: skip
def test_a_tree_that_cannot_be(client: httpx.Client, query: str, word: str) -> None:
    """A parameter that means nothing is 400 and names what was expected; no account is 404."""
    id = add(client)
    refused(client.get(f"{BILLING}/{id}/hierarchy?{query}"), 400, query.partition("=")[0], word)
    refused(client.get(f"{BILLING}/{unique('none')}/hierarchy"), 404)
    refused(client.get(f"{PARTY}/{id}/hierarchy?from=top"), 404)
