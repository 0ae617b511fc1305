"""What this server answers and takes beyond a contract, declared in the effective contract."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any

from tmfserver.query.expansion import DEEPEST
from tmfserver.query.parse import FIELDS_PATTERN, SORT_PATTERN
from tmfserver.spec.openapi import JSON, METHODS
from tmfserver.spec.verbs import Verb, classify

LARGEST_NUMBER = 2**63 - 1
LONGEST_KEY = 255  # characters of an Idempotency-Key
_ERROR = {"$ref": "#/components/schemas/Error"}
_TEXT = {"type": "string"}

# What each verb may refuse with, beyond what every operation may: 400, 404, 405, 500, 503.
_REFUSALS: dict[Verb | None, tuple[int, ...]] = {
    "list": (501,),
    "retrieve": (501,),
    "create": (409, 413, 415, 422, 501),
    "bulk": (409, 413, 415, 422, 501),
    "replace": (409, 412, 413, 415, 501),
    "patch": (409, 412, 413, 415, 501),
    "delete": (409, 412),
    "put_part": (409, 412, 413, 415, 501),
    "patch_part": (409, 412, 413, 415, 501),
    "subscribe": (409, 413, 415, 501),
    "listen": (409, 413, 415),
    "content": (409,),
}
_EVERYWHERE = (400, 404, 405, 500, 503)
_MEANING = {
    400: "The request is not what this contract describes; the Error names what is wrong.",
    404: "There is no such resource.",
    405: "This path does not take this method; Allow lists those it takes.",
    409: "The request is well formed, but the state of things or a rule forbids it.",
    412: "The resource was changed since the ETag that If-Match names.",
    413: "The body is larger than this server takes.",
    415: "The body's media type is none that this operation takes.",
    422: "The Idempotency-Key came with another request before.",
    500: "The server failed; nothing was changed.",
    501: "The contract, or TMF630, names this, but this server does not carry it out.",
    503: "The database does not answer; try again shortly.",
}


def _by_verb(document: dict[str, Any], *verbs: Verb) -> Iterator[dict[str, Any]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item and (not verbs or classify(method, path, item[method])[0] in verbs):
                yield item[method]


def _header(text: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": text, "schema": schema}


def _parameter(name: str, place: str, text: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name, "in": place, "required": False, "description": text, "schema": schema,
    }  # fmt: skip


def _declare(operation: Mapping[str, Any], parameter: dict[str, Any]) -> int:
    names = {(known.get("name"), known.get("in")) for known in operation["parameters"]}
    if (parameter["name"], parameter["in"]) in names:
        return 0
    operation["parameters"].append(parameter)
    return 1


def _answers(operation: dict[str, Any], *statuses: str) -> Iterator[dict[str, Any]]:
    for status in statuses:
        if status in operation["responses"]:
            yield operation["responses"][status]


def add_paging(document: dict[str, Any]) -> int:
    places = 0
    fields = _parameter(
        "fields",
        "query",
        "Attributes to give, comma-separated; JSONPaths begin with $. id and href always come.",
        {"type": "string", "pattern": FIELDS_PATTERN},
    )
    sort = _parameter(
        "sort",
        "query",
        "Attributes or JSONPaths to order by, comma-separated, a minus before one for descending.",
        {"type": "string", "pattern": SORT_PATTERN},
    )
    for operation in _by_verb(document, "list"):
        for parameter in operation["parameters"]:
            if parameter.get("name") == "fields":
                parameter["schema"] = fields["schema"]
            if parameter.get("name") in ("offset", "limit"):
                parameter["schema"].update(
                    type="integer", minimum=0, maximum=LARGEST_NUMBER, format="int64"
                )
        _declare(operation, fields)
        _declare(operation, sort)
        for answer in _answers(operation, "200"):
            headers = answer.setdefault("headers", {})
            headers.setdefault("X-Total-Count", _header("All that match.", {"type": "integer"}))
            headers.setdefault("X-Result-Count", _header("Those given.", {"type": "integer"}))
            headers["X-Total-Count-Capped"] = _header(
                "True where more match than X-Total-Count says.", {"type": "boolean"}
            )
            headers["Link"] = _header("Other pages: self, first, prev, next, last.", _TEXT)
        places += 1
    for operation in _by_verb(document, "retrieve", "create", "bulk", "patch", "replace"):
        places += _declare(operation, fields)
        for parameter in operation["parameters"]:
            if parameter.get("name") == "fields":
                parameter["schema"] = fields["schema"]
    return places


def declare_expansion(
    operation: Mapping[str, Any], references: Sequence[str], known: Container[str]
) -> None:
    """Declares `depth` and `expand` (TMF630 Part 2) for a resource that has references.

    references: their dotted paths, which `expand` may name; longer ones may go on from there.
    known: the resource's attributes; one that is itself named depth or expand is filtered by.
    """
    names = "|".join(re.escape(path) for path in references)
    levels = {"type": "integer", "minimum": 0, "maximum": DEEPEST}
    text = "How many levels of references to this server's own resources are replaced by these."
    if "depth" not in known:
        _declare(operation, _parameter("depth", "query", text, levels))
    text = f"References to replace by what they lead to, comma-separated: {', '.join(references)}."
    pattern = rf"^ *(({names}) *)?(, *(({names}) *)?)*$"
    schema = {"type": "string", "pattern": pattern}
    if "expand" not in known:
        _declare(operation, _parameter("expand", "query", text, schema))


def add_conditional_requests(document: dict[str, Any]) -> int:
    places = 0
    if_match = _parameter(
        "If-Match", "header", "Only if the resource still has this ETag, else 412.", _TEXT
    )
    if_none_match = _parameter(
        "If-None-Match", "header", "Only if the resource has another ETag, else 304.", _TEXT
    )
    for operation in _by_verb(
        document, "retrieve", "create", "patch", "replace", "part", "put_part", "patch_part"
    ):
        for answer in _answers(operation, "200", "201"):
            headers = answer.setdefault("headers", {})
            headers["ETag"] = _header("Names this state of the resource.", _TEXT)
            headers["Last-Modified"] = _header("When it last changed.", _TEXT)
        for answer in _answers(operation, "201"):
            answer["headers"]["Location"] = _header("Where the resource is.", _TEXT)
        places += 1
    for operation in _by_verb(document, "retrieve", "part"):
        _declare(operation, if_none_match)
        operation["responses"].setdefault("304", {"description": "It has not changed."})
    for operation in _by_verb(document, "patch", "replace", "delete", "put_part", "patch_part"):
        places += _declare(operation, if_match)
    return places


def add_idempotency(document: dict[str, Any]) -> int:
    key = _parameter(
        "Idempotency-Key",
        "header",
        "Names this request: sent again with the same key it is answered as before, and done once.",
        {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY},
    )
    again = _header("True where the answer is that of an earlier request.", {"type": "boolean"})
    places = 0
    for operation in _by_verb(document, "create", "bulk"):
        places += _declare(operation, key)
        for answer in _answers(operation, "200", "201"):
            answer.setdefault("headers", {})["Idempotency-Replayed"] = again
    return places


def add_errors(document: dict[str, Any]) -> int:
    places = 0
    _settle_error(document["components"]["schemas"])
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                verb, _ = classify(method, path, item[method])
                responses = item[method]["responses"]
                extra = (501,) if verb is None else _REFUSALS.get(verb, ())
                for status in (*_EVERYWHERE, *extra):
                    if str(status) not in responses:
                        responses[str(status)] = {"description": _MEANING[status]}
                        places += 1
                for status, answer in responses.items():
                    if status[0] in "45" and "$ref" not in answer:
                        answer["content"] = {JSON: {"schema": _ERROR}}
                        if status == "405":
                            answer.setdefault("headers", {})["Allow"] = _header("Methods.", _TEXT)
    return places


def _settle_error(schemas: dict[str, Any]) -> None:
    """The contract's Error, where it is what TMF630 3.4 has: of old ones, status was a number."""
    known = schemas.get("Error", {})
    given = known.get("properties", {})
    if (
        {"code", "reason"} <= given.keys()
        and all(given.get(name, _TEXT).get("type") == "string" for name in _OWN_ERROR["properties"])
        and _OWN_ERROR["properties"].keys() >= set(known.get("required", ()))
    ):
        return
    schemas["Error"] = _OWN_ERROR


_OWN_ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["code", "reason"],
    "description": "Why a request was refused.",
    "properties": {
        "code": {"type": "string", "description": "What kind of refusal it is."},
        "reason": {"type": "string", "description": "The refusal in a few words."},
        "message": {"type": "string", "description": "What is wrong, and what would be right."},
        "status": {"type": "string", "description": "The HTTP status."},
        "@type": {"type": "string", "description": "What this is: an Error."},
    },
}
