"""Conditional requests (RFC 9110): ETag, If-Match, If-None-Match, Last-Modified."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime

import httpx
import pytest
from tests.http.asking import FORMAT, Document, create, patch, refused, unique


@pytest.fixture
def made(client: httpx.Client) -> Document:
    return create(client, FORMAT, {"name": unique("format")})


def at(made: Document) -> str:
    return f"{FORMAT}/{made['id']}"


def test_every_answer_with_one_resource_has_an_etag(client: httpx.Client) -> None:
    """POST, GET and PATCH tell the same ETag for the same state, and another for another."""
    created = client.post(FORMAT, json={"name": "first"})
    path = at(created.json())
    assert client.get(path).headers["etag"] == created.headers["etag"]
    patched = patch(client, path, {"name": "second"})
    assert patched.headers["etag"] != created.headers["etag"]
    assert client.get(path).headers["etag"] == patched.headers["etag"]
    back = patch(client, path, {"name": "first"})
    assert back.headers["etag"] not in (created.headers["etag"], patched.headers["etag"])
    for response in (created, patched, back):
        etag = response.headers["etag"]
        assert etag.startswith('"')
        assert etag.endswith('"')


def test_last_modified_is_when_it_changed(client: httpx.Client) -> None:
    """Last-Modified is an HTTP date, the moment of the last change."""
    before = int(time.time())
    created = client.post(FORMAT, json={"name": "first"})
    for response in (created, client.get(at(created.json()))):
        moment = parsedate_to_datetime(response.headers["last-modified"]).timestamp()
        assert before <= moment <= time.time()
        assert response.headers["last-modified"].endswith(" GMT")


def test_what_the_client_has_is_not_sent_again(client: httpx.Client, made: Document) -> None:
    """If-None-Match with the current ETag is answered 304 without a body."""
    etag = client.get(at(made)).headers["etag"]
    for value in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        response = client.get(at(made), headers={"if-none-match": value})
        assert (response.status_code, response.content) == (304, b"")
        assert response.headers["etag"] == etag
    response = client.get(at(made), headers={"if-none-match": '"other"'})
    assert response.status_code == 200
    patch(client, at(made), {"name": "changed"})
    response = client.get(at(made), headers={"if-none-match": etag})
    assert response.json()["name"] == "changed"


def test_a_change_of_what_others_changed_is_412(client: httpx.Client, made: Document) -> None:
    """PATCH and DELETE with another ETag than the current in If-Match are 412, and do nothing."""
    stale = client.get(at(made)).headers["etag"]
    now = patch(client, at(made), {"description": "by another"})
    for value in (stale, '"other"', f'{stale}, "other"'):
        headers = {"if-match": value}
        refused(client.patch(at(made), json={"name": "x"}, headers=headers), 412, "If-Match")
        refused(client.delete(at(made), headers=headers), 412, "If-Match")
    assert client.get(at(made)).json() == now.json()


def test_a_change_of_what_the_client_knows_is_done(client: httpx.Client, made: Document) -> None:
    """If-Match with the current ETag, one of several, or `*`, lets the change through."""
    for number, value in enumerate(("{}", '"other", {}', "*")):
        etag = client.get(at(made)).headers["etag"]
        headers = {"if-match": value.format(etag)}
        response = client.patch(at(made), json={"description": str(number)}, headers=headers)
        assert response.status_code == 200
        assert response.json()["description"] == str(number)
    etag = client.get(at(made)).headers["etag"]
    assert client.delete(at(made), headers={"if-match": etag}).status_code == 204


def test_a_condition_on_nothing(client: httpx.Client, made: Document) -> None:
    """If-Match on an id that is not there is 404 or 412, never done."""
    path = at(made)
    client.delete(path)
    for response in (
        client.patch(path, json={"name": "x"}, headers={"if-match": "*"}),
        client.delete(path, headers={"if-match": '"a"'}),
    ):
        assert response.status_code in (404, 412)
        refused(response, response.status_code)
