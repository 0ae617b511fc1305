"""OpenAPI 3 contracts: shared parts in their places, and a base path that is a path."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tmfserver.spec import Api, build


def contract(**more: Any) -> dict[str, Any]:
    """OpenAPI 3 as TM Forum's version 5: parameters, bodies and answers stand elsewhere."""
    reference = "#/components/"
    thing = {"application/json": {"schema": {"$ref": f"{reference}schemas/Thing"}}}
    event = {"application/json": {"schema": {"$ref": f"{reference}schemas/ThingCreateEvent"}}}
    return {
        "openapi": "3.0.1",
        "info": {"title": "Thing Management", "version": "5.1.0"},
        "servers": [{"url": "https://serverRoot"}],
        "paths": {
            "/thing/{id}": {
                "get": {
                    "operationId": "retrieveThing",
                    "parameters": [
                        {"$ref": f"{reference}parameters/Id"},
                        {"$ref": f"{reference}parameters/Fields"},
                    ],
                    "responses": {"200": {"$ref": f"{reference}responses/Thing"}},
                },
                "patch": {
                    "operationId": "patchThing",
                    "parameters": [{"$ref": f"{reference}parameters/Id"}],
                    "requestBody": {"$ref": f"{reference}requestBodies/Thing"},
                    "responses": {"200": {"$ref": f"{reference}responses/Thing"}},
                },
            },
            "/listener/thingCreateEvent": {
                "post": {
                    "operationId": "thingCreateEvent",
                    "requestBody": {"$ref": f"{reference}requestBodies/ThingCreateEvent"},
                    "responses": {"204": {"description": ""}},
                }
            },
        },
        "components": {
            "parameters": {
                "Id": {
                    "name": "id",
                    "in": "path",
                    "required": True,
                    "schema": {"type": "string"},
                },
                "Fields": {"name": "fields", "in": "query", "schema": {"type": "string"}},
            },
            "requestBodies": {
                "Thing": {"content": thing},
                "ThingCreateEvent": {"content": event},
            },
            "responses": {"Thing": {"description": "", "content": thing}},
            "schemas": {
                "Base": {"type": "object", "properties": {"eventId": {"type": "string"}}},
                "Thing": {
                    "type": "object",
                    "properties": {"id": {"type": "string"}, "name": {"type": "string"}},
                },
                "ThingCreateEvent": {
                    "allOf": [
                        {"$ref": f"{reference}schemas/Base"},
                        {"properties": {"what": {"$ref": f"{reference}schemas/Payload"}}},
                    ]
                },
                "Payload": {"properties": {"thing": {"$ref": f"{reference}schemas/Thing"}}},
            },
        },
        **more,
    }


def read(**more: Any) -> Api:
    return build(Path("things.yaml"), contract(**more))


@pytest.mark.parametrize(
    ("server", "path"),
    [
        ({"url": "https://serverRoot"}, "/tmf-api/thingManagement/v5"),
        ({"url": "https://serverRoot/"}, "/tmf-api/thingManagement/v5"),
        ({"url": "https://serverRoot/things/v5/"}, "/things/v5"),
        ({"url": "http://{host}/{part}", "variables": {"host": {"default": "h"},
                                                       "part": {"default": "p"}}}, "/p"),
        ({"url": "/things/v5"}, "/things/v5"),
        ({"url": "{apiRoot}/things/v5"}, "/things/v5"),
        ({"url": "{apiRoot}"}, "/tmf-api/thingManagement/v5"),
        ({"url": "{apiRoot}/x/", "variables": {"apiRoot": {"default": "https://h/y"}}}, "/y/x"),
        ({"url": "/"}, "/tmf-api/thingManagement/v5"),
    ],
)  # fmt: skip
def test_the_base_path_is_the_urls(server: dict[str, Any], path: str) -> None:
    """Without one it is made of name and version, for two contracts cannot both be at the root."""
    assert read(servers=[server]).base_path == path


def test_a_contract_that_names_no_server_is_served_at_the_usual_path() -> None:
    """As if it named a host alone: two contracts cannot both be at the root."""
    assert read(servers=[]).base_path == "/tmf-api/thingManagement/v5"


def test_what_operations_share_is_adapted_for_each_alone() -> None:
    """A shared parameter becomes each operation's own; what changes for one is not the other's."""
    api = read()
    item = api.document["paths"]["/thing/{id}"]
    get = {parameter["name"] for parameter in item["get"]["parameters"]}
    change = {parameter["name"] for parameter in item["patch"]["parameters"]}
    assert {"id", "fields", "If-None-Match"} <= get
    assert {"id", "If-Match"} <= change
    assert "If-None-Match" not in change
    assert item["get"]["responses"]["200"]["content"]["application/json"]
    names = {applied.name: applied.places for applied in api.adaptations}
    assert names["shared parts in their places"] == 7
    assert names["base path from the server's URL"] == 1


def test_events_are_read_through_shared_bodies_and_parts() -> None:
    """The payload is the attribute that holds the resource, whatever it is called."""
    event = api_event(read())
    assert (event.name, event.schema, event.payload) == (
        "ThingCreateEvent",
        "ThingCreateEvent",
        "what",
    )
    assert event.attributes == {"eventId", "what"}
    assert dict(event.types) == {"eventId": "string"}


def api_event(api: Api) -> Any:
    return api.resources["thing"].events["Create"]
