"""TM Forum's version 5 of an API, dropped in: its hub, its events and its listener paths."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.http.asking import refused
from tests.serving import MakeDatabase, Server, launch, select, stop_cleanly

from tmfserver.spec import read

VARIABLE = "TMFSERVER_OFFICIAL_SPECS"
FILE = Path(os.environ.get(VARIABLE, "none")) / "TMF666-v5.0.0.oas.yaml"
BASE = "/tmf-api/accountManagement/v5"
FORMATS = f"{BASE}/billFormat"

pytestmark = pytest.mark.skipif(
    not FILE.is_file(), reason=f"{VARIABLE} names no folder of published contracts"
)


@pytest.fixture(scope="module")
def server(
    make_database: MakeDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server of version 5 alone, that mirrors."""
    started = launch(
        tmp_path_factory.mktemp("five"), make_database("sqlite"), specs=[FILE], mirror=True
    )
    yield started
    stop_cleanly(started)


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as made:
        yield made


def test_its_events_are_what_its_contract_declares(client: httpx.Client, server: Server) -> None:
    """Create, change and delete are told in version 5's shape, to a listener with a query."""
    listener = {
        "@type": "Hub",
        "callback": "http://127.0.0.1:9/x",
        "query": "event.billFormat.name.startswith=Sum",
    }
    made = client.post(f"{BASE}/hub", json=listener)
    assert made.status_code == 201, made.text
    assert made.json()["secret"].startswith("whsec_")
    refused(client.post(f"{BASE}/hub", json={**listener, "callback": "ftp://x"}), 400, "callback")
    document = {"@type": "BillFormat", "name": "Summary"}
    created = client.post(FORMATS, json=document)
    assert created.status_code == 201, created.text
    path = f"{FORMATS}/{created.json()['id']}"
    assert client.patch(path, json={"@type": "BillFormat", "name": "Sum"}).status_code == 200
    assert client.delete(path).status_code == 204
    assert client.post(FORMATS, json={**document, "name": "Detailed"}).status_code == 201
    rows = select(server.database, "SELECT type, document FROM event ORDER BY seq")
    (api,) = read(FILE)
    for type_, text in rows:
        api.schemas.shape(type_).check(json.loads(text))
    assert [type_ for type_, _ in rows] == [
        "BillFormatCreateEvent",
        "BillFormatAttributeValueChangeEvent",
        "BillFormatDeleteEvent",
    ]


def test_its_listener_paths_answer_204_and_mirror(client: httpx.Client) -> None:
    """What its contract says of a listener, and the copy of what it was told of."""
    id = str(uuid.uuid4())
    told = {
        "@type": "BillFormatCreateEvent",
        "eventId": id,
        "event": {"billFormat": {"@type": "BillFormat", "id": id, "name": "Theirs"}},
    }
    response = client.post(f"{BASE}/listener/billFormatCreateEvent", json=told)
    assert (response.status_code, response.content) == (204, b"")
    copy = client.get(f"{FORMATS}/{id}").json()
    assert (copy["name"], copy["@origin"]["eventId"]) == ("Theirs", id)
