"""The pages about deliveries: listeners and how they are, an event and its attempts."""

from __future__ import annotations

import asyncio
import html
import json
import re
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tmfserver import sql
from tmfserver.changes import Event, Listener, Subscribe
from tmfserver.deliveries import Claimed, Hour, Outcome
from tmfserver.errors import Unavailable
from tmfserver.pages import outgoing, pages_middleware
from tmfserver.pages.outgoing import shown
from tmfserver.pages.site import age, moment, number
from tmfserver.pages.sparkline import HEIGHT, HOUR, HOURS, LEAST, bars, first_hour
from tmfserver.repository import Store
from tmfserver.sql.statements import now

API = "/thingManagement/v4"
EVIL = '"><script>alert(1)</script>'
SECRETS = ("whsec_hush", "Bearer hush", "s3cret", "t0ken")


def listener(id: str, callback: str, query: str = "") -> Listener:
    return Listener(id, API, callback, query, "whsec_hush", "Authorization: Bearer hush")


def event(id: str, *listeners: str, about: str = "") -> Event:
    document = json.dumps({"eventId": id, "event": {"thing": {"name": EVIL}}})
    return Event(id, API, "ThingChangeEvent", about or f"of {id}", document, listeners)


def failed(claimed: Claimed, state: Any = "due", error: str = "no") -> Outcome:
    attempts = [{"at": 10**15 + n, "status": 500 + n, "error": error, "ms": 7.0} for n in range(2)]
    return Outcome(claimed, state, now() + HOUR, True, 501, error, json.dumps(attempts))


def sent(claimed: Claimed) -> Outcome:
    return Outcome(claimed, "sent", now(), True, 204, None, "[]")


def asked(
    folder: Path, use: Callable[[Store], Awaitable[Any]], *paths: str
) -> list[httpx.Response]:
    """The pages at these paths over a SQLite file that `use` has filled."""

    async def run() -> list[httpx.Response]:
        store = await sql.open_store(f"sqlite:///{folder / 'pages.db'}", [])
        await use(store)
        found = await answers(store, *paths)
        await store.close()
        return found

    return asyncio.run(run())


async def answers(store: Any, *paths: str) -> list[httpx.Response]:
    app = pages_middleware([], {}, store)(behind)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://tmf.example") as client:
        return [await client.get(path) for path in paths]


async def behind(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 299, "headers": []})
    await send({"type": "http.response.body", "body": b"passed by"})


async def nothing(store: Store) -> None: ...


async def five(store: Store) -> None:
    """Listeners of all kinds: one that gets all, one that fails, one that waits, one that went."""
    for id, callback in (
        ("good", "https://user:s3cret@good.example/hook?key=t0ken"),
        ("bad", f"http://bad.example/{EVIL}"),
        ("new", "http://new.example/"),
        ("gone", "http://gone.example/"),
    ):
        await store.commit([Subscribe(listener(id, callback, f"eventType={EVIL}"))])
    ids = ("good", "bad", "gone")
    await store.commit([event(f"e{n}", *ids) for n in range(3)])
    await store.commit([event("e3", *ids, about="of e2")])
    claimed = (await store.outbox.claim(100, 100, {}, 30)).claimed
    outcomes = [sent(each) for each in claimed if each.listener == "good"]
    fates = {"e0": "dead"}
    outcomes += [
        failed(each, fates.get(each.id, "due"), EVIL) for each in claimed if each.listener == "bad"
    ]
    await store.outbox.settle(outcomes)
    await store.outbox.end("gone")


def words(text: str) -> str:
    """What a page says, without its marks."""
    plain = re.sub(r"<title>.*?</title>|<[^>]*>", " ", text)
    return " ".join(html.unescape(plain).split())


def cards(text: str) -> dict[str, str]:
    """What the page says of each listener, by id."""
    found = [words(each) for each in re.findall(r"<article .*?</article>", text, re.DOTALL)]
    return {each.partition(" Listener ")[2].split()[0]: each for each in found}


def test_each_listener_stands_with_its_health(tmp_path: Path) -> None:
    """The page says of each listener how it is, what is due, sent, failed and dead, the last answer
    and what happened in the last day."""
    (page,) = asked(tmp_path, five, "/deliveries")
    assert page.status_code == 200
    found = cards(page.text)
    assert [*found] == ["good", "bad", "new", "gone"]
    for id, state, figures, day in (
        ("good", "delivering", "due 1 sent 3 failed 0 dead 0", "3 sent, 0 failed"),
        ("bad", "the last attempt failed", "due 3 sent 0 failed 3 dead 1", "0 sent, 3 failed"),
        ("new", "nothing was sent yet", "due 0 sent 0 failed 0 dead 0", "0 sent, 0 failed"),
        ("gone", "ended its subscription", "due 0 sent 0 failed 0 dead 0", "0 sent, 0 failed"),
    ):
        assert f"{state} Listener {id}" in found[id]
        assert f"{figures} {day} in 24 hours" in found[id]
    assert "Last attempt 204; the last that arrived" in found["good"]
    assert f"Last attempt 501: {EVIL}" in found["bad"]
    assert "old" in found["bad"].partition("Oldest due")[2]
    assert page.text.count('<rect class="sent"') == page.text.count('<rect class="failed"') == 1


def test_no_page_shows_what_lets_one_in(tmp_path: Path) -> None:
    """Neither keys, nor headers, nor what a callback holds of passwords and tokens is shown, and
    what others wrote is text, never markup; no page has a script."""
    for page in asked(tmp_path, five, "/deliveries", "/deliveries/e0"):
        assert not [secret for secret in SECRETS if secret in page.text]
        assert "<script" not in page.text
        assert EVIL in words(page.text)
        assert " style=" not in page.text
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
        assert page.headers["cache-control"] == "no-store"


def test_an_event_stands_with_its_attempts(tmp_path: Path) -> None:
    """The page of an event has what became of it at each listener, attempt by attempt with the
    newest first, when it is tried next, and the event itself."""
    pages = asked(tmp_path, five, "/deliveries/e0", "/deliveries/e1", "/deliveries/e3")
    dead, due, waiting = [words(page.text) for page in pages]
    assert "https://good.example/hook?… sent Listener good Attempts 1 Last answer 204" in dead
    assert "dead Listener bad Attempts 1 Last answer 501" in dead
    tries = f"2001-09-09 01:46:40 UTC 501: {EVIL} 7 ms 2001-09-09 01:46:40 UTC 500: {EVIL} 7 ms"
    assert tries in dead
    assert '"eventId": "e0"' in dead
    assert "the listener ended its subscription" in dead
    assert "to be tried again Listener bad" in due
    assert "Next attempt 20" in due
    assert "waiting Listener bad Attempts 0 Last answer none yet Next attempt when" in waiting


def test_every_link_leads_to_a_page(tmp_path: Path) -> None:
    """The deliveries that the page lists, and the oldest that is due, lead to their events."""
    (page,) = asked(tmp_path, five, "/deliveries")
    links = set(re.findall(r'href="(/deliveries/[^"]*)"', page.text))
    assert links == {f"/deliveries/e{n}" for n in range(4)}
    assert {each.status_code for each in asked(tmp_path, nothing, *links)} == {200}


def test_what_is_not_there(tmp_path: Path) -> None:
    """No listeners: the page says so. No such event: 404, with a page. A path below: not ours."""
    board, missing, deeper, slash = asked(
        tmp_path,
        nothing,
        "/deliveries",
        f"/deliveries/{EVIL[:10]}",
        "/deliveries/a/b",
        "/deliveries/",
    )
    assert "Nobody listens." in board.text
    assert missing.status_code == 404
    assert f"There is no event {EVIL[:10]}, or not any more." in words(missing.text)
    assert (deeper.status_code, slash.status_code) == (299, 299)


@pytest.mark.parametrize("silence", [0, 60])
def test_a_database_that_is_away_is_told(silence: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pages come all the same, soon, and say that the database did not answer."""

    class Away:
        @property
        def outbox(self) -> Any:
            return self

        async def listeners(self, *_: Any) -> Any:
            await asyncio.sleep(silence)
            raise Unavailable(problem="it is away")

        event = listeners

    monkeypatch.setattr(outgoing, "PATIENCE", 0.05)
    for page in asyncio.run(answers(Away(), "/deliveries", "/deliveries/e1")):
        assert page.status_code == 200
        assert "The database did not answer in time." in words(page.text)


def test_a_listener_that_is_left_behind(tmp_path: Path) -> None:
    """Who gets what is sent, but has an old notification waiting, is behind."""

    async def late(store: Store) -> None:
        await store.commit([Subscribe(listener("l1", "http://l1.example/"))])
        await store.commit([event("e0", "l1"), event("e1", "l1")])
        claimed = (await store.outbox.claim(1, 1, {}, 30)).claimed
        await store.outbox.settle([sent(each) for each in claimed])

    asked(tmp_path, late)
    with closing(sqlite3.connect(tmp_path / "pages.db")) as file, file:
        file.execute("UPDATE event SET created = created - 7200000000")
    (page,) = asked(tmp_path, nothing, "/deliveries")
    assert "behind Listener l1" in words(page.text)
    assert "Oldest due 2 h old" in words(page.text)


def test_a_day_is_24_bars() -> None:
    """Each of the last 24 hours has its bar; the fullest hour is as high as the drawing, and a
    single failure beside thousands is still seen."""
    at = 500_000 * HOUR + 17
    first = first_hour(at)
    hours = [
        Hour("l", first - HOUR, 9_000_000, 0),  # the day before
        Hour("l", first, 5000, 0),
        Hour("l", first + 5 * HOUR, 9999, 1),
        Hour("l", 500_000 * HOUR, 0, 10),
    ]
    day = bars(hours, at)
    assert [bar.start for bar in day] == [first + n * HOUR for n in range(HOURS)]
    assert (day[-1].start, day[-1].failed) == (500_000 * HOUR, 10)
    assert day[0].sent_height == HEIGHT / 2
    fullest = day[5]
    assert fullest.failed_height == LEAST
    assert fullest.failed_top == 0
    assert fullest.failed_height + fullest.sent_height == HEIGHT
    assert all(bar.sent_height == bar.failed_height == 0 for bar in day[6:-1])
    assert all(bar.failed_top >= 0 for bar in day)
    assert not any(bar.sent_height for bar in bars([], at))


@pytest.mark.parametrize(
    ("callback", "expected"),
    [
        ("https://a.example/b/c", "https://a.example/b/c"),
        ("https://u:p@a.example:8443/b?key=1#x", "https://a.example:8443/b?…"),
        ("http://[::1]:80/", "http://[::1]:80/"),
        ("http://[::1/", "(not an address)"),
    ],
)
def test_a_callback_is_shown_without_passwords(callback: str, expected: str) -> None:
    """User, password, query and fragment of a callback stay out of sight."""
    assert shown(callback) == expected


def test_numbers_and_times_are_for_people() -> None:
    """Thousands are apart, times are in UTC, ages are in their largest unit."""
    assert number(1284033) == "1\u202f284\u202f033"
    assert moment(1_000_000_000_123_456) == "2001-09-09 01:46:40 UTC"
    seconds = (-1, 0, 59, 60, 7199, 7200, 200_000)
    assert [age(each * 1_000_000) for each in seconds] == [
        "0 s", "0 s", "59 s", "1 min", "1 h", "2 h", "2 d",
    ]  # fmt: skip
