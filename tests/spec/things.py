"""A small contract of no API, for tests of what is read from contracts."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from tmfserver.spec import Api, build

_ERROR = {"type": "object", "properties": {"code": {"type": "string"}}}
_THING = {
    "required": ["name", "part"],
    "properties": {
        "id": {"type": "string"},
        "href": {"type": "string", "format": "uri"},
        "name": {"type": "string"},
        "status": {"$ref": "#/definitions/State"},
        "size": {"type": "integer"},
        "lastUpdate": {"type": "string", "format": "date-time"},
        "balance": {"type": "number"},
        "part": {"$ref": "#/definitions/Part"},
        "parts": {"type": "array", "items": {"$ref": "#/definitions/Part"}},
        "parent": {"$ref": "#/definitions/Thing"},
    },
}


def _without(*names: str) -> dict[str, Any]:
    schema = copy.deepcopy(_THING)
    for name in names:
        schema["properties"].pop(name)
    return schema


def contract() -> dict[str, Any]:
    """Swagger 2.0, with the traps of TM Forum's: consumes with a charset, a strict update."""
    body = {"name": "thing", "in": "body", "required": True}
    id_ = {"name": "id", "in": "path", "required": True, "type": "string"}
    thing = {"description": "", "schema": {"$ref": "#/definitions/Thing"}}
    things = {"type": "array", "items": {"$ref": "#/definitions/Thing"}}
    number = {"in": "query", "required": False, "type": "integer"}
    event = {**body, "name": "data", "schema": {"$ref": "#/definitions/ThingCreateEvent"}}
    return {
        "swagger": "2.0",
        "info": {"title": "Things", "version": "1.0.0"},
        "basePath": "/tmf-api/thingManagement/v1/",
        "consumes": ["application/json;charset=utf-8"],
        "produces": ["application/json;charset=utf-8"],
        "paths": {
            "/thing": {
                "get": {
                    "operationId": "listThing",
                    "parameters": [{**number, "name": "offset"}, {**number, "name": "limit"}],
                    "responses": {"200": {"description": "", "schema": things}},
                },
                "post": {
                    "operationId": "createThing",
                    "parameters": [{**body, "schema": {"$ref": "#/definitions/Thing_Create"}}],
                    "responses": {"201": thing},
                },
            },
            "/thing/{id}": {
                "get": {
                    "operationId": "retrieveThing",
                    "parameters": [id_],
                    "responses": {"200": thing},
                },
                "patch": {
                    "operationId": "patchThing",
                    "parameters": [id_, {**body, "schema": {"$ref": "#/definitions/Thing_Update"}}],
                    "responses": {"200": thing},
                },
            },
            "/thing/{id}/cut": {
                "post": {
                    "operationId": "cutThing",
                    "parameters": [id_],
                    "responses": {"200": {"description": ""}},
                }
            },
            "/listener/thingCreateEvent": {
                "post": {
                    "operationId": "listenToThingCreateEvent",
                    "parameters": [event],
                    "responses": {"204": {"description": ""}},
                }
            },
        },
        "definitions": {
            "Thing": copy.deepcopy(_THING),
            "Thing_Create": _without("id", "href"),
            "Thing_Update": _without("id", "href", "balance"),
            "State": {"type": "string", "enum": ["open", "closed"]},
            "Part": {
                "type": "object",
                "required": ["isRef", "label"],
                "properties": {
                    "isRef": {"type": "boolean", "default": True},
                    "label": {"type": "string"},
                    "note": {"type": "string"},
                },
            },
            "ThingCreateEvent": {
                "type": "object",
                "properties": {
                    "eventId": {"type": "string"},
                    "payload": {"type": "object"},
                    "timeOcurred": {"type": "string", "format": "date-time"},
                },
            },
            "Error": _ERROR,
        },
    }


def api() -> Api:
    return build(Path("things.swagger.json"), contract())
