"""A usage's characteristics: as its specification says, by policy; and unique ones once."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from tests.http.asking import SPECIFICATION, USAGE, Document, create, patch, refused, unchanged
from tests.serving import DATABASES, SQLITE, MakeDatabase, Server, launch, stop_cleanly

DATA: list[Document] = [
    {"name": "recordKey", "valueType": "string", "isUnique": True, "regex": "[A-Z]-[0-9a-f-]+"},
    {"name": "volume", "valueType": "number", "minCardinality": 1, "maxCardinality": 1},
]


def of(specification: Document, **values: Any) -> Document:
    """A usage of a specification, with these characteristics."""
    given = [{"name": name, "value": value} for name, value in values.items()]
    return {"usageSpecification": {"id": specification["id"]}, "usageCharacteristic": given}


def key() -> str:
    return f"A-{uuid.uuid4()}"


@pytest.fixture
def specification(client: httpx.Client) -> Document:
    return create(client, SPECIFICATION, {"name": "data", "specCharacteristic": DATA})


@pytest.fixture(scope="module", params=DATABASES)
def strict(
    request: pytest.FixtureRequest,
    make_database: MakeDatabase,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[httpx.Client]:
    """Talks to a server that refuses what its specifications do not say."""
    folder = tmp_path_factory.mktemp("strict")
    server = launch(folder, make_database(request.param), characteristics="strict")
    with server.client() as client:
        yield client
    stop_cleanly(server)


def test_warn_is_the_default(client: httpx.Client, server: Server, specification: Document) -> None:
    """What is not as the specification says is taken, with a Warning and a line in the log that
    name the characteristic, what came and what was expected; what is, is taken without a word."""
    good = client.post(USAGE, json=of(specification, recordKey=key(), volume=1.5))
    assert good.status_code == 201
    assert "warning" not in good.headers
    odd = 'lots\r\nX-Injected: "yes"'
    bad = client.post(USAGE, json=of(specification, recordKey=key(), volume=odd, colour="red"))
    assert bad.status_code == 201
    warnings = bad.headers.get_list("warning", split_commas=False)
    assert len(warnings) == 2
    for word in ("usageCharacteristic 'volume'", "lots", "type number", specification["id"]):
        assert word in warnings[0]
    assert "'colour'" in warnings[1]
    assert "x-injected" not in bad.headers
    (line,) = [line for line in server.printed().splitlines() if bad.json()["id"] in line]
    assert "'volume'" in line
    assert "'colour'" in line


def test_a_name_begins_no_line_of_the_log(
    client: httpx.Client, server: Server, specification: Document
) -> None:
    """Whatever it holds, one warning is one line."""
    made = client.post(USAGE, json=of(specification, volume=1, **{"a\r\nforged": 1})).json()
    lines = server.printed().splitlines()
    assert [made["id"] in line for line in lines if "forged" in line] == [True]


def test_an_unknown_specification_describes_nothing(client: httpx.Client) -> None:
    """A usage whose specification is not here, or is another server's, is taken as it comes."""
    for reference in ({"id": "nowhere"}, {"id": "x", "href": "https://elsewhere.example/x"}):
        given = [{"name": "any", "value": 1}]
        usage = {"usageSpecification": reference, "usageCharacteristic": given}
        response = client.post(USAGE, json=usage)
        assert response.status_code == 201
        assert "warning" not in response.headers


def test_strict_refuses(strict: httpx.Client) -> None:
    """With `strict` it is 409 on POST and on PATCH, and nothing is changed."""
    specification = create(strict, SPECIFICATION, {"name": "data", "specCharacteristic": DATA})
    for values, words in (
        ({"recordKey": key()}, ("volume", "none", "at least 1")),
        ({"recordKey": "small", "volume": 1}, ("recordKey", "small", "[A-Z]-[0-9a-f-]+")),
        ({"recordKey": key(), "volume": [1, 2]}, ("volume", "2 values", "at most 1")),
        ({"recordKey": key(), "volume": 1, "colour": "red"}, ("colour", "recordKey", "volume")),
    ):
        with unchanged(strict, USAGE):
            error = refused(strict.post(USAGE, json=of(specification, **values)), 409, *words)
            assert error["code"] == "WrongCharacteristic"
    made = create(strict, USAGE, of(specification, recordKey=key(), volume="1.5"))
    path = f"{USAGE}/{made['id']}"
    refused(patch(strict, path, of(specification, recordKey=key(), volume="x")), 409, "volume")
    assert strict.get(path).json() == made


def test_a_specification_that_changes(strict: httpx.Client) -> None:
    """What counts is the specification as it is now; a change that leaves the characteristics
    alone is not asked for what they were."""
    specification = create(strict, SPECIFICATION, {"name": "data", "specCharacteristic": DATA})
    made = create(strict, USAGE, of(specification, recordKey=key(), volume=3))
    narrow = [{**DATA[1], "characteristicValueSpecification": [{"valueTo": 2}]}, DATA[0]]
    place = f"{SPECIFICATION}/{specification['id']}"
    assert patch(strict, place, {"specCharacteristic": narrow}).status_code == 200
    response = strict.post(USAGE, json=of(specification, recordKey=key(), volume=3))
    refused(response, 409, "volume", "any to 2 (closed)")
    assert patch(strict, f"{USAGE}/{made['id']}", {"status": "guided"}).status_code == 200
    assert strict.delete(place).status_code == 204
    create(strict, USAGE, of(specification, anything=1))


def test_off_asks_nothing(
    make_database: MakeDatabase, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """With `off` no specification is asked, for its unique characteristics neither."""
    folder = tmp_path_factory.mktemp("off")
    server = launch(folder, make_database(SQLITE), characteristics="off")
    with server.client() as client:
        specification = create(client, SPECIFICATION, {"specCharacteristic": DATA})
        for _ in range(2):
            response = client.post(USAGE, json=of(specification, recordKey="small"))
            assert response.status_code == 201
            assert "warning" not in response.headers
    stop_cleanly(server)


def test_a_record_that_comes_twice(client: httpx.Client, specification: Document) -> None:
    """A second usage with the same value of the unique characteristic is 409 on POST and PATCH,
    naming the value and the first one; another specification's is another record."""
    mine = key()
    first = create(client, USAGE, of(specification, recordKey=mine, volume=1))
    with unchanged(client, USAGE):
        response = client.post(USAGE, json=of(specification, recordKey=mine, volume=2))
        error = refused(response, 409, "recordKey", mine, specification["id"], first["id"])
    assert error["code"] == "Duplicate"
    second = create(client, USAGE, of(specification, recordKey=key(), volume=2))
    path = f"{USAGE}/{second['id']}"
    response = patch(client, path, of(specification, recordKey=mine, volume=2))
    refused(response, 409, mine, first["id"])
    assert client.get(path).json() == second
    other = create(client, SPECIFICATION, {"name": "other", "specCharacteristic": DATA})
    create(client, USAGE, of(other, recordKey=mine, volume=1))
    for _ in range(2):
        create(client, USAGE, of(specification, volume=1))


def test_a_record_that_is_free_again(client: httpx.Client, specification: Document) -> None:
    """Who is deleted, or corrected, gives its record's key free; a change of something else
    keeps it."""
    mine = key()
    first = create(client, USAGE, of(specification, recordKey=mine, volume=1))
    path = f"{USAGE}/{first['id']}"
    assert patch(client, path, {"status": "guided", "description": "x"}).status_code == 200
    refused(client.post(USAGE, json=of(specification, recordKey=mine, volume=1)), 409, first["id"])
    corrected = of(specification, recordKey=key(), volume=1)
    assert patch(client, path, corrected).status_code == 200
    second = create(client, USAGE, of(specification, recordKey=mine, volume=1))
    assert client.delete(f"{USAGE}/{second['id']}").status_code == 204
    create(client, USAGE, of(specification, recordKey=mine, volume=1))


def test_a_key_of_several(client: httpx.Client) -> None:
    """Several unique characteristics are one key together: one of them alike is not enough."""
    two = [{"name": name, "isUnique": True} for name in ("file", "line")]
    specification = create(client, SPECIFICATION, {"name": "two", "specCharacteristic": two})
    first = create(client, USAGE, of(specification, file="f", line=1))
    create(client, USAGE, of(specification, file="f", line=2))
    response = client.post(USAGE, json=of(specification, line=1, file="f"))
    refused(response, 409, 'file "f"', "line 1", first["id"])


def test_two_loads_at_once(client: httpx.Client, specification: Document) -> None:
    """When two clients load the same records at the same time each record is kept once."""
    records = [of(specification, recordKey=key(), volume=n) for n in range(25)]

    def load(record: Document) -> int:
        return client.post(USAGE, json=record).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(load, [record for record in records for _ in range(2)]))
    assert sorted(statuses) == [201] * 25 + [409] * 25
    assert all(201 in statuses[n : n + 2] for n in range(0, 50, 2))
