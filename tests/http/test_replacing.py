"""PUT, where a contract has it: the whole document is replaced."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import httpx
from tests.serving import StartServer
from tests.spec.things import contract

THING = "/tmf-api/thingManagement/v1/thing"


def with_put() -> str:
    """The small contract, with PUT beside PATCH."""
    document = contract()
    item = document["paths"]["/thing/{id}"]
    item["put"] = {**copy.deepcopy(item["patch"]), "operationId": "replaceThing"}
    item["put"]["parameters"][1]["schema"]["$ref"] = "#/definitions/Thing_Create"
    return json.dumps(document)


def test_put_replaces_the_whole_document(start_server: StartServer, tmp_path: Path) -> None:
    """What the new document leaves out is gone; id and href stay, and may not be changed."""
    file = tmp_path / "things.json"
    file.write_text(with_put(), encoding="utf-8")
    with httpx.Client(base_url=start_server(specs=[file]).url) as client:
        part = {"label": "a"}
        made = client.post(THING, json={"name": "old", "size": 1, "part": part}).json()
        path = f"{THING}/{made['id']}"
        changed = client.put(path, json={"name": "new", "part": part})
        assert changed.status_code == 200
        came = client.get(path).json()
        assert changed.json() == came
        assert came.pop("lastUpdate") >= made["lastUpdate"]
        assert came == {
            "id": made["id"],
            "href": made["href"],
            "name": "new",
            "part": {"label": "a", "isRef": True},
        }
        assert client.put(path, json={"name": "new"}).status_code == 400
        assert client.put(path, json={**came, "id": "other"}).status_code == 409
        assert client.put(f"{THING}/nobody", json=came).status_code == 404
        assert client.get(path).json()["name"] == "new"
