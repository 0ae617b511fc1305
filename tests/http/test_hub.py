"""The hub (TMF630 10): who wants to be told of changes."""

from __future__ import annotations

import uuid

import httpx
import pytest
from tests.http.asking import ACCOUNTS, USAGES, raw, refused, request_bytes
from tests.serving import Server, StartServer

HUBS = (f"{ACCOUNTS}/hub", f"{USAGES}/hub")
HUB = HUBS[1]


def callback(word: str = "") -> str:
    """A callback of this test's own."""
    return f"http://listener.example:8080/{uuid.uuid4()}/{word}"


def register(client: httpx.Client, hub: str, **listener: str) -> dict[str, str]:
    response = client.post(hub, json=listener)
    assert response.status_code == 201, response.text
    made: dict[str, str] = response.json()
    return made


@pytest.mark.parametrize("hub", HUBS)
def test_a_listener_comes_and_goes(client: httpx.Client, hub: str) -> None:
    """POST registers (201, Location), GET gives the listener, DELETE unregisters (204)."""
    listener = {"callback": callback(), "query": "eventType=UsageCreateEvent"}
    response = client.post(hub, json=listener)
    assert response.status_code == 201
    made = response.json()
    assert made == {"id": made["id"], **listener}
    assert response.headers["location"].endswith(f"{hub}/{made['id']}")
    assert client.get(response.headers["location"]).json() == made
    response = client.delete(f"{hub}/{made['id']}")
    assert (response.status_code, response.content) == (204, b"")
    for again in (client.get(f"{hub}/{made['id']}"), client.delete(f"{hub}/{made['id']}")):
        refused(again, 404, made["id"])


def test_a_listener_needs_no_query(client: httpx.Client) -> None:
    """Without a query a listener hears everything, and none is given back."""
    made = register(client, HUB, callback=callback())
    assert made.keys() == {"id", "callback"}


def test_the_same_listener_twice_is_a_conflict(client: httpx.Client) -> None:
    """The same callback and query again is 409; another query, or another API, is another."""
    own, query = callback(), "eventType=UsageCreateEvent"
    made = register(client, HUB, callback=own, query=query)
    for _ in range(2):
        refused(client.post(HUB, json={"callback": own, "query": query}), 409, made["id"])
    register(client, HUB, callback=own)
    refused(client.post(HUB, json={"callback": own}), 409)
    register(client, HUBS[0], callback=own, query=query)
    client.delete(f"{HUB}/{made['id']}")
    register(client, HUB, callback=own, query=query)


@pytest.mark.parametrize(
    "bad",
    ["", " ", "nonsense", "ftp://host/x", "file:///etc/passwd", "javascript:alert(1)", "http://",
     "http:///path", "//host/path", "http://a b/", "https://host:port/", None, 5, ["http://a"]],
    ids=str,
)  # fmt: skip
def test_a_callback_is_an_http_url(client: httpx.Client, bad: object) -> None:
    """A callback that is no http(s) URL is 400, naming callback."""
    refused(client.post(HUB, json={"callback": bad}), 400, "callback")


def test_a_listener_has_a_callback(client: httpx.Client) -> None:
    """A listener without a callback is 400; so is one that is no object, or no JSON."""
    refused(client.post(HUB, json={"query": "eventType=X"}), 400, "callback")
    refused(client.post(HUB, json=[{"callback": callback()}]), 400)
    refused(client.post(HUB, content="{", headers={"content-type": "application/json"}), 400)
    refused(client.post(HUB, content="{}", headers={"content-type": "text/plain"}), 415)


def test_a_query_is_a_text(client: httpx.Client) -> None:
    """A query of another type than text is 400, naming query."""
    refused(client.post(HUB, json={"callback": callback(), "query": 5}), 400, "query")


def test_each_api_has_its_own_hub(client: httpx.Client) -> None:
    """A listener of one API is unknown to the other's hub."""
    made = register(client, HUBS[0], callback=callback())
    refused(client.get(f"{HUBS[1]}/{made['id']}"), 404, made["id"])
    refused(client.delete(f"{HUBS[1]}/{made['id']}"), 404, made["id"])
    assert client.get(f"{HUBS[0]}/{made['id']}").json() == made


def test_an_unknown_listener_is_404(client: httpx.Client, server: Server) -> None:
    """GET and DELETE of an unknown listener are 404."""
    for id in (str(uuid.uuid4()), "a%2Fb", "%00", ".."):
        path = f"{HUB}/{id}".encode()
        refused(raw(server.port, request_bytes(b"GET", path)), 404)
        refused(raw(server.port, request_bytes(b"DELETE", path)), 404)


def test_listeners_are_kept(start_server: StartServer, new_database: str) -> None:
    """A listener is there after a restart, one that was unregistered is not."""
    first = start_server(database=new_database)
    with first.client() as client:
        stays = register(client, HUB, callback=callback(), query="eventType=UsageDeleteEvent")
        goes = register(client, HUB, callback=callback())
        assert client.delete(f"{HUB}/{goes['id']}").status_code == 204
    first.kill()
    second = start_server(database=new_database)
    with second.client() as client:
        assert client.get(f"{HUB}/{stays['id']}").json() == stays
        refused(client.get(f"{HUB}/{goes['id']}"), 404)
        refused(client.post(HUB, json={k: stays[k] for k in ("callback", "query")}), 409)
