"""Servers and dispatchers are killed at random under load; nothing that was committed stays untold.

TMFSERVER_TEST_KILLS says how often, for a longer run.
"""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.delivery.conftest import HURRY
from tests.delivery.listening import Ears
from tests.http.asking import USAGE, USAGES
from tests.programs import Program
from tests.serving import (
    QUIET,
    MakeDatabase,
    flags,
    free_port,
    plain_environment,
    select,
    wait_until,
)

KILLS = int(os.environ.get("TMFSERVER_TEST_KILLS", "50"))
SERVER_KILLS = 4  # one in so many is the server's, which takes longer to come back
WRITERS = 3
PATHS = ("/fast", "/slow/0.05")
SETTINGS: Mapping[str, Any] = {"delivery_timeout": 1, "delivery_connect_timeout": 1}


class Load:
    """Creates resources and changes each of them some times, whatever happens to the server."""

    def __init__(self) -> None:
        self.url = ""
        self.created: set[str] = set()  # as the server confirmed
        self.changed: Counter[str] = Counter()
        self.refused = 0
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, args=(n,), daemon=True) for n in range(WRITERS)
        ]

    def start(self, url: str) -> None:
        self.url = url
        for each in self._threads:
            each.start()

    def stop(self) -> None:
        self._over.set()
        for each in self._threads:
            each.join(30)

    def _work(self, number: int) -> None:
        count = 0
        while not self._over.is_set():
            try:
                with httpx.Client(base_url=self.url, timeout=5, verify=False) as client:
                    while not self._over.is_set():
                        count += 1
                        self._life(client, f"u{number}-{count}")
            except httpx.HTTPError:
                time.sleep(0.02)

    def _life(self, client: httpx.Client, id: str) -> None:
        asked = {"id": id, "usageType": "0"}
        if client.post(USAGE, json=asked).status_code == 201:
            self.created.add(id)
        if client.post(USAGE, json=asked).status_code == 409:
            self.refused += 1
        for n in range(1, 4):
            answer = client.patch(f"{USAGE}/{id}", json={"usageType": str(n)})
            if answer.status_code == 200:
                self.changed[id] += 1
        time.sleep(0.01)


class World:
    """A server and two dispatchers beside it, on one database, and a server to come in its place:
    while that one starts, there is something to be killed."""

    def __init__(self, folder: Path, database: str) -> None:
        self.database, self._folder = database, folder
        self.server, self.url = self._up(*self._serve())
        self._next = self._serve()
        self.dispatchers = [self._deliver() for _ in range(2)]

    def kill_server(self) -> None:
        self.server.kill()
        self.server, self.url = self._up(*self._next)
        self._next = self._serve()

    def kill_dispatcher(self, place: int) -> None:
        self.dispatchers[place].kill()
        self.dispatchers[place] = self._deliver()

    def close(self) -> None:
        for each in (self.server, self._next[0], *self.dispatchers):
            each.kill()
            each.wait(30)

    def _serve(self) -> tuple[Program, str]:
        port = free_port()
        return self._start("serve", port=port, deliver=True), f"http://127.0.0.1:{port}"

    def _up(self, server: Program, url: str) -> tuple[Program, str]:
        def answers() -> bool:
            assert server.poll() is None, self._log.read_text(encoding="utf-8")
            with suppress(httpx.HTTPError):
                return httpx.get(f"{url}/health", verify=False).is_success
            return False

        wait_until(answers, "the server answers /health")
        return server, url

    def _deliver(self) -> Program:
        return self._start("deliver", **{**HURRY, **SETTINGS})

    def _start(self, command: str, **settings: Any) -> Program:
        words = [command, *flags({"database": self.database, **SETTINGS, **settings})]
        return Program(words, self._folder, plain_environment(QUIET), self._log)

    @property
    def _log(self) -> Path:
        return self._folder / "log"


def _subscribe(url: str, ears: Ears) -> None:
    query = "eventType=UsageCreateEvent,UsageAttributeValueChangeEvent"
    for path in PATHS:
        asked = {"callback": ears.url(path), "query": query}
        assert httpx.post(f"{url}{USAGES}/hub", json=asked, verify=False).status_code == 201


def _killed(world: World, load: Load, chance: random.Random) -> Counter[str]:
    """Kills again and again, at any moment of their work; how often what was killed."""
    kills: Counter[str] = Counter()
    for n in range(KILLS):
        time.sleep(chance.uniform(0.05, 0.4))
        if n % SERVER_KILLS == 0:
            kills["server"] += 1
            world.kill_server()
            load.url = world.url
        else:
            kills["dispatcher"] += 1
            world.kill_dispatcher(chance.randrange(2))
    return kills


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_every_committed_change_is_told(
    make_database: MakeDatabase,
    tmp_path: Path,
    ears: Ears,
    kind: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Every committed change's notification arrives at least once, none of what was not committed,
    and each instance's in their order."""
    with closing(World(tmp_path, make_database(kind))) as world:
        _subscribe(world.url, ears)
        load = Load()
        load.start(world.url)
        kills = _killed(world, load, random.Random(kind))
        load.stop()
        undelivered = "SELECT count(*) FROM delivery WHERE state <> 'sent'"
        wait_until(lambda: select(world.database, undelivered) == [(0,)], "all are sent", 60)
    told = _committed(world.database, load)
    again = [_heard(ears, path, told) for path in PATHS]
    with capsys.disabled():
        print(  # noqa: T201
            f"\n{kind}: {kills['server']} servers and {kills['dispatcher']} dispatchers killed,"
            f" {len(told)} changes, {load.refused} refused, each told to {len(PATHS)} listeners,"
            f" {sum(again)} notifications twice"
        )


def _committed(database: str, load: Load) -> dict[str, tuple[str, int]]:
    """eventId → (resource, place) of the events in the database, which must be those of the
    documents in it, and have all that was confirmed."""
    rows = select(database, "SELECT seq, subject, document FROM event ORDER BY seq")
    steps: dict[str, list[str]] = defaultdict(list)
    told = {}
    for seq, subject, text in rows:
        event = json.loads(text)
        steps[subject].append(event["event"]["usage"]["usageType"])
        told[event["eventId"]] = (subject, seq)
    table = "usage_management_v4_usage"
    documents = select(database, f"SELECT id, CAST(document AS text) FROM {table}")
    assert {id for id, _ in documents} == set(steps) >= load.created
    for id, text in documents:
        last = json.loads(text)["usageType"]
        assert steps[id] == [str(n) for n in range(int(last) + 1)]
        assert len(steps[id]) > load.changed[id]
    return told


def _heard(ears: Ears, path: str, told: dict[str, tuple[str, int]]) -> int:
    """Checks what one listener heard; how much of it twice."""
    ids = ears.ids(path)
    assert set(ids) == set(told)
    last: dict[str, int] = defaultdict(int)
    for id in ids:
        subject, place = told[id]
        assert place >= last[subject], f"{path} heard of {subject} in a wrong order"
        last[subject] = place
    return len(ids) - len(set(ids))
