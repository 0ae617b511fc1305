"""The operations that are measured: their requests, their right answers, the aims for them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeAlias

import orjson

from benchmarks.documents import usages
from benchmarks.driver import Request, Response, WrongAnswerError
from benchmarks.serving import COLLECTION

PAGE = 20

# (random numbers, ids in the database, how many requests) → requests
Render: TypeAlias = Callable[[random.Random, Sequence[str], int], list[Request]]
# (the request's expected text, the answer's JSON, the answer) → whether it is right
Check: TypeAlias = Callable[[str, Any, Response], bool]


@dataclass(frozen=True, slots=True)
class Operation:
    """What is measured.

    less_than_fastapi: per database, how many times less CPU than FastAPI is aimed for, at least.
    times_the_floor: how many times the floor's CPU is aimed for, at most.
    """

    name: str
    status: int
    render: Render
    check: Check
    less_than_fastapi: Mapping[str, float]
    times_the_floor: float | None

    def verify(self, kept: Sequence[tuple[Request, Response]]) -> None:
        """Raises WrongAnswerError unless all of these answers are right."""
        for request, response in kept:
            if not self.check(request.expects, orjson.loads(response.body), response):
                raise WrongAnswerError(f"{self.name}: {request.wire!r}\n{response.body[:2000]!r}")


def wire(method: str, target: str, body: bytes = b"", media: str = "application/json") -> bytes:
    """A whole request as bytes."""
    head = f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n"
    if body:
        head += f"Content-Type: {media}\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


def creates(documents: Iterator[dict[str, Any]], count: int) -> list[Request]:
    """Requests that create these documents."""
    return [
        Request(wire("POST", COLLECTION, orjson.dumps(document)), document["description"])
        for document in islice(documents, count)
    ]


def _gets(rng: random.Random, ids: Sequence[str], count: int) -> list[Request]:
    chosen = rng.choices(ids, k=count)
    return [Request(wire("GET", f"{COLLECTION}/{id}"), id) for id in chosen]


def _lists(_rng: random.Random, _ids: Sequence[str], count: int) -> list[Request]:
    return [Request(wire("GET", f"{COLLECTION}?limit={PAGE}"))] * count


def _lists_of_status(_rng: random.Random, _ids: Sequence[str], count: int) -> list[Request]:
    return [Request(wire("GET", f"{COLLECTION}?status=rated&limit={PAGE}"), "rated")] * count


def _posts(rng: random.Random, _ids: Sequence[str], count: int) -> list[Request]:
    return creates(usages(rng.getrandbits(32)), count)


def _patches(rng: random.Random, ids: Sequence[str], count: int) -> list[Request]:
    requests = []
    for id in rng.choices(ids, k=count):
        text = f"Corrected after complaint {rng.getrandbits(48)}"
        body = orjson.dumps({"description": text})
        target = f"{COLLECTION}/{id}"
        requests.append(Request(wire("PATCH", target, body, "application/merge-patch+json"), text))
    return requests


def _whole(document: Any) -> bool:
    return (
        document["href"].endswith(document["id"])
        and len(document["usageCharacteristic"]) == 3
        and len(document["ratedProductUsage"]) == 1
        and len(document["relatedParty"]) >= 1
        and document["ratedProductUsage"][0]["taxExcludedRatingAmount"]["unit"] == "EUR"
    )


def _is_asked(expects: str, document: Any, _response: Response) -> bool:
    return document["id"] == expects and _whole(document)


def _is_page(expects: str, documents: Any, response: Response) -> bool:
    return (
        len(documents) == PAGE
        and int(response.header("X-Total-Count") or 0) > PAGE
        and response.header("X-Result-Count") == str(PAGE)
        and all(map(_whole, documents))
        and all(expects in ("", document["status"]) for document in documents)
    )


def _is_described(expects: str, document: Any, _response: Response) -> bool:
    return document["description"] == expects and _whole(document)


def _is_created(expects: str, document: Any, response: Response) -> bool:
    location = response.header("Location") or ""
    return location.endswith(document["id"]) and _is_described(expects, document, response)


def _everywhere(ratio: float) -> dict[str, float]:
    return {"sqlite": ratio, "postgresql": ratio}


OPERATIONS = (
    Operation("GET by id", 200, _gets, _is_asked, _everywhere(12), 1.4),
    Operation("list of 20", 200, _lists, _is_page, _everywhere(15), 1.8),
    Operation("list of 20 by status", 200, _lists_of_status, _is_page, _everywhere(15), 1.8),
    Operation("POST", 201, _posts, _is_created, _everywhere(10), 1.6),
    Operation("PATCH", 200, _patches, _is_described, {"sqlite": 8, "postgresql": 4}, None),
)
