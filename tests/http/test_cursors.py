"""Cursors: the pages of a list by `next` and `prev`, whatever comes and goes meanwhile."""

from __future__ import annotations

import base64

import httpx
import pytest
from tests.http.asking import FORMAT, create, unique
from tests.http.test_paging import links
from tests.serving import StartServer

SORTS = ["", "name", "-name", "bankAccountHolder", "-description,name", "-id", "$.name"]


def names(response: httpx.Response) -> list[str]:
    assert response.status_code == 200, response.text
    assert int(response.headers["x-result-count"]) == len(response.json())
    return [row.get("name", "") for row in response.json()]


@pytest.fixture
def letters(client: httpx.Client) -> str:
    """The description of 26 bill formats, named a to z."""
    description = unique("a letter")
    for letter in "abcdefghijklmnopqrstuvwxyz":
        create(client, FORMAT, {"name": letter, "description": description})
    return description


@pytest.mark.parametrize("sort", SORTS)
def test_next_and_prev_give_each_document_once(
    client: httpx.Client, letters: str, sort: str
) -> None:
    """Following `next` to the end gives the whole list in its order, and `prev` gives it back."""
    query = {"description": letters, "sort": sort} if sort else {"description": letters}
    whole = names(client.get(FORMAT, params={**query, "limit": "100"}))
    assert sorted(whole) == list("abcdefghijklmnopqrstuvwxyz")
    page = client.get(FORMAT, params={**query, "limit": "7"})
    seen, lengths = names(page), [len(page.json())]
    while "next" in links(page):
        assert "cursor=" in links(page)["next"]
        page = client.get(links(page)["next"])
        seen += names(page)
        lengths.append(len(page.json()))
    assert (seen, lengths) == (whole, [7, 7, 7, 5])
    back = names(page)
    while "prev" in links(page):
        page = client.get(links(page)["prev"])
        back = names(page) + back
    assert back == whole


def test_what_comes_and_goes_moves_nothing(client: httpx.Client, letters: str) -> None:
    """While documents are made and deleted before the page, the next page goes on behind it."""
    page = client.get(FORMAT, params={"description": letters, "sort": "name", "limit": "5"})
    assert names(page) == list("abcde")
    following = links(page)["next"]
    create(client, FORMAT, {"name": "aa", "description": letters})
    for row in page.json()[3:]:
        assert client.delete(row["href"]).status_code == 204
    second = client.get(following)
    assert names(second) == list("fghij")
    assert names(client.get(links(second)["prev"])) == ["a", "aa", "b", "c"]


def test_the_last_page(client: httpx.Client, letters: str) -> None:
    """`last` leads to the rest that whole pages leave, and `prev` goes back from there."""
    query = {"description": letters, "sort": "-name", "limit": "10"}
    last = client.get(links(client.get(FORMAT, params=query))["last"])
    assert names(last) == list("fedcba")
    assert "next" not in links(last)
    assert names(client.get(links(last)["prev"])) == list("ponmlkjihg")


def test_a_cursor_keeps_any_limit(client: httpx.Client, letters: str) -> None:
    """A cursor is a place, not a page: another limit and other fields may go with it."""
    page = client.get(FORMAT, params={"description": letters, "limit": "5", "sort": "name"})
    more = links(page)["next"].replace("limit=5", "limit=9&fields=name")
    assert names(client.get(more)) == list("fghijklmn")


def bad_cursors(good: str) -> list[str]:
    whole = base64.urlsafe_b64decode(good + "==")
    forged = whole[:12] + whole[12:].replace(b"[false", b"[true ")
    return [
        "",
        "x",
        "é",
        "%00",
        good[:-3],
        f"A{good[1:]}" if good[0] != "A" else f"B{good[1:]}",
        base64.urlsafe_b64encode(forged).decode(),
    ]


def test_cursors_are_ours_alone(client: httpx.Client, letters: str) -> None:
    """A cursor that was changed, made up, or given for another list is refused with a 400."""
    page = client.get(FORMAT, params={"description": letters, "limit": "5"})
    url = httpx.URL(links(page)["next"])
    good = url.params["cursor"]
    for bad in bad_cursors(good):
        refused = client.get(url.copy_set_param("cursor", bad))
        assert refused.status_code == 400, bad
        assert "cursor" in refused.json()["message"]
    assert client.get(url.copy_set_param("description", "another")).status_code == 400
    assert client.get(url.copy_set_param("sort", "name")).status_code == 400
    both = client.get(url.copy_add_param("offset", "5"))
    assert both.status_code == 400
    assert "offset" in both.json()["message"]
    assert client.get(url).status_code == 200


def test_a_big_page_says_where_the_next_begins(client: httpx.Client) -> None:
    """A page that is sent while it is read tells the place behind its last document."""
    description = unique("long")
    for number in range(30):
        name = f"{number:02}" + "x" * 20_000
        create(client, FORMAT, {"name": name, "description": description})
    for sort, order in (("name", 1), ("-name", -1)):
        query = {"description": description, "sort": sort, "limit": "20"}
        page = client.get(FORMAT, params=query)
        following = client.get(links(page)["next"])
        numbers = [int(name[:2]) for name in names(page) + names(following)]
        assert numbers == list(range(30))[::order]
        before = client.get(links(following)["prev"])
        assert names(before) == names(page)


def test_servers_on_one_database_read_each_others_cursors(
    start_server: StartServer, new_database: str
) -> None:
    """The key is the database's: a cursor leads on at any server, and after a restart."""
    one, other = start_server(database=new_database), start_server(database=new_database)
    with one.client() as at_one, other.client() as at_other:
        for letter in "abc":
            create(at_one, FORMAT, {"name": letter})
        page = at_one.get(FORMAT, params={"limit": "2"})
        url = links(page)["next"].replace(one.url, other.url)
        assert names(at_other.get(url)) == ["c"]


def test_totals_can_be_capped(start_server: StartServer, new_database: str) -> None:
    """With the setting, counting stops: X-Total-Count says how far, X-Total-Count-Capped that."""
    server = start_server(database=new_database, total_limit=3)
    with server.client() as client:
        for letter in "abcdef":
            create(client, FORMAT, {"name": letter})
        page = client.get(FORMAT, params={"limit": "2"})
        assert page.headers["x-total-count"] == "3"
        assert page.headers["x-total-count-capped"] == "true"
        assert "last" not in links(page)
        seen = names(page)
        while "next" in links(page):
            page = client.get(links(page)["next"])
            seen += names(page)
        assert seen == list("abcdef")
        few = client.get(FORMAT, params={"name": "a,b"})
        assert few.headers["x-total-count"] == "2"
        assert "x-total-count-capped" not in few.headers


def test_ranges(start_server: StartServer, new_database: str) -> None:
    """With the setting, a part of a list is a 206 and Range asks for one (TMF630 4.5)."""
    server = start_server(database=new_database, partial_content=True)
    with server.client() as client:
        for letter in "abcdef":
            create(client, FORMAT, {"name": letter})
        part = client.get(FORMAT, headers={"range": "items=3-4"})
        assert (part.status_code, part.headers["content-range"]) == (206, "items 3-4/6")
        assert [row["name"] for row in part.json()] == ["c", "d"]
        page = client.get(FORMAT, params={"limit": "2", "offset": "4"})
        assert (page.status_code, page.headers["content-range"]) == (206, "items 5-6/6")
        for whole in ({}, {"range": "items=1-9"}, {"range": "bytes=0-5"}, {"range": "items=4-3"}):
            answer = client.get(FORMAT, headers=whole)
            assert answer.status_code == 200
            assert "content-range" not in answer.headers
            assert len(answer.json()) == 6


def test_ranges_are_off_by_default(client: httpx.Client, letters: str) -> None:
    """Without the setting every list is exactly a 200, as the conformance kits ask."""
    query = {"description": letters}
    answer = client.get(FORMAT, params=query, headers={"range": "items=1-2"})
    assert (answer.status_code, len(answer.json())) == (200, 26)
