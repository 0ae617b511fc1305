"""What a listener gets: signed, with its own header, over TLS that is verified; and when again."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from tests.delivery.conftest import HURRY
from tests.delivery.listening import Ears, listening
from tests.http.asking import USAGE, USAGES, create
from tests.serving import StartServer, select, wait_until
from tmfserver.delivery.connecting import Connector, Resolver
from tmfserver.delivery.exchange import post
from tmfserver.delivery.networks import read_networks
from tmfserver.delivery.schedule import Schedule, read_delays, read_retry_after
from tmfserver.delivery.sender import Answer, Sender
from tmfserver.delivery.signing import signed
from tmfserver.engine.listeners import new_secret


def sent(url: str, headers: dict[str, str] | None = None, times: int = 1) -> list[Answer]:
    """What came of attempts, one after the other."""

    async def run() -> list[Answer]:
        sender = Sender(Connector(read_networks("127.0.0.0/8"), Resolver()), 5, 5)
        answers = [await sender.send(url, headers or {}, b'{"a":1}') for _ in range(times)]
        sender.close()
        return answers

    return asyncio.run(run())


def test_a_notification_is_signed(start_server: StartServer, new_database: str, ears: Ears) -> None:
    """Standard Webhooks: id, time and signature stand in the headers, and their library takes them
    with the listener's own key and no other; the id is the same when it is sent again. A listener's
    header comes along. Neither key nor header is shown or logged."""
    server = start_server(database=new_database, deliver=True, log_level="debug", **HURRY)
    token = "Authorization: Bearer 6f1c8d"
    secrets = {}
    with server.client() as client:
        for path in ("/failing/1", "/fast"):
            asked = {"callback": ears.url(path), "header": token}
            made = client.post(f"{USAGES}/hub", json=asked).json()
            secrets[path] = made["secret"]
            shown = client.get(f"{USAGES}/hub/{made['id']}").text
            assert "6f1c8d" not in shown
            assert made["secret"] not in shown
        create(client, USAGE, {})
        wait_until(lambda: ears.taken["/failing/1"] and ears.taken["/fast"], "both have heard")
    first, again = ears.heard["/failing/1"]
    assert first.headers["webhook-id"] == again.headers["webhook-id"]
    assert first.headers["authorization"] == "Bearer 6f1c8d"
    assert first.headers["content-type"] == "application/json"
    for heard in (first, again, *ears.heard["/fast"]):
        assert Webhook(secrets[heard.path]).verify(heard.body, heard.headers) == heard.event
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(secrets["/fast"]).verify(first.body, first.headers)
    printed = server.printed()
    assert "6f1c8d" not in printed
    assert not any(secret in printed for secret in secrets.values())


def test_two_keys_make_two_signatures() -> None:
    """While a key is changed, the new one and the one before both verify."""
    new, old = new_secret(), new_secret()
    headers = signed(f"{new} {old}", "id", b"{}")
    for key in (new, old):
        assert Webhook(key).verify(b"{}", headers) == {}
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(new_secret()).verify(b"{}", headers)
    assert "webhook-signature" not in signed("", "id", b"{}")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")
def test_certificates_are_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a listener behind https with a certificate that nobody vouches for nothing is heard; with
    one that is trusted it is told."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-keyout", key, "-out", certificate, *subject],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with listening(context) as ears:
        (answer,) = sent(ears.url("/fast"))
        assert answer.status is None
        assert "CERTIFICATE_VERIFY_FAILED" in str(answer.error)
        assert not ears.heard
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert sent(ears.url("/fast"))[0].status == 204
        assert sent(ears.url("/fast").replace("127.0.0.1", "localhost"))[0].status == 204


def test_a_connection_is_used_again(ears: Ears) -> None:
    """Attempts follow each other on one connection; one that the listener closes is no failure."""
    assert [each.status for each in sent(ears.url("/fast"), times=3)] == [204] * 3
    assert ears.connections == 1
    assert [each.status for each in sent(ears.url("/leaving"), times=3)] == [204] * 3
    assert len(ears.heard["/leaving"]) == 3


@pytest.mark.parametrize(
    ("answer", "status", "error"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", 200, None),
        (b"HTTP/1.0 200 OK\r\n\r\nall of it", 200, None),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 OK\r\nContent-Length: 0\r\n\r\n", 202, None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", 200, None),
        (b"HTTP/1.1 2", None, "it closed the connection without an answer"),
        (b"", None, "it closed the connection without an answer"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", None, "no HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 20_000, None, "an answer without end"),
        (b"HTTP/1.1 101 Other\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", 101, None),
        (b"HTTP/1.1 307 There\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", 307, "it redirects"),
    ],
    ids=["chunked", "to its end", "continue", "half a body", "half a head", "nothing", "no http",
         "endless head", "upgrade", "redirect"],
)  # fmt: skip
def test_answers_of_all_kinds(
    ears: Ears, answer: bytes, status: int | None, error: str | None
) -> None:
    """The status is what counts; what is no HTTP, or no answer, is a failure that says so."""
    ears.says = answer
    (got,) = sent(ears.url("/saying"))
    assert got.status == status
    assert (got.error or "").startswith(error or "\0" if error else "")
    assert (got.error is None) == (error is None)


@pytest.mark.parametrize(
    "url", ["http:///x", "ftp://127.0.0.1/", "http://a b/", "http://h:99999/", "http://é\0/"]
)
def test_what_cannot_be_asked(url: str) -> None:
    """A callback that is no URL of HTTP is a failure as any other."""
    assert "cannot be asked" in str(sent(url)[0].error)


@pytest.mark.parametrize("value", ["a\r\nX-Other: b", "a\nb", "a\0b"])
def test_a_header_is_one_header(ears: Ears, value: str) -> None:
    """No header can bring another one along."""
    with pytest.raises(ValueError, match="cannot be sent"):
        post("host", "/", {"X-Mine": value}, b"")
    assert "cannot be sent" in str(sent(ears.url("/fast"), {"X-Mine": value})[0].error)
    assert not ears.heard


def test_a_target_is_escaped(ears: Ears) -> None:
    """What does not belong into a path is written as RFC 3986 has it; the query stays."""
    assert sent(ears.url("/fast/é x?q=1&b=ü"))[0].status == 204
    assert list(ears.taken) == ["/fast/%C3%A9%20x?q=1&b=%C3%BC"]


@pytest.mark.parametrize(
    ("attempts", "retry_after", "least", "most"),
    [(1, None, 0.8, 1.2), (2, None, 4, 6), (1, 30.0, 30, 30), (1, 1e9, 100, 100), (2, 1.0, 4, 6)],
)
def test_delays(attempts: int, retry_after: float | None, least: float, most: float) -> None:
    """The delay of the list, give or take a fifth; later if the listener asks, within the limit."""
    schedule = Schedule(read_delays("1, 5"), 100)
    for _ in range(50):
        delay = schedule.after(attempts, retry_after)
        assert delay is not None
        assert least <= delay <= most
    assert schedule.after(3) is None
    assert schedule.after(3, 5.0) is None


def test_delays_differ() -> None:
    """Those that failed together are not tried again together."""
    assert len({Schedule((10.0,), 0).after(1) for _ in range(20)}) > 10


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("120", lambda value: value == 120),
        (" 0 ", lambda value: value == 0),
        ("9" * 30, lambda value: value > 1e9),
        (format_datetime(datetime.now(UTC) + timedelta(days=2)), lambda value: value > 86_400),
        (format_datetime(datetime.now(UTC) - timedelta(hours=1)), lambda value: value == 0),
        ("soon", lambda value: value is None),
        ("-5", lambda value: value is None),
        ("", lambda value: value is None),
    ],
    ids=["seconds", "none", "endless", "a date", "a past date", "a word", "negative", "empty"],
)
def test_retry_after(text: str, expected: Callable[[float | None], bool]) -> None:
    """Retry-After gives seconds or a date (RFC 9110 10.2.3); anything else gives nothing."""
    assert expected(read_retry_after(text))


def test_old_ones_are_deleted_by_the_dispatcher(
    start_server: StartServer, new_database: str, ears: Ears
) -> None:
    """What was sent is deleted after as many days as are set, here none; the figures stay."""
    settings = {**HURRY, "keep_sent_days": 0, "keep_events_days": 0}
    server = start_server(database=new_database, deliver=True, **settings)
    with server.client() as client:
        client.post(f"{USAGES}/hub", json={"callback": ears.url("/fast")})
        create(client, USAGE, {})
        wait_until(lambda: ears.taken["/fast"], "it was sent")
        wait_until(
            lambda: select(new_database, "SELECT sent FROM listener") == [(1,)], "it is counted"
        )
    server.stop()
    again = start_server(database=new_database, deliver=True, **settings)
    wait_until(lambda: not select(new_database, "SELECT * FROM event"), "the event is deleted")
    assert select(new_database, "SELECT * FROM delivery") == []
    assert again.is_running
