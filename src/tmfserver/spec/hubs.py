"""What the hub takes and answers beyond a contract: listeners can be read, have a secret that signs
what they are sent, and may have a header of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tmfserver.spec.openapi import JSON

_COMPONENT = "#/components/schemas/"
_HEX = "[0-9A-Fa-f]{1,4}"
CALLBACK_PATTERN = (
    rf"^https?://(\[(({_HEX}:){{7}}{_HEX}|({_HEX}:){{1,6}}:{_HEX}|::1)\]|[A-Za-z0-9.-]+)"
    r"(:([0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?"
    r"(/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?(\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?$"
)
# RFC 9110 5.1 and 5.5: a name, and a value of visible characters with spaces between them.
HEADER_PATTERN = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}: ?[!-~]+( +[!-~]+)*$"
_TEXT = {"type": "string"}


def add_listener_retrieval(document: dict[str, Any]) -> int:
    """GET /hub/{id}; the callback is an http(s) URL, and 201 says where the listener is."""
    hub, item = document["paths"].get("/hub", {}), document["paths"].get("/hub/{id}")
    if item is None or "post" not in hub:
        return 0
    callback = _given(document).get("callback")
    if callback is not None:
        callback.update(pattern=CALLBACK_PATTERN, maxLength=4000)
    if "201" not in hub["post"]["responses"]:
        return 1
    made = hub["post"]["responses"]["201"]
    place = {"description": "Where the listener is.", "schema": _TEXT}
    made.setdefault("headers", {})["Location"] = place
    if "get" not in item:
        item["get"] = {
            "operationId": "retrieveListener",
            "summary": "Gives one listener",
            "description": "The callback and query that were registered under this id.",
            "tags": hub["post"].get("tags", []),
            "parameters": [
                parameter
                for parameter in item.get("delete", {}).get("parameters", [])
                if parameter.get("in") == "path"
            ],
            "responses": {
                "200": {"description": "The listener.", "content": {**made.get("content", {})}}
            },
        }
    return 1


def add_signing(document: dict[str, Any]) -> int:
    """`header` in what registers a listener, `secret` in the answer to it, and nowhere else."""
    post = document["paths"].get("/hub", {}).get("post", {})
    given = _given(document)
    content = post.get("responses", {}).get("201", {}).get("content", {}).get(JSON)
    if not given or not content:
        return 0
    given.setdefault("header", {
        "type": "string",
        "pattern": HEADER_PATTERN,
        "maxLength": 4000,
        "description": "A header to send with each notification, such as 'Authorization: Bearer"
        " abc'. It is kept, and never shown again.",
    })  # fmt: skip
    secret = {
        "type": "string",
        "description": "The key that each notification is signed with, as Standard Webhooks has"
        " it. It is shown here only.",
    }
    content["schema"] = {
        "allOf": [content["schema"], {"type": "object", "properties": {"secret": secret}}]
    }
    return 1


def listener_type(document: Mapping[str, Any]) -> str:
    """What a contract calls a listener, where an answer has to say so in its `@type`; else ""."""
    post = document["paths"].get("/hub", {}).get("post", {})
    content = post.get("responses", {}).get("201", {}).get("content", {}).get(JSON, {})
    schema = content.get("schema", {})
    for part in (schema, *schema.get("allOf", ())):
        name = str(part.get("$ref", "")).removeprefix(_COMPONENT)
        if "@type" in document["components"]["schemas"].get(name, {}).get("required", ()):
            return name
    return ""


def _given(document: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes that a new listener is described by, to be added to."""
    post = document["paths"].get("/hub", {}).get("post", {})
    schema = post.get("requestBody", {}).get("content", {}).get(JSON, {}).get("schema", {})
    schemas = document["components"]["schemas"]
    name = schema.get("$ref", "").removeprefix(_COMPONENT)
    described = schemas.get(name, {})
    for part in (described, *described.get("allOf", ())):
        if "callback" in part.get("properties", {}):
            found: dict[str, Any] = part["properties"]
            return found
    return {}
