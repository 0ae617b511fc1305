"""Collections that stand in instances of others, and documents that name who holds them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from tests.commands.running import run
from tests.http.asking import JSON_PATCH, patch, refused
from tests.http.test_side_by_side import with_hub
from tests.serving import (
    DATABASES,
    MakeDatabase,
    Server,
    StartServer,
    launch,
    select,
    stop_cleanly,
)
from tmfserver.cli import commands

BASE = "/tmf-api/shelfManagement/v1"


def contract() -> dict[str, Any]:
    """Shelves with boxes, boxes with labels; labels that are also listed by who wrote them."""
    kinds = ("shelf", "box", "label")
    schemas: dict[str, Any] = {
        kind.capitalize(): {
            "type": "object",
            "required": ["name"],
            "properties": {
                "id": {"type": "string"},
                "href": {"type": "string"},
                "name": {"type": "string"},
                "writer": {"type": "object", "properties": {"id": {"type": "string"}}},
            },
        }
        for kind in kinds
    }
    places = {
        "/shelf": "Shelf",
        "/shelf/{shelfId}/box": "Box",
        "/shelf/{shelfId}/box/{boxId}/tape": "Label",
        "/label": "Label",
        "/writer/{writerId}/label": "Label",
    }
    paths: dict[str, Any] = {}
    for path, schema in places.items():
        one = {"$ref": f"#/definitions/{schema}"}
        body = {"name": "it", "in": "body", "required": True, "schema": one}
        good = {"description": "", "schema": one}
        paths[path] = {
            "get": {
                "responses": {"200": {"description": "", "schema": {"type": "array", "items": one}}}
            },
            "post": {"parameters": [body], "responses": {"201": good}},
        }
        paths[f"{path}/{{oneId}}"] = {
            "get": {"responses": {"200": good}},
            "patch": {"parameters": [body], "responses": {"200": good}},
            "put": {"parameters": [body], "responses": {"200": good}},
            "delete": {"responses": {"204": {"description": ""}}},
        }
    size = {"type": "object", "required": ["width"]}
    size["properties"] = {"width": {"type": "integer"}, "height": {"type": "integer"}}
    schemas["Size"] = size
    schemas["Shelf"]["properties"] |= {"size": {"$ref": "#/definitions/Size"}}
    schemas["Shelf"]["properties"] |= {"colour": {"type": "string"}}
    called = {"name": {"type": "string"}, "colour": {"type": "string"}}
    schemas["Look"] = {"type": "object", "properties": called}
    weight = {"type": "object", "required": ["kilos"], "properties": {"kilos": {"type": "number"}}}
    schemas["Weight"] = weight
    for word, put in (("size", "200"), ("look", "204"), ("weight", "200")):
        one, done = {"$ref": f"#/definitions/{word.capitalize()}"}, {"description": ""}
        good = {"description": "", "schema": one}
        body = {"name": "it", "in": "body", "required": True, "schema": one}
        paths[f"/shelf/{{shelfId}}/{word}"] = {
            "get": {"responses": {"200": good}},
            "put": {"parameters": [body], "responses": {put: good if put == "200" else done}},
            "patch": {"parameters": [body], "responses": {"200": good}},
        }
    paths["/shelf/{shelfId}/paint"] = {"post": {"responses": {"200": {"description": ""}}}}
    info = {"title": "Shelf Management", "version": "1.0"}
    return {"swagger": "2.0", "info": info, "paths": paths, "definitions": schemas}


@pytest.fixture(scope="module")
def specs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("shelves") / "shelves.json"
    file.write_text(json.dumps(contract()))
    return file


@pytest.fixture(scope="module", params=DATABASES)
def own_server(
    request: pytest.FixtureRequest,
    make_database: MakeDatabase,
    tmp_path_factory: pytest.TempPathFactory,
    specs: Path,
) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    server = launch(folder, make_database(request.param), specs=[specs])
    yield server
    stop_cleanly(server)


@pytest.fixture(scope="module")
def client(own_server: Server) -> Iterator[httpx.Client]:
    with own_server.client(base_url=own_server.url + BASE) as made:
        yield made


def made(client: httpx.Client, path: str, **more: Any) -> str:
    response = client.post(path, json={"name": "it", **more})
    assert response.status_code == 201, response.text
    assert response.headers["location"] == response.json()["href"]
    assert response.json()["href"].endswith(f"{path}/{response.json()['id']}")
    id: str = response.json()["id"]
    return id


def ids(client: httpx.Client, path: str, **query: str) -> list[str]:
    response = client.get(path, params=query)
    assert response.status_code == 200, response.text
    assert len(response.json()) == int(response.headers["x-total-count"])
    return [each["id"] for each in response.json()]


def test_each_holder_has_documents_of_its_own(client: httpx.Client) -> None:
    """The same id in two shelves is two boxes; lists, filters and changes keep to one."""
    first, second = made(client, "/shelf"), made(client, "/shelf")
    for shelf in (first, second):
        made(client, f"/shelf/{shelf}/box", id="b", name=f"of {shelf}")
        refused(client.post(f"/shelf/{shelf}/box", json={"id": "b", "name": "x"}), 409, "'b'")
    boxes = f"/shelf/{first}/box"
    assert ids(client, boxes) == ["b"]
    assert ids(client, boxes, id="b") == ["b"]
    assert ids(client, boxes, **{"id.contains": first[:8]}) == []
    assert ids(client, boxes, filter="$[?(@.id=='b')]", sort="-id") == ["b"]
    changed = patch(client, f"{boxes}/b", {"name": "new"}, "application/json")
    assert changed.json() == {**changed.json(), "id": "b", "name": "new"}
    assert client.put(f"{boxes}/b", json={"name": "newer"}).json()["name"] == "newer"
    assert client.get(f"/shelf/{second}/box/b").json()["name"] == f"of {second}"
    assert client.delete(f"{boxes}/b").status_code == 204
    assert ids(client, boxes) == []
    assert ids(client, f"/shelf/{second}/box") == ["b"]


def test_a_holder_has_to_be_there(client: httpx.Client) -> None:
    """404 names the first that is not."""
    shelf = made(client, "/shelf")
    refused(client.get("/shelf/none/box"), 404, "shelf", "'none'")
    refused(client.post("/shelf/none/box", json={"name": "x"}), 404, "'none'")
    refused(client.get(f"/shelf/{shelf}/box/none/tape"), 404, "box", "'none'")
    refused(client.get(f"/shelf/{shelf}/box/none"), 404, "'none'")


def test_what_stands_in_a_document_goes_with_it(client: httpx.Client) -> None:
    """At any depth, and nothing of others."""
    shelf, other = made(client, "/shelf"), made(client, "/shelf")
    for each in (shelf, other):
        made(client, f"/shelf/{each}/box", id="b")
        made(client, f"/shelf/{each}/box/b/tape", id="t")
    assert client.delete(f"/shelf/{shelf}").status_code == 204
    made(client, "/shelf", id=shelf)
    assert ids(client, f"/shelf/{shelf}/box") == []
    made(client, f"/shelf/{shelf}/box", id="b")
    assert ids(client, f"/shelf/{shelf}/box/b/tape") == []
    assert ids(client, f"/shelf/{other}/box/b/tape") == ["t"]


def test_a_holder_may_be_what_the_document_names(client: httpx.Client) -> None:
    """/writer/{writerId}/label are those labels whose writer it is, and /label has them all."""
    mine = made(client, "/label", writer={"id": "ada"})
    made(client, "/label", writer={"id": "bob"})
    through = client.post("/writer/ada/label", json={"name": "it"}).json()
    assert through["writer"] == {"id": "ada"}
    assert ids(client, "/writer/ada/label") == [mine, through["id"]]
    assert client.get(f"/writer/ada/label/{mine}").json()["id"] == mine
    refused(client.get(f"/writer/bob/label/{mine}"), 404, mine)
    other = {"name": "x", "writer": {"id": "bob"}}
    refused(client.post("/writer/ada/label", json=other), 409, "writer")
    assert client.delete(f"/writer/ada/label/{mine}").status_code == 204


def test_lists_in_a_holder_are_lists(client: httpx.Client) -> None:
    """Filters, JSONPath, order, selection, offsets and cursors go no further than the holder."""
    first, second = made(client, "/shelf"), made(client, "/shelf")
    names = ["e", "c", "a", "d", "b"]
    for shelf in (first, second):
        for name in names:
            made(client, f"/shelf/{shelf}/box", id=f"{name}-{shelf}", name=name)
    boxes, mine = f"/shelf/{first}/box", f"-{first}"
    assert ids(client, boxes) == [name + mine for name in names]
    assert ids(client, boxes, name="c,a") == [f"c{mine}", f"a{mine}"]
    assert ids(client, boxes, **{"name.gt": "c", "sort": "-name"}) == [f"e{mine}", f"d{mine}"]
    assert ids(client, boxes, filter="$[?(@.name=='b' || @.name=='c')]", sort="name") == [
        f"b{mine}", f"c{mine}"
    ]  # fmt: skip
    assert ids(client, boxes, **{"id.gte": "d", "sort": "id"}) == [f"d{mine}", f"e{mine}"]
    for other in ("@.name=~'c.*'", "!(@.name=~'[abde].*')", "(@.name==$.name && @.name=='c')"):
        either = f"$[?(@.id=='e{mine}' || {other})]"
        assert ids(client, boxes, filter=either) == [f"e{mine}", f"c{mine}"], other
    neither = f"$[?(!(@.id=='e{mine}' || @.name=~'[abd].*'))]"
    assert ids(client, boxes, filter=neither) == [f"c{mine}"]
    assert ids(client, boxes, filter=f"$[?(!(@.id>'b' || @.id=='a{mine}'))]") == []
    href = client.get(boxes, params={"name": "a"}).json()[0]["href"]
    assert href.endswith(f"{BASE}{boxes}/a{mine}")
    assert ids(client, boxes, href=href) == [f"a{mine}"]
    (shown,) = client.get(boxes, params={"name": "a", "fields": "name"}).json()
    assert shown == {"id": f"a{mine}", "href": href, "name": "a"}
    part = client.get(boxes, params={"offset": "3", "limit": "4", "sort": "name"})
    assert [each["name"] for each in part.json()] == ["d", "e"]
    assert part.headers["x-total-count"] == "5"
    for order in ("", "-name", "id"):
        whole = ids(client, boxes, **({"sort": order} if order else {}))
        assert _by_pages(client, boxes, order) == whole


def _by_pages(client: httpx.Client, path: str, order: str) -> list[str]:
    """The ids of a list whose pages lead to each other, there and back."""
    page = client.get(path, params={"limit": "2", **({"sort": order} if order else {})})
    found = [each["id"] for each in page.json()]
    while "next" in page.links:
        assert "cursor" in page.links["next"]["url"]
        before, page = page, client.get(page.links["next"]["url"])
        found += [each["id"] for each in page.json()]
        assert client.get(page.links["prev"]["url"]).json() == before.json()
    return found


def test_many_are_made_at_once_in_a_holder(client: httpx.Client) -> None:
    """By a JSON Patch on its collection, all or none, also where documents name the holder."""
    shelf = made(client, "/shelf")

    def bulk(path: str, *documents: dict[str, Any]) -> httpx.Response:
        body = [{"op": "add", "path": "/-", "value": each} for each in documents]
        return patch(client, path, body, JSON_PATCH)

    boxes = f"/shelf/{shelf}/box"
    good = bulk(boxes, {"id": "a", "name": "x"}, {"id": "b", "name": "y"})
    assert good.status_code == 200, good.text
    assert [each["href"].endswith(f"{boxes}/{each['id']}") for each in good.json()] == [True, True]
    refused(bulk(boxes, {"id": "c", "name": "x"}, {"id": "b", "name": "y"}), 409, "'b'")
    refused(bulk(boxes, {"id": "c"}), 400, "name")
    refused(bulk("/shelf/none/box", {"name": "x"}), 404, "'none'")
    assert ids(client, boxes) == ["a", "b"]
    good = bulk("/writer/cyd/label", {"name": "x"}, {"name": "y"})
    assert [each["writer"] for each in good.json()] == [{"id": "cyd"}] * 2
    other = {"name": "x", "writer": {"id": "bob"}}
    refused(bulk("/writer/cyd/label", {"name": "z"}, other), 409, "writer")
    assert len(ids(client, "/writer/cyd/label")) == 2


def test_a_create_in_a_holder_is_done_once(client: httpx.Client) -> None:
    """Sent again with its key, it is answered as it was."""
    path, header = f"/shelf/{made(client, '/shelf')}/box", {"idempotency-key": uuid.uuid4().hex}
    first, again = (client.post(path, json={"name": "x"}, headers=header) for _ in range(2))
    assert (first.status_code, first.json()) == (201, again.json())
    assert len(ids(client, path)) == 1


def test_lists_below_an_instance_are_explained(own_server: Server, specs: Path) -> None:
    """By their paths, with or without the base path; what may be explained names them."""
    flags = ["--database", own_server.database, "--specs", specs]
    told = run("explain", "shelf/s1/box?name=x", *flags)
    assert told.startswith(f"box at {BASE}/shelf/s1/box\n")
    assert 'id >= "s1/" as string' in told
    assert 'where name = "x" as string: from each document' in told
    told = run("explain", f"{BASE}/writer/ada/label", *flags)
    assert 'where writer.id = "ada" as string' in told
    failed = CliRunner().invoke(commands, ["explain", "box", *map(str, flags)])
    assert "shelf/{shelfId}/box/{boxId}/tape" in str(failed.exception)


def test_a_holder_that_two_contracts_share_takes_along_what_stands_in_it(
    tmp_path: Path, new_database: str, start_server: StartServer
) -> None:
    """Of both, through whichever it goes."""
    newer = contract()
    newer["info"]["version"] = "2.0"
    for name, document in (("old", contract()), ("new", newer)):
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
    one = "shelfManagement/v2/shelf=shelfManagement/v1/shelf"
    server = start_server(database=new_database, specs=[tmp_path], shared_tables=one)
    with server.client(base_url=server.url + BASE) as client:
        shelf = made(client, "/shelf")
        boxes = f"{server.url}{BASE.replace('v1', 'v2')}/shelf/{shelf}/box"
        assert client.post(boxes, json={"name": "x"}).status_code == 201
        assert client.delete(f"/shelf/{shelf}").status_code == 204
        refused(client.get(boxes), 404, shelf)
        made(client, "/shelf", id=shelf)
        assert client.get(boxes).json() == []


def test_an_attribute_may_have_a_path_of_its_own(client: httpx.Client) -> None:
    """Its value is read, put and patched there, and the whole is what changes."""
    shelf = made(client, "/shelf")
    path = f"/shelf/{shelf}/size"
    refused(client.get(path), 404, "size", shelf)
    assert client.put(path, json={"width": 4, "height": 2}).json() == {"width": 4, "height": 2}
    changed = patch(client, path, {"height": None, "width": 5})
    assert changed.json() == {"width": 5}
    whole = client.get(f"/shelf/{shelf}")
    assert whole.json()["size"] == {"width": 5}
    assert whole.headers["etag"] == changed.headers["etag"] == client.get(path).headers["etag"]
    again = client.get(path, headers={"if-none-match": changed.headers["etag"]})
    assert again.status_code == 304
    refused(client.put(path, json={"height": 2}), 400, "width")
    refused(client.put(path, json={"width": 2}, headers={"if-match": '"1"'}), 412)
    refused(patch(client, path, {"width": "x"}), 400, "width")
    refused(client.get("/shelf/none/size"), 404, "'none'")


def test_some_attributes_may_have_a_path_of_their_own(client: httpx.Client) -> None:
    """Those that the schema there has; what a PUT leaves out goes, and the rest stays."""
    shelf = made(client, "/shelf", colour="red", size={"width": 1})
    path = f"/shelf/{shelf}/look"
    assert client.get(path).json() == {"name": "it", "colour": "red"}
    put = client.put(path, json={"name": "new"})
    assert (put.status_code, put.content) == (204, b"")
    assert client.get(path).json() == {"name": "new"}
    assert patch(client, path, {"colour": "blue"}).json() == {"name": "new", "colour": "blue"}
    whole = client.get(f"/shelf/{shelf}").json()
    assert (whole["name"], whole["colour"], whole["size"]) == ("new", "blue", {"width": 1})
    refused(client.put(path, json={"colour": "x"}), 409, "name")  # which a shelf needs
    refused(client.delete(path), 405)


def test_what_is_no_part_of_an_instance_is_not_served(client: httpx.Client, specs: Path) -> None:
    """An object whose attributes the instance has not: 501, and `check` lists the operations."""
    shelf = made(client, "/shelf")
    refused(client.get(f"/shelf/{shelf}/weight"), 501, "getShelfByShelfIdWeight")
    refused(client.put(f"/shelf/{shelf}/weight", json={"kilos": 1}), 501)
    told = [line for line in run("check", specs).splitlines() if "501" in line]
    assert [line.split(": ")[1] for line in told] == [
        f"{method} /shelf/{{shelfId}}/{name} ({method.lower()}ShelfByShelfId{name.capitalize()})"
        for name, methods in (("weight", ("GET", "PUT", "PATCH")), ("paint", ("POST",)))
        for method in methods
    ]


REFERRING = """
from tmfserver.rules import Rules

rules = Rules(references={"writer": "shelf"})
"""


def test_references_from_below_an_instance_are_followed(
    tmp_path: Path, specs: Path, new_database: str, start_server: StartServer
) -> None:
    """By `depth` and `expand`, which the effective contract declares there."""
    (tmp_path / "box.py").write_text(REFERRING)
    (tmp_path / "label.py").write_text(REFERRING)
    server = start_server(database=new_database, specs=[specs], handlers=tmp_path)
    with server.client(base_url=server.url + BASE) as client:
        shelf = made(client, "/shelf", id="s", colour="red")
        for path in (f"/shelf/{shelf}/box", f"/writer/{shelf}/label"):
            client.post(path, json={"id": "b", "name": "it", "writer": {"id": shelf}})
            (found,) = client.get(path, params={"depth": "1"}).json()
            assert found["writer"]["colour"] == "red"
            one = client.get(f"{path}/b", params={"expand": "writer"}).json()
            assert one["writer"]["href"].endswith("/shelf/s")
            refused(client.get(path, params={"expand": "name"}), 400, "writer")
        paths = client.get("/openapi.json").json()["paths"]
        for path in ("/shelf/{shelfId}/box", "/writer/{writerId}/label/{oneId}"):
            names = [each["name"] for each in paths[path]["get"]["parameters"]]
            assert {"depth", "expand"} <= set(names)


def telling() -> dict[str, Any]:
    """The same contract with a hub and an event of boxes, which have an extent."""
    document = with_hub(contract())
    schemas = document["definitions"]
    schemas["Box"]["properties"] |= {"extent": {"type": "integer"}}
    holder = {"type": "object", "properties": {"box": {"$ref": "#/definitions/Box"}}}
    names = ("eventId", "eventType", "eventTime")
    told = {"event": holder, **{name: {"type": "string"} for name in names}}
    schemas["BoxCreateEvent"] = {"type": "object", "properties": told}
    body = {"name": "data", "in": "body", "required": True}
    body["schema"] = {"$ref": "#/definitions/BoxCreateEvent"}
    post = {"parameters": [body], "responses": {"204": {"description": ""}}}
    document["paths"]["/listener/boxCreateEvent"] = {"post": post}
    return document


def test_what_happens_below_an_instance_is_told(
    tmp_path: Path, new_database: str, start_server: StartServer
) -> None:
    """Listeners' queries compare as the contract says; with `events` = all what the contract does
    not declare is told, too."""
    file = tmp_path / "shelves.json"
    file.write_text(json.dumps(telling()))
    server = start_server(database=new_database, specs=[file], events="all")
    with server.client(base_url=server.url + BASE) as client:
        queries = ("eventType=BoxCreateEvent&event.box.extent.gt=9", "eventType=BoxDeleteEvent")
        for query in queries:
            listener = {"callback": "http://127.0.0.1:9/", "query": query}
            assert client.post("/hub", json=listener).status_code == 201
        boxes = f"/shelf/{made(client, '/shelf')}/box"
        made(client, boxes, id="a", extent=10)
        made(client, boxes, id="b", extent=9)
        assert client.delete(f"{boxes}/b").status_code == 204
    told = select(new_database, "SELECT type, document FROM event ORDER BY seq")
    assert [
        (type_, json.loads(text)["event"]["box"]["href"].rpartition(BASE)[2])
        for type_, text in told
    ] == [("BoxCreateEvent", f"{boxes}/a"), ("BoxDeleteEvent", f"{boxes}/b")]
    assert "events: BoxCreateEvent" in run("check", file)


def test_a_task_on_an_instance_is_not_served(client: httpx.Client) -> None:
    """501 names the operation; the rest of the file runs."""
    shelf = made(client, "/shelf")
    refused(client.post(f"/shelf/{shelf}/paint"), 501, "postShelfByShelfIdPaint")
