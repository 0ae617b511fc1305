"""Several versions of one API, and several APIs with one resource's name, in one server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.http.asking import create, patch, total
from tests.serving import StartServer, select
from tests.spec.things import contract

OLD = "/tmf-api/thingManagement/v1"
NEW = "/tmf-api/thingManagement/v2"
SHARED = "thingManagement/v2/thing=thingManagement/v1/thing(lastModified:lastUpdate extent:size)"
PART = {"part": {"label": "y"}}


def with_hub(document: dict[str, Any]) -> dict[str, Any]:
    given = {"type": "object", "required": ["callback"]}
    given["properties"] = {"callback": {"type": "string"}, "query": {"type": "string"}}
    kept = {**given, "properties": {**given["properties"], "id": {"type": "string"}}}
    document["definitions"] |= {"EventSubscriptionInput": given, "EventSubscription": kept}
    body = {"name": "data", "in": "body", "required": True}
    body["schema"] = {"$ref": "#/definitions/EventSubscriptionInput"}
    answer = {"description": "", "schema": {"$ref": "#/definitions/EventSubscription"}}
    post = {"operationId": "register", "parameters": [body], "responses": {"201": answer}}
    document["paths"]["/hub"] = {"post": post}
    return document


def versions(folder: Path) -> Path:
    """The same API twice; in the newer one two attributes are called otherwise."""
    old, new = contract(), contract()
    new["basePath"], new["info"]["version"] = NEW, "2.0.0"
    for name in ("Thing", "Thing_Create", "Thing_Update"):
        for each in (old, new):
            each["definitions"][name]["properties"]["weight"] = {"type": "number"}
        properties = new["definitions"][name]["properties"]
        properties["lastModified"] = properties.pop("lastUpdate")
        properties["extent"] = properties.pop("size")
    place = folder / "specs"
    place.mkdir()
    for name, document in (("old", old), ("new", new)):
        (place / f"{name}.json").write_text(json.dumps(with_hub(document)), encoding="utf-8")
    return place


def test_each_has_its_own_table(
    tmp_path: Path, new_database: str, start_server: StartServer
) -> None:
    """What one version keeps, the other does not have, though the resource is called the same."""
    server = start_server(database=new_database, specs=[versions(tmp_path)])
    with server.client() as client:
        made = create(client, f"{OLD}/thing", {"name": "x", "size": 3, **PART})
        assert total(client, f"{OLD}/thing") == 1
        assert total(client, f"{NEW}/thing") == 0
        assert client.get(f"{NEW}/thing/{made['id']}").status_code == 404
        create(client, f"{NEW}/thing", {"id": made["id"], "name": "x", "extent": 3, **PART})


def test_one_table_for_both(tmp_path: Path, new_database: str, start_server: StartServer) -> None:
    """What one writes the other reads, under its own names, in lists and filters too."""
    server = start_server(database=new_database, specs=[versions(tmp_path)], shared_tables=SHARED)
    with server.client() as client:
        old = create(client, f"{OLD}/thing", {"name": "x", "size": 3, **PART})
        new = create(client, f"{NEW}/thing", {"name": "y", "extent": 5, **PART})
        read = client.get(f"{NEW}/thing/{old['id']}").json()
        assert read["extent"] == 3
        assert read["lastModified"] == old["lastUpdate"]
        assert not {"size", "lastUpdate"} & read.keys()
        assert read["href"].endswith(f"{NEW}/thing/{old['id']}")

        (found,) = client.get(f"{NEW}/thing", params={"extent.gt": "4"}).json()
        assert found == new
        (found,) = client.get(f"{OLD}/thing", params={"size.gt": "4"}).json()
        assert (found["id"], found["size"]) == (new["id"], 5)
        listed = client.get(f"{NEW}/thing", params={"sort": "-extent", "fields": "extent"}).json()
        assert [each["extent"] for each in listed] == [5, 3]
        assert total(client, f"{NEW}/thing", filter="$[?(@.extent<4)]") == 1

        changed = patch(client, f"{NEW}/thing/{old['id']}", {"extent": 7})
        assert changed.status_code == 200
        again = client.get(f"{OLD}/thing/{old['id']}")
        assert again.json()["size"] == 7
        assert again.headers["etag"] == changed.headers["etag"]
        assert again.json()["lastUpdate"] == changed.json()["lastModified"]
        digits = {"content": '{"weight": 7.10}', "headers": {"content-type": "application/json"}}
        assert client.patch(f"{OLD}/thing/{old['id']}", **digits).status_code == 200
        assert '"weight":7.10' in client.get(f"{NEW}/thing/{old['id']}").text
        taken = client.post(f"{NEW}/thing", json={"id": old["id"], "name": "z", **PART})
        assert taken.status_code == 409
    tables = select(server.database, "SELECT count(*) FROM thing_management_v1_thing")
    assert tables == [(2,)]


def test_both_tell_their_listeners(
    tmp_path: Path, new_database: str, start_server: StartServer
) -> None:
    """A change through either is an event of both, each in its own names."""
    server = start_server(database=new_database, specs=[versions(tmp_path)], shared_tables=SHARED)
    with server.client() as client:
        for base in (OLD, NEW):
            listener = {"callback": "http://127.0.0.1:9/"}
            assert client.post(f"{base}/hub", json=listener).status_code == 201
        for base, size in ((OLD, "size"), (NEW, "extent")):
            create(client, f"{base}/thing", {"name": "x", size: 3, **PART})
    told = select(server.database, "SELECT api, document FROM event ORDER BY seq")
    assert sorted(api for api, _ in told) == [OLD, OLD, NEW, NEW]
    for api, text in told:
        thing = json.loads(text)["payload"]["thing"]
        assert thing["href"].endswith(f"{api}/thing/{thing['id']}")
        assert thing["extent" if api == NEW else "size"] == 3
        assert ("lastUpdate" in thing) == (api == OLD)
