"""Documents of extended types over HTTP (TMF630 Part 2)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.http.asking import create, patch, refused
from tests.serving import StartServer
from tests.spec.test_subtypes import LENGTH, ROUND, folder_of, with_types

THING = "/tmf-api/thingManagement/v1/thing"
NEW = {"name": "x", "part": {"label": "y"}}


def test_types_are_checked_and_filtered_by(
    tmp_path: Path, new_database: str, start_server: StartServer
) -> None:
    """On create and on the merged document of a patch; `@type` filters, of either kind."""
    (tmp_path / "things.json").write_text(json.dumps(with_types()), encoding="utf-8")
    schemas = folder_of(tmp_path / "schemas", **{"RoundThing.schema": ROUND, "Length": LENGTH})
    server = start_server(
        database=new_database,
        specs=[tmp_path / "things.json"],
        schemas=schemas,
        schema_policy="strict",
    )
    heavy: dict[str, Any] = {**NEW, "@type": "HeavyThing", "weight": 5}
    with server.client() as client:
        made = create(client, THING, heavy)
        refused(client.post(THING, json={**heavy, "weight": "much"}), 400, "weight", "integer")
        refused(patch(client, f"{THING}/{made['id']}", {"weight": None}), 409, "weight")
        plain = create(client, THING, NEW)
        refused(patch(client, f"{THING}/{plain['id']}", {"@type": "HeavyThing"}), 409, "weight")
        changed = patch(client, f"{THING}/{plain['id']}", {"@type": "HeavyThing", "weight": 7})
        assert changed.status_code == 200
        location = {"@schemaLocation": ROUND["$id"], "radius": 2}
        round_ = create(client, THING, {**NEW, **location, "@type": "RoundThing"})
        refused(client.post(THING, json={**NEW, **location, "radius": -1}), 400, "radius")
        refused(client.post(THING, json={**NEW, "@type": "OddThing"}), 400, "@type", "OddThing")
        of_type = client.get(THING, params={"@type": "HeavyThing"}).json()
        assert {each["id"] for each in of_type} == {made["id"], plain["id"]}
        (only,) = client.get(f"{THING}?@type=RoundThing").json()
        assert only["id"] == round_["id"]


def test_the_unknown_is_warned_of(tmp_path: Path, start_server: StartServer) -> None:
    """By a Warning header, and the document is kept."""
    (tmp_path / "things.json").write_text(json.dumps(with_types()), encoding="utf-8")
    server = start_server(specs=[tmp_path / "things.json"], schema_policy="warn")
    with server.client() as client:
        answer = client.post(THING, json={**NEW, "@type": "OddThing"})
        assert answer.status_code == 201
        assert "OddThing" in answer.headers["warning"]
        assert "warning" not in client.post(THING, json={**NEW, "@type": "Thing"}).headers
