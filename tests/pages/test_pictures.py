"""The pages with pictures: a hierarchy as a tree, days as bars, on both databases."""

from __future__ import annotations

import html
import json
import re
from decimal import Decimal
from typing import Any

import httpx
import pytest
from tests.http.asking import ACCOUNTS, BILLING, USAGE, account, create, party, unique

from tmfserver.pages.bars import charts, nice_top, written
from tmfserver.query.folding import Folded, Total

EVIL = '"><script>alert(1)</script>'
HIERARCHY, CHART = f"/hierarchy{BILLING}", f"/charts{USAGE}"
AMOUNT = "ratedProductUsage.taxExcludedRatingAmount"
BOX = re.compile(r'<a href="([^"]*)" class="(\w*)"><title>(.*?)</title>', re.DOTALL)
BAR = re.compile(r"<rect [^>]*height=\"([0-9.]+)\"><title>([^<]*)</title>")


def got(client: httpx.Client, path: str, status: int = 200, **query: str) -> str:
    response = client.get(path, params=query or None)
    assert response.status_code == status, response.text[-500:]
    assert response.headers["content-type"].startswith("text/html")
    assert response.headers["content-security-policy"].startswith("default-src 'none'")
    assert "<script" not in response.text
    assert " style=" not in response.text
    return response.text


def below(client: httpx.Client, above: str, **more: Any) -> str:
    relation = {"relationshipType": "parentAccount", "account": {"id": above}, "validFor": {}}
    made = create(client, BILLING, account(accountRelationship=[relation], **more))
    return str(made["id"])


def test_a_hierarchy_is_drawn(client: httpx.Client) -> None:
    """Each account is a box with its name, state and balance, linked to its own picture; what
    others wrote is text, and the one that was asked for stands out."""
    due = {"balanceType": "due", "amount": {"unit": "EUR", "value": 1234.5}, "validFor": {}}
    top = create(client, BILLING, account(name=EVIL, state="Active", accountBalance=[due]))["id"]
    left, right = below(client, top, state="Closed"), below(client, top)
    leaf = below(client, left)
    text = got(client, f"{HIERARCHY}/{leaf}")
    boxes = {link.rpartition("/")[2]: (mark, title) for link, mark, title in BOX.findall(text)}
    assert boxes.keys() == {top, left, right, leaf}
    assert [id for id, (mark, _) in boxes.items() if mark] == [leaf]
    assert html.unescape(boxes[top][1]) == f"billingAccount {top}\n{EVIL}\nActive\n1\u202f234.5 EUR"
    assert "Closed" in boxes[left][1]
    assert text.count("<path d=") == 3
    assert len(BOX.findall(got(client, HIERARCHY, id=left))) == 4
    assert len(BOX.findall(got(client, HIERARCHY, **{"id": left, "from": "here"}))) == 2


def test_boxes_do_not_overlap(client: httpx.Client) -> None:
    """However the tree is shaped, each box has its own place, within the drawing."""
    top = create(client, BILLING, account())["id"]
    for count in (3, 0, 2):
        above = below(client, top)
        for _ in range(count):
            below(client, above)
    text = got(client, f"{HIERARCHY}/{top}")
    places = [(float(x), float(y)) for x, y in re.findall(r'<rect x="(.*?)" y="(.*?)" width', text)]
    assert len(places) == 9
    for n, (x, y) in enumerate(places):
        assert all(abs(x - to_x) >= 208 or abs(y - to_y) >= 62 for to_x, to_y in places[:n])
    width, height = re.findall(r'class="tree" width="(\d+)" height="(\d+)"', text)[0]
    assert max(x for x, _ in places) + 208 <= int(width)
    assert max(y for _, y in places) + 62 <= int(height)


def test_what_cannot_be_drawn(client: httpx.Client) -> None:
    """No such account is a page with 404, no id one with 400; other paths are not pages."""
    assert "There is no billingAccount" in got(client, f"{HIERARCHY}/{unique('none')}", 404)
    got(client, HIERARCHY, 400)
    for path in ("/hierarchy/", f"/hierarchy{USAGE}/1", f"/charts{BILLING}", f"{CHART}/1"):
        assert client.get(path).json()["status"] == "404"


@pytest.fixture
def customer(client: httpx.Client) -> str:
    """A party with usage on four days, of which one is between the others without any."""
    id = unique("party")
    for day, value, unit in ((1, 0.1, "EUR"), (1, 0.2, "EUR"), (3, 4, "EUR"), (4, 9, "USD")):
        rated = [{"taxExcludedRatingAmount": {"unit": unit, "value": value}}]
        usage = {"usageDate": f"2026-03-{day:02}T12:00:00Z", "ratedProductUsage": rated}
        create(client, USAGE, {"usageType": "voice", "relatedParty": [party(id)], **usage})
    create(client, USAGE, {"usageType": "voice", "relatedParty": [party(id)]})
    return id


def bars(text: str) -> list[list[str]]:
    """What each chart says of its days."""
    return [[title for _, title in BAR.findall(each)] for each in text.split('class="chart"')[1:]]


def test_days_are_bars(client: httpx.Client, customer: str) -> None:
    """How many there were on each day, under any filter; what has no day is in no bar."""
    text = got(client, CHART, **{"relatedParty.id": customer})
    assert [[each.strip() for each in some] for some in bars(text)] == [
        ["2026-03-01: 2", "2026-03-03: 1", "2026-03-04: 1"]
    ]
    assert [float(height) for height, _ in BAR.findall(text)] == [200, 100, 100]
    assert html.unescape(text).count(f'value="relatedParty.id={customer}'.replace(" ", "+")) == 1
    where = f"relatedParty.id={customer}&usageDate.gte=2026-03-03T00:00:00Z"
    assert len(bars(got(client, CHART, where=where))[0]) == 2


def test_each_unit_has_its_chart(client: httpx.Client, customer: str) -> None:
    """Sums are exact, and euros stand apart from dollars."""
    where = {"relatedParty.id": customer, "sum": AMOUNT, "date": "usageDate"}
    euros, dollars = bars(got(client, CHART, **where))
    assert euros == ["2026-03-01: 0.3 EUR", "2026-03-03: 4 EUR"]
    assert dollars == ["2026-03-04: 9 USD"]


@pytest.mark.parametrize(
    "query",
    [{"sum": "usageType"}, {"where": "usageDate.gt=soon"}, {"date": EVIL}, {"where": "&&="}],
)
def test_what_cannot_be_charted(client: httpx.Client, query: dict[str, str]) -> None:
    """The page says in the query language's own words what it does not understand, and what was
    typed stays in the form as text."""
    text = got(client, CHART, 400, **query)
    assert 'class="state bad"' in text


def test_nothing_found(client: httpx.Client) -> None:
    """The page says so."""
    assert "Nothing was found." in got(client, CHART, usageType=unique("none"))


def test_the_start_page_leads_there(client: httpx.Client) -> None:
    """Each kind of account can be drawn, and usage charted; a first POST makes no job."""
    text = client.get("/").text
    forms = re.findall(r'action="/hierarchy([^"]*)"', text)
    kinds = ("partyAccount", "billingAccount", "settlementAccount", "financialAccount")
    assert forms == [f"{ACCOUNTS}/{kind}" for kind in kinds]
    assert f'href="/charts{USAGE}"' in text
    assert "first exportJob" not in text


def test_a_long_time_is_cut() -> None:
    """Of more than 120 days the newest are drawn."""
    days = {(f"20{year}-01-01",): Total(1, [], []) for year in range(10, 26)}
    (chart,) = charts(Folded(days, len(days)), "")
    assert len(chart.bars) == 120
    assert (chart.bars[-1].day, chart.left_out) == ("2025-01-01", 15)
    assert chart.labels[-1] == "2025-01-01"


@pytest.mark.parametrize(("most", "top"), [("23", 30), ("100", 100), ("0.07", "0.08"), ("0", 1)])
def test_the_scale_ends_at_a_round_number(most: str, top: str) -> None:
    assert nice_top(Decimal(most)) == Decimal(top)


@pytest.mark.parametrize(
    ("value", "text"),
    [("12500.50", "12\u202f500.5"), ("3201.0", "3\u202f201"), ("0.00420", "0.0042"), ("0", "0"),
     ("1E+3", "1\u202f000"), ("-2.345", "-2.34")],
)  # fmt: skip
def test_amounts_are_written_for_people(value: str, text: str) -> None:
    assert written(Decimal(value)) == text


def test_amounts_of_any_size_are_drawn(client: httpx.Client) -> None:
    """To the last digit, though their sum has more than numbers are usually reckoned with."""
    kind = unique("kind")
    for value in ("1e30", "12345678901234.10"):
        amount = {"taxExcludedRatingAmount": {"unit": "EUR", "value": "VALUE"}}
        document = {"usageType": kind, "usageDate": "2026-03-01T00:00:00Z",
                    "ratedProductUsage": [amount]}  # fmt: skip
        body = json.dumps(document).replace('"VALUE"', value)
        response = client.post(USAGE, content=body, headers={"content-type": "application/json"})
        assert response.status_code == 201
    text = got(client, f"/charts{USAGE}", sum=AMOUNT, usageType=kind)
    digits = "1 000 000 000 000 000 012 345 678 901 234.1".replace(" ", "\u202f")
    assert digits in text


def test_days_that_are_none_are_left_out(client: httpx.Client) -> None:
    """Where the contract leaves open what an attribute holds."""
    kind = unique("kind")
    create(client, USAGE, {"usageType": kind, "seen": "no moment at all, but long, Z"})
    create(client, USAGE, {"usageType": kind, "seen": "2026-03-01T00:00:00Z"})
    text = got(client, f"/charts{USAGE}", date="seen", usageType=kind)
    assert len(BAR.findall(text)) == 1
