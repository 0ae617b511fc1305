"""What the tests over HTTP have in common: paths, documents, and what a refusal looks like."""

from __future__ import annotations

import json
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

ACCOUNTS = "/tmf-api/accountManagement/v4"
USAGES = "/tmf-api/usageManagement/v4"
USAGE = f"{USAGES}/usage"
SPECIFICATION = f"{USAGES}/usageSpecification"
BILLING = f"{ACCOUNTS}/billingAccount"
FINANCIAL = f"{ACCOUNTS}/financialAccount"
FORMAT = f"{ACCOUNTS}/billFormat"
CYCLE = f"{ACCOUNTS}/billingCycleSpecification"
MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
JSON_PATCH_QUERY = "application/json-patch-query+json"

Document = dict[str, Any]


def unique(word: str) -> str:
    """A text that no other test uses."""
    return f"{word} {uuid.uuid4()}"


def party(id: str = "4711", **more: Any) -> Document:
    return {"id": id, "name": "Ada Byron", "@referredType": "Individual", **more}


def account(**more: Any) -> Document:
    """What a party, billing or settlement account cannot do without."""
    return {"name": unique("Account"), "relatedParty": [party()], **more}


def create(client: httpx.Client, path: str, document: Document) -> Document:
    """Creates a document and gives what the server made of it."""
    response = client.post(path, json=document)
    assert response.status_code == 201, response.text
    made: Document = response.json()
    return made


def patch(client: httpx.Client, path: str, body: Any, media: str = MERGE) -> httpx.Response:
    return client.patch(path, content=json.dumps(body), headers={"content-type": media})


def total(client: httpx.Client, path: str, **filters: str) -> int:
    """How many documents match."""
    response = client.get(path, params={**filters, "limit": "0"})
    assert response.status_code == 200, response.text
    return int(response.headers["x-total-count"])


def refused(response: httpx.Response, status: int, *words: str) -> Document:
    """Checks that this is a TM Forum Error of that status whose message holds the words."""
    assert response.status_code == status, f"{response.status_code}: {response.text[:500]}"
    assert response.headers["content-type"].split(";")[0] == "application/json"
    error: Document = response.json()
    for attribute in ("code", "reason"):
        assert isinstance(error[attribute], str)
        assert error[attribute].strip()
    assert error["status"] == str(status)
    for word in words:
        assert word in error["message"], f"'{word}' is not in: {error['message']}"
    return error


@contextmanager
def unchanged(client: httpx.Client, path: str) -> Iterator[None]:
    """What is done within leaves as many documents as there were."""
    before = total(client, path)
    yield
    assert total(client, path) == before


def raw(port: int, request: bytes) -> httpx.Response:
    """Sends a request byte by byte as given, which no client would let through."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(request)
        received = bytearray()
        while part := connection.recv(65536):
            received += part
    head, _, body = bytes(received).partition(b"\r\n\r\n")
    status, *lines = head.split(b"\r\n")
    headers = [tuple(line.split(b": ", 1)) for line in lines]
    kept = [(name, value) for name, value in headers if name.lower() != b"content-length"]
    return httpx.Response(int(status.split()[1]), headers=kept, content=body)


def request_bytes(method: bytes, path: bytes, body: bytes = b"", *headers: bytes) -> bytes:
    """A request on a connection of its own."""
    lines = [b"%s %s HTTP/1.1" % (method, path), b"Host: localhost", b"Connection: close", *headers]
    if body:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join([*lines, b"", body])
