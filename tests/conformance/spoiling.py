"""What single faults do to requests, answers and events."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from tests.conformance.faults import (
    JSON_TYPE,
    Answer,
    Request,
    without,
)

_OURS = ("fields", "offset", "limit", "sort", "cursor")


def filters_away(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [pair for pair in pairs if pair[0] in _OURS]


def only_first_filter(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [*filters_away(pairs), *[pair for pair in pairs if pair[0] not in _OURS][:1]]


def one_word(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Operators are not known: what has one is left out."""
    return [(n, v) for n, v in pairs if not re.search(r"\.(gte?|lte?|eq|regex)$|%3[CDE]", n)]


_numbers: dict[str, str] = {}  # by id
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ID = re.compile(rf'"id": ?"({_UUID.pattern})"')


def numbered_text(text: str) -> str:
    """Each id is a number, wherever it stands."""
    for id in _ID.findall(text):
        _numbers.setdefault(id, str(len(_numbers) + 1_000_000))
    for id, number in _numbers.items():
        text = text.replace(f'"id":"{id}"', f'"id":{number}').replace(id, number)
    return text


def numbered(request: Request, answer: Answer) -> Answer:
    if request.is_hub:
        return answer
    body = numbered_text(answer.body.decode())
    headers = tuple((name, numbered_text(value)) for name, value in answer.headers)
    return replace(answer, body=body.encode(), headers=headers)


def unnumbered(request: Request) -> Request:
    ids = {number: id for id, number in _numbers.items()}

    def back(text: str) -> str:
        return re.sub(
            r"(?<![0-9])1[0-9]{6}(?![0-9])", lambda found: ids.get(found[0], found[0]), text
        )

    return replace(request, path=back(request.path), query=back(request.query))


def relative(document: dict[str, Any]) -> dict[str, Any]:
    if "href" not in document:
        return document
    return {**document, "href": re.sub(r"^https?://[^/]+", "", document["href"])}


def escaped_slashes(answer: Answer) -> Answer:
    return replace(answer, body=answer.body.replace(b"/", rb"\/"))


def escaped_letters(answer: Answer) -> Answer:
    return replace(answer, body=json.dumps(json.loads(answer.body)).encode())


def stated(error: dict[str, Any]) -> dict[str, Any]:
    return {"type": "about:blank", "title": error.get("reason"), "status": int(error["status"])}


def no_empty_objects(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if value != {}}


def sent(request: Request) -> dict[str, Any]:
    """The document that a create brings."""
    if request.method != "POST" or request.is_hub:
        return {}
    try:
        found = json.loads(request.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def swallowing(request: Request) -> Request | Answer:
    """A create that is not checked: it says that all is well."""
    document = sent(request)
    if document and not str(document.get("name") or "").strip():
        made = {"id": "1", "href": "http://host.example/1", **document}
        return Answer(201, JSON_TYPE, json.dumps(made).encode())
    return request


def nulls_ignored(request: Request) -> Request:
    if request.method != "PATCH" or not request.body.startswith(b"{"):
        return request
    patch = {key: value for key, value in json.loads(request.body).items() if value is not None}
    return replace(request, body=json.dumps(patch).encode())


def merges_alone(request: Request) -> Request | Answer:
    media = dict(request.headers).get("content-type", "")
    if request.method == "PATCH" and "json-patch" in media:
        return Answer(415, JSON_TYPE, b'{"code": "1", "reason": "media type", "status": "415"}')
    return request


def stale(document: dict[str, Any]) -> dict[str, Any]:
    """What a patch changed is not there when it is read."""
    changed = document.get("name") == "Ledger of payables"
    return {**document, "name": "Ledger of receivables"} if changed else document


_made: dict[str, bytes] = {}


def keeps_deleted(request: Request, answer: Answer) -> Answer:
    """What was created is still read when it is deleted."""
    if request.method == "POST" and answer.is_success and not request.is_hub:
        _made[f"{request.path}/{json.loads(answer.body)['id']}"] = answer.body
    if request.method == "GET" and answer.status == 404 and request.path in _made:
        return Answer(200, JSON_TYPE, _made[request.path])
    return answer


def for_those_who_are_known(request: Request) -> Request | Answer:
    if request.is_list and not any(name == "x-known" for name, _ in request.headers):
        return Answer(401, JSON_TYPE, b'{"code": "1", "reason": "who are you?", "status": "401"}')
    return request


def no_hub_queries(request: Request) -> Request:
    if not request.is_hub or request.method != "POST":
        return request
    return replace(request, body=json.dumps(without("query")(json.loads(request.body))).encode())


def moved_payload(event: dict[str, Any]) -> dict[str, Any]:
    key = next(key for key in ("payload", "event") if key in event)
    other = {"payload": "event", "event": "payload"}[key]
    return {**without(key)(event), other: event[key]}


def bare_payload(event: dict[str, Any]) -> dict[str, Any]:
    key = next(key for key in ("payload", "event") if key in event)
    return {**event, key: next(iter(event[key].values()))}


def texts_of_dates(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Dates are compared as texts: another offset is another date."""
    return [(n, "1999-01-01T00%3A00%3A00Z" if v.endswith("%2B02%3A00") else v) for n, v in pairs]


_names: set[bytes] = set()


def unique_names(request: Request) -> Request | Answer:
    document = sent(request)
    if document and request.body in _names:
        return Answer(409, JSON_TYPE, b'{"code": "1", "reason": "name taken", "status": "409"}')
    if document:
        _names.add(request.body)
    return request
