"""Good, slow and bad listeners at the same time, over HTTP: each gets what is its own."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.delivery.conftest import HURRY
from tests.delivery.listening import HUGE, Ears, listening
from tests.http.asking import USAGE, USAGES, create, patch
from tests.serving import DATABASES, MakeDatabase, Server, launch, select, stop_cleanly, wait_until

USAGES_MADE = 20
CHANGES = 3  # events of each: it is created and twice changed
ALL = USAGES_MADE * CHANGES

GOOD = ("/fast", "/failing/2", "/closing/2", "/busy/1/1", "/slow/0.5", "/huge", "/dripping")
BAD = ("/hanging", "/redirecting", "/gone")


@dataclass
class Scene:
    """A server with listeners of all kinds, after changes were made."""

    server: Server
    ears: Ears
    ids: dict[str, str]
    began: float

    def deliveries(self, path: str) -> list[tuple[Any, ...]]:
        return select(
            self.server.database,
            "SELECT state, attempts, last_status, last_error FROM delivery"
            f" WHERE listener = '{self.ids[path]}'",
        )

    def wait_for(self, path: str) -> None:
        wait_until(lambda: len(set(self.ears.ids(path))) >= ALL, f"{path} has heard everything")


@pytest.fixture(scope="module", params=DATABASES)
def scene(
    request: pytest.FixtureRequest,
    make_database: MakeDatabase,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("delivering")
    with listening() as ears:
        server = launch(folder, make_database(request.param), deliver=True, **HURRY)
        with server.client() as client:
            ids = {}
            for path in (*BAD, *GOOD):
                answer = client.post(f"{USAGES}/hub", json={"callback": ears.url(path)})
                ids[path] = answer.json()["id"]
            began = time.monotonic()
            made = [create(client, USAGE, {"usageType": "0"}) for _ in range(USAGES_MADE)]
            for n in range(1, CHANGES):
                for usage in made:
                    patch(client, f"{USAGE}/{usage['id']}", {"usageType": str(n)})
            yield Scene(server, ears, ids, began)
        stop_cleanly(server)


def test_a_fast_listener_is_told_at_once(scene: Scene) -> None:
    """Those that hang, fail or answer without end keep nobody else waiting."""
    scene.wait_for("/fast")
    ids = scene.ears.ids("/fast")
    assert len(ids) == len(set(ids)) == ALL
    once = [("sent", 1, 204, None)] * ALL
    wait_until(lambda: scene.deliveries("/fast") == once, "all were sent at the first attempt")


@pytest.mark.parametrize("path", GOOD)
def test_each_hears_everything_in_the_order_of_each_instance(scene: Scene, path: str) -> None:
    """Nothing is lost: not by being slow, failing at first, closing mid-answer, asking for patience
    (429), or answering at length. The order of each instance is kept."""
    scene.wait_for(path)
    by_usage: dict[str, list[str]] = defaultdict(list)
    for heard in scene.ears.taken[path]:
        usage = heard.event["event"]["usage"]
        if [usage["usageType"]] != by_usage[usage["id"]][-1:]:
            by_usage[usage["id"]].append(usage["usageType"])
    assert list(by_usage.values()) == [["0", "1", "2"]] * USAGES_MADE
    wait_until(
        lambda: {row[0] for row in scene.deliveries(path)} == {"sent"}, f"{path} is written down"
    )


def test_failures_are_tried_again(scene: Scene) -> None:
    """Attempts are counted; what came of the last one stands with the delivery."""
    for path in ("/failing/2", "/closing/2"):
        scene.wait_for(path)
        wait_until(
            lambda path=path: scene.deliveries(path) == [("sent", 3, 204, None)] * ALL,  # type: ignore[misc]
            f"all of {path} were sent at the third attempt",
        )


def test_retry_after_is_honoured(scene: Scene) -> None:
    """A listener that answers 429 is left alone for as long as it asks (RFC 9110 10.2.3)."""
    scene.wait_for("/busy/1/1")
    times: dict[bytes, list[float]] = defaultdict(list)
    for heard in scene.ears.heard["/busy/1/1"]:
        times[heard.body].append(heard.at)
    assert all(second - first >= 1 for first, second in times.values())


def test_a_redirect_is_not_followed(scene: Scene) -> None:
    """A redirect is a failure, and where it leads to is never asked."""
    wait_until(lambda: scene.deliveries("/redirecting")[0][1] > 1, "a second attempt is made")
    assert all(row[0] != "sent" for row in scene.deliveries("/redirecting"))
    assert any(row[2] == 302 for row in scene.deliveries("/redirecting"))
    assert not scene.ears.heard["/redirected"]


def test_410_ends_the_subscription(scene: Scene) -> None:
    """A listener that answers 410 is told nothing more, and is none any more."""
    with scene.server.client() as client:
        gone = f"{USAGES}/hub/{scene.ids['/gone']}"
        wait_until(lambda: client.get(gone).status_code == 404, "the listener is gone")
        wait_until(
            lambda: {row[0] for row in scene.deliveries("/gone")} == {"dead"}, "nothing is due"
        )
        count = len(scene.ears.heard["/gone"])
        create(client, USAGE, {"usageType": "gone"})
        known = {each["callback"] for each in [client.get(gone).json()] if "callback" in each}
        assert not known
    assert len(scene.ears.heard["/gone"]) == count
    assert len(scene.deliveries("/gone")) <= ALL


def test_what_never_answers_ends_dead(scene: Scene) -> None:
    """After the last delay a delivery is dead, kept and says why; it was tried once more than there
    are delays."""
    wait_until(
        lambda: any(row[0] == "dead" for row in scene.deliveries("/redirecting")), "some are dead"
    )
    dead = [row for row in scene.deliveries("/redirecting") if row[0] == "dead"]
    assert {row[1] for row in dead} == {7}
    assert ("dead", 7, 302, "it redirects, which is not followed") in dead
    wait_until(lambda: scene.deliveries("/hanging")[0][1] >= 1, "one was hung up on")
    tried = [row for row in scene.deliveries("/hanging") if row[1]]
    assert "no answer in 2 s" in {row[3] for row in tried}


def test_an_endless_answer_costs_little(scene: Scene) -> None:
    """Of a 100 MB answer hardly anything is read."""
    scene.wait_for("/huge")
    assert scene.ears.sent_bytes < ALL * HUGE / 10
    assert scene.server.memory() < 400 * 1024 * 1024
