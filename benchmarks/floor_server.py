"""The floor: the same answers from a bare ASGI function over a bare database driver.

Nothing is routed, validated, checked or notified: what a server adds to this is its own cost.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

import orjson
import uuid_utils

from benchmarks.floor_postgresql import PostgresqlStore
from benchmarks.floor_sqlite import SqliteStore
from benchmarks.floor_store import Store
from benchmarks.serving import COLLECTION, serve

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
# (status, body, further headers)
Answer: TypeAlias = tuple[int, bytes, list[tuple[bytes, bytes]]]

_HREF = f"http://127.0.0.1{COLLECTION}/"
_ONE = COLLECTION + "/"
_NOT_FOUND: Answer = (404, b'{"code":"404","reason":"Not Found"}', [])


def merge(old: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """RFC 7386, in place."""
    for name, value in patch.items():
        if value is None:
            old.pop(name, None)
        elif isinstance(value, dict):
            known = old.get(name)
            old[name] = merge(known if isinstance(known, dict) else {}, value)
        else:
            old[name] = value
    return old


async def _body(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
    return body


async def _list(store: Store, query: bytes) -> Answer:
    given = dict(pair.split("=", 1) for pair in query.decode().split("&") if pair)
    total, texts = await store.page(
        given.get("status"), int(given.get("limit", 100)), int(given.get("offset", 0))
    )
    headers = [(b"x-total-count", b"%d" % total), (b"x-result-count", b"%d" % len(texts))]
    return 200, ("[" + ",".join(texts) + "]").encode(), headers


async def _create(store: Store, receive: Receive) -> Answer:
    document = orjson.loads(await _body(receive))
    id = str(uuid_utils.uuid7())
    href = _HREF + id
    body = orjson.dumps({"id": id, "href": href, **document})
    await store.insert(id, body.decode(), time.time_ns() // 1_000)
    return 201, body, [(b"location", href.encode())]


async def _retrieve(store: Store, id: str) -> Answer:
    row = await store.get(id)
    return (200, row[0].encode(), []) if row else _NOT_FOUND


async def _patch(store: Store, id: str, receive: Receive) -> Answer:
    patch = orjson.loads(await _body(receive))
    while row := await store.get(id):
        text, seen = row
        body = orjson.dumps(merge(orjson.loads(text), patch))
        revision = max(seen + 1, time.time_ns() // 1_000)
        if await store.replace(id, body.decode(), revision, seen):
            return 200, body, []
    return _NOT_FOUND


async def _answer(store: Store, scope: Scope, receive: Receive) -> Answer:
    method, path = scope["method"], scope["path"]
    if path == COLLECTION:
        if method == "GET":
            return await _list(store, scope["query_string"])
        return await _create(store, receive)
    if path.startswith(_ONE):
        id = path[len(_ONE) :]
        if method == "GET":
            return await _retrieve(store, id)
        return await _patch(store, id, receive)
    return (200, b"{}", []) if path == "/health" else _NOT_FOUND


async def _lifespan(store: Store, receive: Receive, send: Send) -> None:
    await receive()
    await store.open()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await store.close()
    await send({"type": "lifespan.shutdown.complete"})


def _store(database: str) -> Store:
    path = database.removeprefix("sqlite:///")
    return PostgresqlStore(database) if path == database else SqliteStore(path)


def application(database: str) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    store = _store(database)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(store, receive, send)
            return
        status, body, headers = await _answer(store, scope, receive)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            *headers,
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


if __name__ == "__main__":
    serve(application)
