"""Many clients at once: what is answered with success is there, and nothing else."""

from __future__ import annotations

import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
from tests.http.asking import FORMAT, JSON_PATCH, SPECIFICATION, create, patch, total, unique

AT_ONCE = 50
THREADS = 16


def test_patches_at_once_lose_nothing(client: httpx.Client) -> None:
    """50 json-patches that add to one array at once all succeed, and all elements are there."""
    path = f"{SPECIFICATION}/{create(client, SPECIFICATION, {'tags': []})['id']}"

    def add(number: int) -> int:
        body = [{"op": "add", "path": "/tags/-", "value": number}]
        return patch(client, path, body, JSON_PATCH).status_code

    with ThreadPoolExecutor(AT_ONCE) as threads:
        answered = Counter(threads.map(add, range(AT_ONCE)))
    assert answered == {200: AT_ONCE}
    assert sorted(client.get(path).json()["tags"]) == list(range(AT_ONCE))


def test_increments_under_if_match_lose_nothing(client: httpx.Client) -> None:
    """50 increments, each read, changed under If-Match and tried again on 412, add up to 50."""
    path = f"{SPECIFICATION}/{create(client, SPECIFICATION, {'counter': 0})['id']}"

    def increment(_: int) -> None:
        while True:
            seen = client.get(path)
            response = client.patch(
                path,
                json={"counter": seen.json()["counter"] + 1},
                headers={"if-match": seen.headers["etag"]},
            )
            if response.status_code == 200:
                return
            assert response.status_code in (409, 412), response.text

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(increment, range(AT_ONCE)))
    assert client.get(path).json()["counter"] == AT_ONCE


def test_one_id_is_given_once(client: httpx.Client) -> None:
    """Of many creates with one id at once, one is 201 and the others are 409."""
    id, name = str(uuid.uuid4()), unique("once")

    def post(number: int) -> int:
        document = {"id": id, "name": name, "description": str(number)}
        return client.post(FORMAT, json=document).status_code

    with ThreadPoolExecutor(THREADS) as threads:
        answered = Counter(threads.map(post, range(THREADS)))
    assert answered == {201: 1, 409: THREADS - 1}
    assert total(client, FORMAT, name=name) == 1


def test_a_bad_neighbour_harms_nobody(client: httpx.Client) -> None:
    """Creates that are refused do not drag down those that came at the same moment."""
    taken, name = str(uuid.uuid4()), unique("neighbour")
    create(client, FORMAT, {"id": taken, "name": name})

    def post(number: int) -> int:
        own = {"id": taken} if number % 3 == 0 else {}
        return client.post(FORMAT, json={"name": name, **own}).status_code

    numbers = range(AT_ONCE)
    with ThreadPoolExecutor(THREADS) as threads:
        answered = list(threads.map(post, numbers))
    assert answered == [409 if number % 3 == 0 else 201 for number in numbers]
    assert total(client, FORMAT, name=name) == 1 + answered.count(201)


def test_one_of_many_deletes_does_it(client: httpx.Client) -> None:
    """Of many deletes of one resource at once, one is 204 and the others are 404."""
    path = f"{FORMAT}/{create(client, FORMAT, {'name': 'short-lived'})['id']}"
    with ThreadPoolExecutor(THREADS) as threads:
        answered = Counter(threads.map(lambda _: client.delete(path).status_code, range(THREADS)))
    assert answered == {204: 1, 404: THREADS - 1}
