"""Idempotency-Key: a create that is sent again is answered as before, and done once."""

from __future__ import annotations

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import httpx
import psycopg
import pytest
from tests.http.asking import BILLING, JSON_PATCH, USAGE, account, refused, total, unique
from tests.serving import Server, select

HEADER = "Idempotency-Key"


def post(client: httpx.Client, key: str, body: Any, path: str = USAGE) -> httpx.Response:
    return client.post(path, json=body, headers={HEADER: key})


def told(response: httpx.Response) -> tuple[Any, ...]:
    """What is the same in the first answer and in those that repeat it."""
    names = ("location", "etag", "last-modified", "content-type")
    return response.status_code, response.content, [response.headers.get(name) for name in names]


def test_the_same_request_is_done_once(client: httpx.Client) -> None:
    """The second gets the first one's answer and is marked, however its JSON is laid out."""
    key, kind = unique("key"), unique("kind")
    first = post(client, key, {"usageType": kind, "description": "12.30"})
    assert first.status_code == 201
    assert "idempotency-replayed" not in first.headers
    spaced = json.dumps({"usageType": kind, "description": "12.30"}, indent=2)
    again = client.post(USAGE, content=spaced, headers={HEADER: key})
    assert again.headers["idempotency-replayed"] == "true"
    assert told(again) == told(first)
    assert total(client, USAGE, usageType=kind) == 1


def test_another_request_needs_another_key(client: httpx.Client) -> None:
    """Another body, another query, and another path of the same API."""
    key, body = unique("key"), {"usageType": unique("kind")}
    assert post(client, key, body).status_code == 201
    for other, path in (
        ({**body, "description": "more"}, USAGE),
        (body, f"{USAGE}?fields=status"),
        ({**body, "name": "x"}, f"{USAGE}Specification"),
    ):
        refused(post(client, key, other, path), 422, key, "another request")
    assert total(client, USAGE, usageType=body["usageType"]) == 1
    assert post(client, key, account(), BILLING).status_code == 201  # an API has its own keys


def test_refusals_are_not_kept(client: httpx.Client) -> None:
    """What was refused can be mended and sent again with its key."""
    key, body = unique("key"), {"usageType": unique("kind")}
    refused(post(client, key, {"usageType": 5}), 400)
    refused(post(client, key, {**body, "status": "wrong"}), 400)
    assert post(client, key, body).status_code == 201


@pytest.mark.parametrize("key", ["", "k" * 256])
def test_odd_keys_are_refused(client: httpx.Client, key: str) -> None:
    """An empty one and one of more than 255 characters."""
    refused(post(client, key, {"usageType": "x"}), 400, "Idempotency-Key", "1 to 255")


def test_in_bulk_too(client: httpx.Client) -> None:
    """All of a bulk are created once."""
    key, kind = unique("key"), unique("kind")
    operations = [{"op": "add", "path": "/-", "value": {"usageType": kind}}] * 3
    headers = {HEADER: key, "content-type": JSON_PATCH}
    first, again = (
        client.patch(USAGE, content=json.dumps(operations), headers=headers) for _ in range(2)
    )
    assert told(again) == told(first)
    assert first.status_code == 200
    assert total(client, USAGE, usageType=kind) == 3
    other = client.patch(USAGE, content=json.dumps(operations[:2]), headers=headers)
    refused(other, 422)


@pytest.mark.parametrize("with_id", [True, False])
def test_of_many_at_once_one_is_done(
    server: Server, client: httpx.Client, *, with_id: bool
) -> None:
    """All get the same answer, also where the client brings the id."""
    key, kind = unique("key"), unique("kind")
    body = {"usageType": kind, **({"id": unique("id").replace(" ", "-")} if with_id else {})}
    with server.client() as many, ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: post(many, key, body), range(32)))
    assert {answer.content for answer in answers} == {answers[0].content}
    assert {answer.status_code for answer in answers} == {201}
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    assert total(client, USAGE, usageType=kind) == 1


def execute(database: str, statement: str) -> None:
    if database.startswith("sqlite"):
        with closing(sqlite3.connect(database.removeprefix("sqlite:///"), timeout=30)) as lite:
            lite.execute(statement)
            lite.commit()
    else:
        with psycopg.connect(database) as connection:
            connection.execute(statement.encode())


def test_keys_are_forgotten(server: Server, client: httpx.Client) -> None:
    """After a day a key is a new one, and each new one takes some old ones away."""
    kind = unique("kind")
    keys = [unique("old") for _ in range(5)]
    for key in keys:
        assert post(client, key, {"usageType": kind}).status_code == 201
    named = ", ".join(f"'{key}'" for key in keys)
    day = 25 * 3_600_000_000
    execute(server.database, f"UPDATE idempotency SET at = at - {day} WHERE key IN ({named})")
    again = post(client, keys[0], {"usageType": kind, "description": "another"})
    assert again.status_code == 201
    assert "idempotency-replayed" not in again.headers
    assert total(client, USAGE, usageType=kind) == 6
    left = select(server.database, f"SELECT key FROM idempotency WHERE key IN ({named})")
    assert left == [(keys[0],)]


def test_another_process_answers_the_same(start_server: Any, new_database: str) -> None:
    """The key is known to all servers on a database."""
    body, key = {"usageType": "x"}, unique("key")
    one, other = (start_server(database=new_database) for _ in range(2))
    with one.client() as first, other.client() as second:
        made, again = post(first, key, body), post(second, key, body)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.content == made.content
