"""Accounts that stand above and below each other: never above themselves."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from tests.http.asking import (
    ACCOUNTS,
    BILLING,
    CYCLE,
    FINANCIAL,
    Document,
    account,
    create,
    patch,
    refused,
    unchanged,
)

PARTY = f"{ACCOUNTS}/partyAccount"
UP, DOWN, HOLDS = "parentAccount", "childAccount", "contains"


def to(type: str, *ids: str, **more: str) -> Document:
    """Relationships of a type to accounts of these ids."""
    each = [{"relationshipType": type, "account": {"id": id, **more}, "validFor": {}} for id in ids]
    return {"accountRelationship": each}


def both(*some: Document) -> Document:
    """All of these relationships."""
    return {"accountRelationship": [one for each in some for one in each["accountRelationship"]]}


def made(client: httpx.Client, relationships: Document | None = None, path: str = BILLING) -> str:
    id: str = create(client, path, account(**relationships or {}))["id"]
    return id


def say(client: httpx.Client, id: str, relationships: Document, path: str = BILLING) -> int:
    return patch(client, f"{path}/{id}", relationships).status_code


@pytest.fixture
def chain(client: httpx.Client) -> list[str]:
    """The ids of a > b > c > d, each told in another way, in three kinds of accounts."""
    a = made(client, path=FINANCIAL)
    b = made(client, to(UP, a))
    d = made(client)
    c = made(client, to(DOWN, d), PARTY)
    assert say(client, b, both(to(UP, a), to(HOLDS, c))) == 200
    return [a, b, c, d]


def test_a_circle_is_refused(client: httpx.Client, chain: list[str]) -> None:
    """What would put an account above itself is 409, whichever side says so; the message names
    the accounts around the circle, and nothing is changed."""
    a, b, c, d = chain
    around = " > ".join(f"'{id}'" for id in (a, b, c, d, a))
    for relationships in (to(UP, d), both(to(UP, d), to("sister", b))):
        error = refused(
            patch(client, f"{FINANCIAL}/{a}", relationships), 409, "accountRelationship", around
        )
        assert error["code"] == "CircularHierarchy"
    error = refused(patch(client, f"{BILLING}/{d}", to(DOWN, a)), 409)
    assert f"'{d}' > '{a}' > '{b}' > '{c}' > '{d}'" in error["message"]
    refused(patch(client, f"{BILLING}/{d}", to(HOLDS, c)), 409, f"'{d}' > '{c}' > '{d}'")
    assert "accountRelationship" not in client.get(f"{BILLING}/{d}").json()


def test_nobody_is_above_itself(client: httpx.Client) -> None:
    """An account is neither its own parent nor its own child, on create neither."""
    own = f"own-{uuid.uuid4()}"
    for type in (UP, DOWN, HOLDS):
        with unchanged(client, BILLING):
            response = client.post(BILLING, json=account(id=own, **to(type, own)))
            refused(response, 409, f"'{own}' > '{own}'")
    made(client, {"id": own, **to("sister", own)})
    refused(patch(client, f"{BILLING}/{own}", to(UP, own)), 409, f"'{own}' > '{own}'")


def test_a_new_account_closes_no_circle(client: httpx.Client) -> None:
    """An account that others named before it was there is refused where it would close a circle."""
    coming = f"coming-{uuid.uuid4()}"
    below = made(client, to(UP, coming))
    response = client.post(BILLING, json=account(id=coming, **to(UP, below)))
    refused(response, 409, f"'{coming}' > '{below}' > '{coming}'")
    made(client, {"id": coming, **to(DOWN, below)})


@pytest.mark.parametrize("type", [UP, DOWN])
def test_many_new_accounts_close_no_circle(client: httpx.Client, type: str) -> None:
    """Those that come together make none among themselves, either: then none of them comes."""
    a, b, c = [f"{name}-{uuid.uuid4()}" for name in "abc"]
    said = [(a, to(type, b)), (b, to(type, c)), (c, to(type, a))]
    add = [{"op": "add", "path": "/-", "value": account(id=id, **more)} for id, more in said]
    headers = {"content-type": "application/json-patch+json"}
    with unchanged(client, BILLING):
        refused(client.patch(BILLING, json=add, headers=headers), 409, f"'{c}' > ", f"'{a}' > ")
    add[2]["value"].pop("accountRelationship")
    assert client.patch(BILLING, json=add, headers=headers).status_code == 200


def test_what_is_no_circle(client: httpx.Client, chain: list[str]) -> None:
    """Two ways down to one account, relationships of other types, other servers' accounts, and
    the same told by both sides are taken; so is a change of something else."""
    a, b, c, d = chain
    assert say(client, d, to(UP, a, b)) == 200
    assert say(client, c, to(DOWN, d), PARTY) == 200
    assert say(client, a, to("sister", d), FINANCIAL) == 200
    elsewhere = to(UP, d, href="https://elsewhere.example/account/1")
    assert say(client, a, elsewhere, FINANCIAL) == 200
    assert patch(client, f"{BILLING}/{b}", {"description": "x"}).status_code == 200


def test_the_other_way_round(client: httpx.Client) -> None:
    """Once a relationship is gone the two may stand the other way round."""
    a = made(client)
    b = made(client, to(UP, a))
    refused(patch(client, f"{BILLING}/{a}", to(UP, b)), 409)
    assert say(client, b, {"accountRelationship": None}) == 200
    assert say(client, a, to(UP, b)) == 200


@pytest.mark.parametrize("type", [UP, DOWN])
def test_two_halves_of_a_circle_at_once(client: httpx.Client, type: str) -> None:
    """Of two changes at the same time that together make a circle one is refused."""
    for _ in range(5):
        a, b = made(client), made(client)
        with ThreadPoolExecutor(2) as pool:
            statuses = list(
                pool.map(lambda pair: say(client, pair[0], to(type, pair[1])), [(a, b), (b, a)])
            )
        assert sorted(statuses) == [200, 409]


def test_many_below_one(client: httpx.Client) -> None:
    """Accounts that are put below one at the same time all find their place."""
    top = made(client)
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda _: made(client, to(UP, top)), range(20)))
    refused(
        patch(client, f"{BILLING}/{top}", to(UP, ids[7])), 409, f"'{top}' > '{ids[7]}' > '{top}'"
    )


def test_a_period_does_not_end_before_it_starts(client: httpx.Client) -> None:
    """A validFor that ends before it starts is 409, wherever it stands, naming both ends; what
    has one end alone, or both at the same moment, is taken."""
    start, end = "2026-01-02T00:00:00+02:00", "2026-01-01T21:59:59Z"
    wrong = {"startDateTime": start, "endDateTime": end}
    with unchanged(client, CYCLE):
        response = client.post(CYCLE, json={"name": "c", "validFor": wrong})
        error = refused(response, 409, "validFor", start, end)
    assert error["code"] == "EndsBeforeItStarts"
    for right in ({"endDateTime": end}, {"startDateTime": end, "endDateTime": end}, {}):
        one = create(client, CYCLE, {"name": "c", "validFor": right})
    related = to("sister", "x")
    related["accountRelationship"][0]["validFor"] = wrong
    response = client.post(BILLING, json=account(**related))
    refused(response, 409, "accountRelationship[0].validFor")
    path = f"{CYCLE}/{one['id']}"
    refused(patch(client, path, {"validFor": wrong}), 409, "validFor")
    assert client.get(path).json() == one
