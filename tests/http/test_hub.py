"""The hub (TMF630 10): who wants to be told of changes."""

from __future__ import annotations

import base64
import json
import uuid
from pathlib import Path

import httpx
import pytest
from tests.http.asking import ACCOUNTS, USAGES, raw, refused, request_bytes
from tests.serving import Server, StartServer, select

from tmfserver.planning import bundled_specs

OWN = "TMF635-Usage-Management-v4.0.0.swagger.json"
HUBS = (f"{ACCOUNTS}/hub", f"{USAGES}/hub")
HUB = HUBS[1]


def callback(word: str = "") -> str:
    """A callback of this test's own."""
    return f"http://listener.example:8080/{uuid.uuid4()}/{word}"


def register(client: httpx.Client, hub: str, **listener: str) -> dict[str, str]:
    response = client.post(hub, json=listener)
    assert response.status_code == 201, response.text
    made: dict[str, str] = response.json()
    assert base64.b64decode(made.pop("secret").removeprefix("whsec_"), validate=True)
    return made


@pytest.mark.parametrize("hub", HUBS)
def test_a_listener_comes_and_goes(client: httpx.Client, hub: str) -> None:
    """POST registers (201, Location), GET gives the listener, DELETE unregisters (204)."""
    listener = {"callback": callback(), "query": "eventType=UsageCreateEvent"}
    response = client.post(hub, json=listener)
    assert response.status_code == 201
    made = response.json()
    del made["secret"]
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


@pytest.mark.parametrize(
    ("query", "status", "name"),
    [
        ("limit=5", 400, "limit"),
        ("eventType=UsageCreateEvent&sort=eventTime", 400, "sort"),
        ("event.usage.usageDate.gt=yesterday", 400, "event.usage.usageDate"),
        ("filter=event.usage[", 400, "filter"),
        ("fields=event..id", 400, "fields"),
        ("filter=event.usage[?(@.a in [1])]", 501, "'in' in a JSONPath"),
    ],
)
def test_a_query_is_read_when_it_is_registered(
    client: httpx.Client, query: str, status: int, name: str
) -> None:
    """What a query says wrongly is refused, naming the parameter, and nobody is registered."""
    listener = {"callback": callback(), "query": query}
    refused(client.post(HUB, json=listener), status, name)
    assert client.post(HUB, json={**listener, "query": ""}).status_code == 201


def test_a_secret_is_shown_once(client: httpx.Client) -> None:
    """201 has the key that signs, 32 bytes of Standard Webhooks' form; nothing else shows it."""
    first, second = (
        client.post(HUB, json={"callback": callback(), "header": "Authorization: Bearer abc"})
        for _ in range(2)
    )
    keys = [made.json()["secret"] for made in (first, second)]
    assert keys[0] != keys[1]
    assert {len(base64.b64decode(key.removeprefix("whsec_"))) for key in keys} == {32}
    assert first.json().keys() == {"id", "callback", "secret"}
    again = client.get(first.headers["location"])
    assert again.json().keys() == {"id", "callback"}
    conflict = refused(client.post(HUB, json={"callback": first.json()["callback"]}), 409)
    for text in (again.text, json.dumps(conflict)):
        assert keys[0] not in text
        assert "Bearer" not in text


def test_a_header_is_kept(client: httpx.Client, server: Server) -> None:
    """The header that a listener brings is kept with it, to be sent."""
    made = register(client, HUB, callback=callback(), header="X-Token: a b")
    statement = f"SELECT header FROM listener WHERE id = '{made['id']}'"
    assert select(server.database, statement) == [("X-Token: a b",)]


@pytest.mark.parametrize(
    "bad",
    ["Bearer abc", "X-Token:", "X-Token: a\r\nHost: b", "X-Token: a\n", ": a", "X Token: a",
     "Host: b", "content-length: 1", "Transfer-Encoding: chunked", "Webhook-Signature: v1,a",
     "X-Token: é", 5, {"X-Token": "a"}],
    ids=repr,
)  # fmt: skip
def test_a_header_is_one_line_of_the_listeners_own(client: httpx.Client, bad: object) -> None:
    """A name and a value, and not what sending sets itself: else 400, naming header."""
    refused(client.post(HUB, json={"callback": callback(), "header": bad}), 400, "header")


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


def test_a_contract_that_lists_listeners_has_them_listed(
    start_server: StartServer, tmp_path: Path
) -> None:
    """GET /hub, where the contract declares it, gives the API's listeners."""
    document = json.loads((bundled_specs() / OWN).read_text(encoding="utf-8"))
    document["paths"]["/hub"]["get"] = {
        "operationId": "listListener",
        "responses": {
            "200": {
                "description": "All listeners.",
                "schema": {"type": "array", "items": {"$ref": "#/definitions/EventSubscription"}},
            }
        },
    }
    (tmp_path / OWN).write_text(json.dumps(document), encoding="utf-8")
    server = start_server(specs=tmp_path / OWN)
    with server.client() as client:
        assert client.get(HUB).json() == []
        made = [register(client, HUB, callback=callback(), query="eventType=X") for _ in range(2)]
        response = client.get(HUB)
    assert sorted(response.json(), key=str) == sorted(made, key=str)
    assert response.headers["x-total-count"] == "2"
