"""What was answered is on the disk: SIGKILL under load loses no create that was answered 201."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
from tests.http.asking import USAGE, Document, party
from tests.serving import Server, StartServer, wait_until

POSTERS = 16
ROUNDS = 3
ENOUGH = 300
PAGE = 1000


class Load:
    """Posts usages as fast as it can, and remembers those that were answered 201."""

    def __init__(self, server: Server, round: int) -> None:
        self._server, self._round = server, round
        self._lock = threading.Lock()
        self.answered: dict[str, Document] = {}

    def post(self, poster: int) -> None:
        """Until the server is gone."""
        with self._server.client(timeout=30) as client:
            for number in range(1_000_000):
                try:
                    response = client.post(USAGE, json=self._document(poster, number))
                except httpx.TransportError:
                    return
                assert response.status_code == 201, response.text
                made = response.json()
                with self._lock:
                    self.answered[made["id"]] = made

    def _document(self, poster: int, number: int) -> Document:
        return {
            "usageType": f"round {self._round}",
            "description": f"{poster}/{number} " + "é" * 500,
            "status": "received",
            "relatedParty": [party(str(poster), role="Customer")],
            "usageCharacteristic": [{"name": "volume", "value": number}],
        }


def everything(server: Server) -> dict[str, Document]:
    """All usages of a server by id, page by page."""
    found: dict[str, Document] = {}
    query = {"limit": PAGE, "offset": 0}
    with server.client() as client:
        while True:
            response = client.get(USAGE, params=query)
            assert response.status_code == 200
            rows = response.json()
            found |= {row["id"]: row for row in rows}
            query["offset"] += PAGE
            if len(rows) < PAGE:
                assert len(found) == int(response.headers["x-total-count"])
                return found


def without_href(document: Document) -> Document:
    return {name: value for name, value in document.items() if name != "href"}


def test_no_answered_create_is_lost(start_server: StartServer, new_database: str) -> None:
    """Killed while 16 clients post, and started again on the same database: all is there, whole."""
    answered: dict[str, Document] = {}
    for round in range(ROUNDS):
        server = start_server(database=new_database)
        load = Load(server, round)
        with ThreadPoolExecutor(POSTERS) as threads:
            posters = [threads.submit(load.post, poster) for poster in range(POSTERS)]
            wait_until(lambda load=load: len(load.answered) >= ENOUGH, "enough was answered")
            server.kill()
        for poster in posters:
            poster.result()
        answered |= load.answered
    found = everything(start_server(database=new_database))
    lost = answered.keys() - found.keys()
    assert not lost, f"{len(lost)} of {len(answered)} answered creates are lost"
    for id, made in answered.items():
        assert without_href(found[id]) == without_href(made)
    unanswered = len(found) - len(answered)
    assert unanswered <= POSTERS * ROUNDS
