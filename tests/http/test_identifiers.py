"""Ids and hrefs: who gives them, what they may hold, and where they lead."""

from __future__ import annotations

import uuid

import httpx
import pytest
from tests.http.asking import (
    FINANCIAL,
    FORMAT,
    USAGE,
    create,
    raw,
    refused,
    request_bytes,
    unchanged,
    unique,
)
from tests.serving import Server, StartServer

OWN_IDS = ("plain", "with.dot", "a~b!$&'()*+,;=:@-_", "UPPER", "9", "e" * 230)
BAD_IDS = ("a/b", "a?b", "a%b", "a%2Fb", "..", ".", ".hidden", "", " ", "a b", "é", "a#b", "a\\b",
           "a\nb", "x" * 256, "<b>")  # fmt: skip


def test_the_server_gives_a_uuid_of_version_7(client: httpx.Client) -> None:
    """Without an id of the client's, the id is a UUIDv7, so that ids grow with time."""
    ids = [uuid.UUID(create(client, USAGE, {})["id"]) for _ in range(3)]
    assert [id.version for id in ids] == [7, 7, 7]
    assert ids == sorted(ids)


@pytest.mark.parametrize("word", OWN_IDS)
def test_a_client_may_bring_its_own_id(client: httpx.Client, word: str) -> None:
    """The client's id is taken as it is, and the href that holds it leads back."""
    id = word + uuid.uuid4().hex[:12]
    made = create(client, USAGE, {"id": id})
    assert made["id"] == id
    assert client.get(made["href"]).json() == made
    assert client.get(USAGE, params={"id": f'"{id}"'}).json() == [made]


def test_a_taken_id_is_a_conflict(client: httpx.Client) -> None:
    """An id that is in use is 409, and what has it stays as it is; elsewhere it is free."""
    id = str(uuid.uuid4())
    made = create(client, FORMAT, {"id": id, "name": "first"})
    with unchanged(client, FORMAT):
        refused(client.post(FORMAT, json={"id": id, "name": "second"}), 409, id)
    assert client.get(f"{FORMAT}/{id}").json() == made
    create(client, FINANCIAL, {"id": id, "name": "another resource"})


@pytest.mark.parametrize("id", BAD_IDS)
def test_an_id_that_no_url_holds_is_refused(client: httpx.Client, id: str) -> None:
    """An id with characters that mean something else in a URL is 400, naming id."""
    with unchanged(client, USAGE):
        refused(client.post(USAGE, json={"id": id}), 400, "id")


@pytest.mark.parametrize("id", [5, None, True, ["a"], {"a": 1}], ids=str)
def test_an_id_that_is_no_text_is_refused(client: httpx.Client, id: object) -> None:
    """An id of another type than text is 400, naming id."""
    with unchanged(client, USAGE):
        refused(client.post(USAGE, json={"id": id}), 400, "id")


@pytest.mark.parametrize(
    "segment",
    [b"a/b", b"a%2Fb", b"a%3Fb", b"a%25b", b"a%", b"a%zz", b"..", b".", b"%2e%2e", b"a%00b",
     b"%ff", b"%C3%A9", b"%20", b"..%2f..%2f..%2fetc%2fpasswd", b"x" * 5000],
    ids=lambda segment: segment[:12].decode(),
)  # fmt: skip
@pytest.mark.parametrize("method", [b"GET", b"DELETE"])
def test_an_odd_id_in_a_path_is_not_found(server: Server, method: bytes, segment: bytes) -> None:
    """No id of such characters exists: 404 (or 400), a TM Forum Error."""
    path = USAGE.encode() + b"/" + segment
    response = raw(server.port, request_bytes(method, path))
    assert response.status_code in (400, 404)
    refused(response, response.status_code)


@pytest.mark.parametrize(
    "host", ["api.example.com", "api.example.com:8443", "127.0.0.1", "[2001:db8::1]:8080"]
)
def test_href_is_absolute_and_as_the_client_asked(client: httpx.Client, host: str) -> None:
    """An href is an absolute URL on the host that the client spoke to."""
    id = create(client, USAGE, {"description": unique("hosted")})["id"]
    expected = f"http://{host}{USAGE}/{id}"
    headers = {"host": host}
    assert client.get(f"{USAGE}/{id}", headers=headers).json()["href"] == expected
    assert client.get(USAGE, params={"id": id}, headers=headers).json()[0]["href"] == expected
    assert client.patch(f"{USAGE}/{id}", json={}, headers=headers).json()["href"] == expected
    response = client.post(USAGE, json={}, headers=headers)
    assert response.headers["location"].startswith(f"http://{host}{USAGE}/")


@pytest.mark.parametrize("host", ["a/b", "a b", "<script>", "a?b", "a@b"])
def test_a_host_that_is_none_is_refused(client: httpx.Client, host: str) -> None:
    """A Host header that would spoil the href is 400."""
    with unchanged(client, USAGE):
        refused(client.post(USAGE, json={}, headers={"host": host}), 400, "Host")


def test_the_public_url_goes_before_the_host(start_server: StartServer) -> None:
    """With TMFSERVER_PUBLIC_URL every href, Location and link begins with it."""
    public = "https://api.example.com"
    server = start_server(environment={"TMFSERVER_PUBLIC_URL": public})
    with server.client() as client:
        response = client.post(USAGE, json={})
        made = response.json()
        assert made["href"] == response.headers["location"] == f"{public}{USAGE}/{made['id']}"
        create(client, USAGE, {})
        page = client.get(USAGE, params={"limit": "1"})
        assert f"<{public}{USAGE}?" in page.headers["link"]
        assert server.url not in page.headers["link"]
        assert client.get(USAGE, params={"href": made["href"]}).json() == [made]
