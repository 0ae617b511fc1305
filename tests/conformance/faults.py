"""Faults that a server can have, each done to the requests and answers of one that has none.

A fault says which check is to name it; `kinds` are the kinds of checks that may fail with it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Request:
    """What came; `path` is below the API's base path, as in "hub" or "thing/1"."""

    method: str
    path: str
    query: str
    headers: Headers
    body: bytes

    @property
    def is_list(self) -> bool:
        return self.method == "GET" and "/" not in self.path

    @property
    def is_hub(self) -> bool:
        return self.path.split("/")[0] == "hub"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Headers
    body: bytes

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    def header(self, wanted: str) -> str:
        return next((value for name, value in self.headers if name.lower() == wanted), "")

    def without(self, *names: str) -> Answer:
        kept = tuple(pair for pair in self.headers if pair[0].lower() not in names)
        return replace(self, headers=kept)

    def having(self, name: str, value: str) -> Answer:
        changed = self.without(name)
        return replace(changed, headers=(*changed.headers, (name, value)))

    def saying(self, value: Any) -> Answer:
        return replace(self, body=json.dumps(value, ensure_ascii=False).encode())


Pairs = list[tuple[str, str]]
Before = Callable[[Request], "Request | Answer"]
After = Callable[[Request, Answer], Answer]


@dataclass(frozen=True)
class Fault:
    """before: what becomes of a request; after: of an answer; told: of an event."""

    name: str
    caught_by: str
    kinds: frozenset[str]
    before: Before = field(default=lambda request: request)
    after: After = field(default=lambda _, answer: answer)
    told: Callable[[dict[str, Any]], dict[str, Any]] | None = None


JSON_TYPE: Headers = (("content-type", "application/json"),)


def answers(when: Callable[[Request, Answer], bool], change: Callable[[Answer], Answer]) -> After:
    return lambda request, answer: change(answer) if when(request, answer) else answer


def documents(change: Callable[[dict[str, Any]], dict[str, Any]], *methods: str) -> After:
    """Changes each resource that comes back."""

    def after(request: Request, answer: Answer) -> Answer:
        if request.is_hub or not answer.is_success or not answer.body:
            return answer
        if methods and request.method not in methods:
            return answer
        came = json.loads(answer.body)
        return answer.saying([*map(change, came)] if isinstance(came, list) else change(came))

    return after


def queries(change: Callable[[Pairs], Pairs]) -> Before:
    """Changes the name=value pairs of a list's query, percent-encoded as they came."""

    def before(request: Request) -> Request:
        if request.is_hub or request.method != "GET" or not request.query:
            return request
        pairs = [tuple(each.split("=", 1)) for each in request.query.split("&")]
        kept = change([(pair[0], pair[1] if len(pair) > 1 else "") for pair in pairs])
        return replace(request, query="&".join(f"{n}={v}" if v else n for n, v in kept))

    return before


def dropping(*names: str) -> Before:
    return queries(lambda pairs: [pair for pair in pairs if pair[0] not in names])


def has(*methods: str) -> Callable[[Request, Answer], bool]:
    return lambda request, answer: (
        request.method in methods and answer.is_success and not request.is_hub
    )


def on_hub(request: Request, answer: Answer) -> bool:
    return request.is_hub and request.method == "POST" and answer.is_success


def refused(request: Request, answer: Answer) -> bool:
    return answer.status >= 400


def unknown(request: Request, answer: Answer) -> bool:
    return answer.status == 404 and "/" in request.path and not request.is_hub


def status(code: int) -> Callable[[Answer], Answer]:
    return lambda answer: replace(answer, status=code)


def without(*names: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda document: {key: value for key, value in document.items() if key not in names}


def refused_as(code: int) -> Callable[[Answer], Answer]:
    """Another status, also in the Error."""
    return lambda answer: replace(answer, status=code).saying(
        {**json.loads(answer.body), "status": str(code)}
    )
