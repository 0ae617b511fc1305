"""A contract of OpenAPI 3.1 with conditions, served."""

from __future__ import annotations

import json
from pathlib import Path

from tests.commands.running import run
from tests.http.asking import create, patch, refused
from tests.serving import StartServer
from tests.spec.test_conditions import CASES, contract

THINGS = "/tmf-api/thingManagement/v1/thing"


def test_conditions_are_asked_of_each_change(
    tmp_path: Path, new_database: str, start_server: StartServer
) -> None:
    """Of a new document as it comes, of a patched one as it would be; and nothing is wrong with
    what is served."""
    file = tmp_path / "things.json"
    file.write_text(json.dumps(contract(CASES["if, then, else"][0])))
    server = start_server(database=new_database, specs=[file])
    with server.client() as client:
        refused(client.post(THINGS, json={"kind": "card"}), 400, "number")
        thing = create(client, THINGS, {"kind": "card", "number": "1"})
        path = f"{THINGS}/{thing['id']}"
        refused(patch(client, path, {"number": None}), 409, "number")
        refused(patch(client, path, {"kind": "cash"}), 409)
        assert patch(client, path, {"kind": "cash", "number": None}).json()["kind"] == "cash"
    told = run("check", file)
    assert "problem" not in told
    assert "conditions of JSON Schema 2020-12 (1 place)" in told
