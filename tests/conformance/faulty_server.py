"""A server that has the fault that is named in front of its paths: /FAULT/tmf-api/…

`python -m tests.conformance.faulty_server DATABASE` prints its URL.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import sys
from dataclasses import replace
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote, urlsplit

import uvicorn
from tests.conformance.fault_list import FAULTS
from tests.conformance.faults import JSON_TYPE, Answer, Fault, Request

from tmfserver.planning import make_plan
from tmfserver.server import Server
from tmfserver.settings import read

NONE = Fault("none", "", frozenset())


class Faulty:
    """Hands requests on to the sound server, and spoils what the fault spoils."""

    def __init__(self, sound: Any) -> None:
        self._sound = sound
        self.url = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._sound(scope, receive, send)
            return
        _, name, *rest = scope["path"].split("/")
        found = FAULTS.get(name, NONE)
        inner = "/" + "/".join(rest) if found is not NONE else scope["path"]
        body = await _body(receive)
        if rest[:1] == ["-told"]:
            answer = await asyncio.to_thread(_tell, found, rest[1:], body)
        else:
            answer = await self._answer(found, scope, inner, body)
        await _send(send, answer)

    async def _answer(self, found: Fault, scope: Any, inner: str, body: bytes) -> Answer:
        base = "/".join(inner.split("/")[:4])
        headers = tuple((name.decode(), value.decode()) for name, value in scope["headers"])
        query = scope["query_string"].decode()
        request = Request(scope["method"], inner[len(base) + 1 :], query, headers, body)
        changed = found.before(request)
        if isinstance(changed, Answer):
            return changed
        if found.told and changed.is_hub and changed.method == "POST":
            asked = json.loads(changed.body)
            where = urlsplit(asked["callback"])
            name = scope["path"].split("/")[1]
            asked["callback"] = f"{self.url}/{name}/-told/{where.port}{where.path}"
            changed = replace(changed, body=json.dumps(asked).encode())
        answer = await self._sound_answer(scope, f"{base}/{changed.path}", changed)
        if found is not NONE and (links := answer.header("link")):
            name = scope["path"].split("/")[1]
            answer = answer.having("link", links.replace("/tmf-api/", f"/{name}/tmf-api/"))
        if found.told and changed.is_hub:
            told = re.sub(rb"http[^\"]*/-told/([0-9]+)/", rb"http://127.0.0.1:\1/", answer.body)
            answer = replace(answer, body=told)
        return found.after(request, answer)

    async def _sound_answer(self, scope: Any, path: str, request: Request) -> Answer:
        headers = [
            (name.encode(), value.encode())
            for name, value in request.headers
            if name != "content-length"
        ]
        headers.append((b"content-length", b"%d" % len(request.body)))
        inner = {**scope, "path": path, "raw_path": quote(path).encode(), "headers": headers,
                 "query_string": request.query.encode(), "root_path": ""}  # fmt: skip
        came: list[Any] = []
        sent = False

        async def receive() -> Any:
            nonlocal sent
            if sent:
                await asyncio.sleep(3600)
            sent = True
            return {"type": "http.request", "body": request.body, "more_body": False}

        async def send(message: Any) -> None:
            came.append(message)

        await self._sound(inner, receive, send)
        begin = next(each for each in came if each["type"] == "http.response.start")
        body = b"".join(each.get("body", b"") for each in came)
        pairs = tuple((name.decode(), value.decode()) for name, value in begin["headers"])
        return Answer(begin["status"], pairs, body)


async def _body(receive: Any) -> bytes:
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


async def _send(send: Any, answer: Answer) -> None:
    headers = [
        (name.encode(), value.encode()) for name, value in answer.without("content-length").headers
    ]
    if answer.status != 204:
        headers.append((b"content-length", b"%d" % len(answer.body)))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


def _tell(found: Fault, where: list[str], body: bytes) -> Answer:
    """Sends an event on, spoilt."""
    event = json.loads(body)
    spoilt = found.told(event) if found.told else event
    connection = HTTPConnection("127.0.0.1", int(where[0]), timeout=10)
    connection.request("POST", f"/{where[1]}", json.dumps(spoilt), dict(JSON_TYPE))
    status = connection.getresponse().status
    connection.close()
    return Answer(status, (), b"")


def main(database: str) -> None:
    app = Faulty(
        Server(make_plan(read({"database": database, "callback_networks": "127.0.0.0/8"})))
    )
    listener = socket.create_server(("127.0.0.1", 0))
    app.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    sys.stdout.write(f"{app.url}\n")
    sys.stdout.flush()
    uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on")).run(sockets=[listener])


if __name__ == "__main__":
    main(sys.argv[1])
