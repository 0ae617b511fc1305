"""Every bad body gets a TM Forum Error that names what is wrong, and changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.http.asking import (
    BILLING,
    CYCLE,
    FORMAT,
    MERGE,
    USAGE,
    account,
    create,
    party,
    raw,
    refused,
    request_bytes,
    total,
    unchanged,
)
from tests.serving import Server, StartServer

JSON = {"content-type": "application/json"}
DEEP = 1000
TWENTY_MEGABYTES = 20 * 1024 * 1024
BROKEN = {
    "empty": b"",
    "blank": b"  \n",
    "cut off": b'{"name": "x"',
    "no quotes": b"{name: 1}",
    "single quotes": b"{'name': 1}",
    "trailing comma": b'{"name": "x",}',
    "two values": b'{"name": "x"} {"name": "y"}',
    "a word": b"nonsense",
    "NaN": b'{"name": NaN}',
    "a control character": b'{"name": "a\x01b"}',
    "not UTF-8": b'{"name": "\xff\xfe"}',
    "Latin-1": '{"name": "é"}'.encode("latin-1"),
    "UTF-16": '{"name": "x"}'.encode("utf-16"),
    "half a pair": b'{"name": "\\ud800"}',
    "the other half": b'{"name": "\\udc00 x"}',
    "half a pair in a name": b'{"\\ud800": 1}',
    "null bytes": b"\x00\x00\x00",
    "a form": b"name=x&description=y",
    "markup": b"<name>x</name>",
}
NOT_OBJECTS = {"array": [{"name": "x"}], "text": "x", "number": 5, "null": None, "truth": True}
WRONG: list[tuple[str, dict[str, Any], str]] = [
    (USAGE, {"usageDate": "yesterday"}, "usageDate"),
    (USAGE, {"usageDate": "2026-02-30T00:00:00Z"}, "usageDate"),
    (USAGE, {"usageDate": "2026-02-03"}, "usageDate"),
    (USAGE, {"usageDate": 1767225600}, "usageDate"),
    (USAGE, {"usageDate": None}, "usageDate"),
    (USAGE, {"usageType": 5}, "usageType"),
    (USAGE, {"description": ["x"]}, "description"),
    (USAGE, {"status": "lost"}, "status"),
    (USAGE, {"status": "Received"}, "status"),
    (USAGE, {"status": ""}, "status"),
    (USAGE, {"usageSpecification": "spec-1"}, "usageSpecification"),
    (USAGE, {"usageSpecification": {}}, "usageSpecification.id"),
    (USAGE, {"usageSpecification": {"id": None}}, "usageSpecification.id"),
    (USAGE, {"usageSpecification": {"id": " "}}, "usageSpecification.id"),
    (USAGE, {"usageCharacteristic": {"name": "x", "value": 1}}, "usageCharacteristic"),
    (USAGE, {"usageCharacteristic": [{"name": "x"}]}, "usageCharacteristic.0.value"),
    (USAGE, {"usageCharacteristic": [{"value": 1}]}, "usageCharacteristic.0.name"),
    (USAGE, {"relatedParty": [{"id": "1"}]}, "relatedParty.0.@referredType"),
    (USAGE, {"ratedProductUsage": [{"taxRate": "high"}]}, "ratedProductUsage.0.taxRate"),
    (USAGE, {"ratedProductUsage": [{"isBilled": "yes"}]}, "ratedProductUsage.0.isBilled"),
    (USAGE, {"@schemaLocation": "not a uri"}, "@schemaLocation"),
    (BILLING, {"name": "x"}, "relatedParty"),
    (BILLING, {"relatedParty": [party()]}, "name"),
    (BILLING, account(name=None), "name"),
    (BILLING, account(name=""), "name"),
    (BILLING, account(name=" \t\n"), "name"),
    (BILLING, account(name=["x"]), "name"),
    (BILLING, account(relatedParty=None), "relatedParty"),
    (BILLING, account(relatedParty=[]), "relatedParty"),
    (BILLING, account(relatedParty=[party(), {}]), "relatedParty.1"),
    (BILLING, account(relatedParty=[party(name=" ")]), "relatedParty.0.name"),
    (BILLING, account(creditLimit={"value": "much"}), "creditLimit.value"),
    (BILLING, account(lastModified="now"), "lastModified"),
    (CYCLE, {"name": "x", "billingDateShift": 1.5}, "billingDateShift"),
    (CYCLE, {"name": "x", "billingDateShift": "1"}, "billingDateShift"),
    (CYCLE, {"name": "x", "validFor": {"startDateTime": 0}}, "validFor.startDateTime"),
]  # fmt: skip


@pytest.mark.parametrize("headers", [JSON, {}], ids=["JSON", "no content type"])
@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN.keys())
def test_broken_json_is_refused(client: httpx.Client, body: bytes, headers: dict[str, str]) -> None:
    """What is no JSON in UTF-8 is 400, with and without a content type."""
    with unchanged(client, FORMAT):
        refused(client.post(FORMAT, content=body, headers=headers), 400, "body")
    made = create(client, FORMAT, {"name": "stays"})
    path = f"{FORMAT}/{made['id']}"
    refused(client.patch(path, content=body, headers=headers), 400, "body")
    assert client.get(path).json() == made


@pytest.mark.parametrize("body", NOT_OBJECTS.values(), ids=NOT_OBJECTS.keys())
def test_a_document_is_an_object(client: httpx.Client, body: object) -> None:
    """An array, a text, a number, null or a truth value for an object is 400."""
    made = create(client, FORMAT, {"name": "stays"})
    with unchanged(client, FORMAT):
        refused(client.post(FORMAT, content=json.dumps(body), headers=JSON), 400, "object")
        path = f"{FORMAT}/{made['id']}"
        for media in ("application/json", MERGE):
            headers = {"content-type": media}
            refused(client.patch(path, content=json.dumps(body), headers=headers), 400, "object")
    assert client.get(path).json() == made


@pytest.mark.parametrize(
    ("path", "document", "named"),
    WRONG,
    ids=[f"{number} {named}" for number, (_, _, named) in enumerate(WRONG)],
)
def test_what_the_contract_forbids_is_refused(
    client: httpx.Client, path: str, document: dict[str, Any], named: str
) -> None:
    """Wrong types, formats and enumeration values, missing, null and blank: 400, naming it."""
    with unchanged(client, path):
        refused(client.post(path, json=document), 400, named)


@pytest.mark.parametrize("place", ["name", "description", "unknown", "deep"])
def test_no_text_holds_nul(client: httpx.Client, place: str) -> None:
    """The character NUL, in a value or in a name, is 400."""
    nul = "a\x00b"
    documents = {
        "name": {"name": nul},
        "description": {"name": "x", "description": nul},
        "unknown": {"name": "x", nul: 1},
        "deep": {"name": "x", "deep": [{"er": [nul]}]},
    }
    with unchanged(client, FORMAT):
        refused(client.post(FORMAT, json=documents[place]), 400, "NUL")


@pytest.mark.parametrize("opening", ['{"a":', "[", '{"a":[', '[{"a":'])
def test_deep_nesting_is_refused(client: httpx.Client, opening: str) -> None:
    """A body of 1,000 levels is 400, open or closed, and takes nobody down."""
    closing = "".join({"{": "}", "[": "]"}.get(sign, "") for sign in reversed(opening))
    inner = opening * DEEP + "1" + closing * DEEP
    made = create(client, FORMAT, {"name": "stays"})
    for body in (inner, opening * DEEP, f'{{"name": "x", "extension": {inner}}}'):
        with unchanged(client, FORMAT):
            refused(client.post(FORMAT, content=body, headers=JSON), 400)
            path = f"{FORMAT}/{made['id']}"
            refused(client.patch(path, content=body, headers=JSON), 400)
    assert client.get(path).json() == made


def test_a_huge_body_is_413(client: httpx.Client) -> None:
    """20 MB are 413, said at once by Content-Length or found out piece by piece."""

    def pieces() -> Iterator[bytes]:
        yield b'{"name": "'
        for _ in range(TWENTY_MEGABYTES // 65536):
            yield b"x" * 65536
        yield b'"}'

    with unchanged(client, FORMAT):
        refused(client.post(FORMAT, content=b"".join(pieces()), headers=JSON), 413, "bytes")
        chunked = client.post(FORMAT, content=pieces(), headers=JSON)
        assert chunked.request.headers["transfer-encoding"] == "chunked"
        refused(chunked, 413, "bytes")


def chunked(body: bytes) -> bytes:
    """A create whose length is not said, but that comes all at once."""
    head = request_bytes(
        b"POST",
        FORMAT.encode(),
        b"",
        b"Content-Type: application/json",
        b"Transfer-Encoding: chunked",
    )
    return head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


def test_the_largest_body_is_a_setting(start_server: StartServer) -> None:
    """A body of as many bytes as the setting says is taken; one byte more is 413."""
    limit = 1000
    server = start_server(body_limit=limit)
    with server.client() as client:
        empty = '{"name": ""}'
        fits = empty.replace('""', f'"{"x" * (limit - len(empty))}"')
        assert client.post(FORMAT, content=fits, headers=JSON).status_code == 201
        too_large = f"{fits} "
        refused(client.post(FORMAT, content=too_large, headers=JSON), 413, str(limit))
        refused(raw(server.port, chunked(too_large.encode())), 413)
        assert total(client, FORMAT) == 1


def test_a_wrong_length_is_refused(server: Server, client: httpx.Client) -> None:
    """A Content-Length that is no number is 400, and nothing is made of it."""
    with unchanged(client, USAGE):
        lines = (b"Content-Type: application/json", b"Content-Length: many")
        response = raw(server.port, request_bytes(b"POST", USAGE.encode(), b"", *lines))
        assert response.status_code == 400
