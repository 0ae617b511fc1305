"""Collections that stand in instances of others, and documents that name who holds them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.http.asking import patch, refused
from tests.serving import DATABASES, MakeDatabase, launch, stop_cleanly

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
    paths["/shelf/{shelfId}/paint"] = {"post": {"responses": {"200": {"description": ""}}}}
    info = {"title": "Shelf Management", "version": "1.0"}
    return {"swagger": "2.0", "info": info, "paths": paths, "definitions": schemas}


@pytest.fixture(scope="module", params=DATABASES)
def client(
    request: pytest.FixtureRequest,
    make_database: MakeDatabase,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("shelves")
    (folder / "shelves.json").write_text(json.dumps(contract()))
    server = launch(folder, make_database(request.param), specs=[folder / "shelves.json"])
    with server.client(base_url=server.url + BASE) as made:
        yield made
    stop_cleanly(server)


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


def test_a_task_on_an_instance_is_not_served(client: httpx.Client) -> None:
    """501 names the operation; the rest of the file runs."""
    shelf = made(client, "/shelf")
    refused(client.post(f"/shelf/{shelf}/paint"), 501, "postShelfByShelfIdPaint")
