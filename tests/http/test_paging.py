"""Paging (TMF630 4.5): offset, limit, the counts, and links that lead to the right pages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from tests.http.asking import CYCLE, FORMAT, USAGE, create, total, unique
from tests.serving import Server, StartServer

LINK = re.compile(r'<([^>]*)>; rel="([a-z]+)"')
DEFAULT_PAGE = 100
LARGEST_PAGE = 1000
JSON_HEADER = {"content-type": "application/json"}


def links(response: httpx.Response) -> dict[str, str]:
    return {name: url for url, name in LINK.findall(response.headers.get("link", ""))}


def counts(response: httpx.Response) -> tuple[int, int]:
    """(X-Total-Count, X-Result-Count), of which the second is what came."""
    assert response.status_code == 200, response.text
    assert int(response.headers["x-result-count"]) == len(response.json())
    return int(response.headers["x-total-count"]), int(response.headers["x-result-count"])


@pytest.fixture(scope="module")
def hundred_and_five(client: httpx.Client) -> str:
    """The description of 105 bill formats named by their number."""
    description = unique("one of many")
    for number in range(DEFAULT_PAGE + 5):
        create(client, FORMAT, {"name": f"{number:03}", "description": description})
    return description


def numbers(response: httpx.Response) -> list[int]:
    return [int(row["name"]) for row in response.json()]


def test_no_limit_means_a_hundred(client: httpx.Client, hundred_and_five: str) -> None:
    """A list without `limit` gives the first 100 with status 200 and a link to the next."""
    first = client.get(FORMAT, params={"description": hundred_and_five})
    assert counts(first) == (105, DEFAULT_PAGE)
    assert numbers(first) == list(range(DEFAULT_PAGE))
    rest = client.get(links(first)["next"])
    assert counts(rest) == (105, 5)
    assert numbers(rest) == list(range(DEFAULT_PAGE, 105))


def test_links_lead_to_the_right_pages(client: httpx.Client, hundred_and_five: str) -> None:
    """Following `next` from `first` to `last` gives every document once; `prev` leads back."""
    query = {"description": hundred_and_five, "limit": "20", "fields": "name"}
    page = client.get(FORMAT, params={**query, "offset": "40"})
    assert links(page).keys() == {"self", "first", "prev", "next", "last"}
    assert numbers(client.get(links(page)["self"])) == list(range(40, 60))
    assert numbers(client.get(links(page)["prev"])) == list(range(20, 40))
    assert numbers(client.get(links(page)["last"])) == list(range(100, 105))
    page, seen = client.get(links(page)["first"]), []
    assert "prev" not in links(page)
    while "next" in links(page):
        seen += numbers(page)
        page = client.get(links(page)["next"])
    assert seen + numbers(page) == list(range(105))
    assert numbers(client.get(links(page)["last"])) == numbers(client.get(links(page)["self"]))
    assert page.json()[0].keys() == {"id", "href", "name"}


def test_limit_0_counts(client: httpx.Client, hundred_and_five: str) -> None:
    """`limit=0` gives no document, but the count of all that match."""
    response = client.get(FORMAT, params={"description": hundred_and_five, "limit": "0"})
    assert counts(response) == (105, 0)
    assert response.json() == []


@pytest.mark.parametrize("offset", [105, 106, 2**31, 2**63 - 1])
def test_beyond_the_end_there_is_nothing(
    client: httpx.Client, hundred_and_five: str, offset: int
) -> None:
    """An offset beyond the end gives an empty list, and still the count."""
    query = {"description": hundred_and_five, "offset": str(offset)}
    assert counts(client.get(FORMAT, params=query)) == (105, 0)


def test_a_huge_limit_is_cut(client: httpx.Client, hundred_and_five: str) -> None:
    """The largest number that fits a limit is taken, and all that there is comes."""
    query = {"description": hundred_and_five, "limit": str(2**63 - 1)}
    response = client.get(FORMAT, params=query)
    assert counts(response) == (105, 105)
    assert "next" not in links(response)


def test_counts_are_of_what_matches(client: httpx.Client, hundred_and_five: str) -> None:
    """X-Total-Count counts what the filters let through, not what there is."""
    query = {"description": hundred_and_five, "name": "007"}
    assert counts(client.get(FORMAT, params=query)) == (1, 1)
    assert total(client, FORMAT, description=unique("nobody")) == 0
    assert total(client, FORMAT) >= DEFAULT_PAGE + 5


def test_links_keep_the_query(client: httpx.Client) -> None:
    """Links repeat filters, sort and limit, with values encoded as they came."""
    name = unique('50 % "é" & more')
    for number in range(3):
        create(client, CYCLE, {"name": name, "frequency": str(number)})
    page = client.get(CYCLE, params={"name": name, "sort": "-frequency", "limit": "1"})
    seen = [page.json()[0]["frequency"]]
    while "next" in links(page):
        page = client.get(links(page)["next"])
        seen.append(page.json()[0]["frequency"])
    assert seen == ["2", "1", "0"]


def test_both_limits_are_settings(start_server: StartServer) -> None:
    """How many documents come without a limit, and with any, are settings."""
    server = start_server(page_limit=3, largest_page=5)
    with server.client() as client:
        for number in range(7):
            create(client, FORMAT, {"name": str(number)})
        first = client.get(FORMAT)
        assert counts(first) == (7, 3)
        assert numbers(client.get(links(first)["next"])) == [3, 4, 5]
        largest = client.get(FORMAT, params={"limit": "6"})
        assert counts(largest) == (7, 5)
        assert numbers(client.get(links(largest)["next"])) == [5, 6]


def pieces(response: httpx.Response, server: Server, peak: list[int]) -> Iterator[bytes]:
    """What comes, piece by piece; `peak` learns how much memory the server held."""
    for piece in response.iter_bytes(256 * 1024):
        peak.append(server.memory())
        yield piece


def test_long_lists_are_streamed(start_server: StartServer, new_database: str) -> None:
    """1,000 documents of 100 KB are sent without being built up in memory; not one more."""
    server = start_server(database=new_database)
    filler = "x" * 100_000
    numbers = range(LARGEST_PAGE + 1)
    with server.client() as client:

        def post(number: int) -> None:
            body = f'{{"usageType": "{number}", "description": "{filler}"}}'
            response = client.post(USAGE, content=body, headers=JSON_HEADER)
            assert response.status_code == 201

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(post, numbers))
        before, peak = server.memory(), [0]
        with client.stream("GET", USAGE, params={"limit": "5000"}) as response:
            assert response.status_code == 200
            assert response.headers["x-total-count"] == str(len(numbers))
            assert response.headers["x-result-count"] == str(LARGEST_PAGE)
            whole = b"".join(pieces(response, server, peak))
    rows = json.loads(whole)
    assert len({row["usageType"] for row in rows}) == len(rows) == LARGEST_PAGE
    assert all(row["description"] == filler for row in rows)
    assert max(peak) - before < len(whole) / 2
