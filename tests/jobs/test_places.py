"""Files that come from other servers and go there, and what is told when they do not."""

from __future__ import annotations

import io
import json
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.http.asking import USAGE, refused, total
from tests.jobs.conftest import EXPORTS, IMPORTS, Job, StartWorker, done, posted
from tests.jobs.partner import Partner, partner_server
from tests.serving import StartServer, free_port, select, wait_until
from tmfserver.delivery.networks import read_networks
from tmfserver.delivery.transfer import Places
from tmfserver.errors import Invalid, Unreachable

LOOPBACK = read_networks("127.0.0.0/8")


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def partner() -> Iterator[Partner]:
    with partner_server() as made:
        yield made


def imported(client: httpx.Client, url: str) -> Job:
    return done(client, posted(client.post(IMPORTS, json={"path": "usage", "url": url})))


def exported(client: httpx.Client, url: str, mark: str) -> Job:
    asked = {"path": "usage", "query": f"usageType={mark}&fields=usageType", "url": url}
    return done(client, posted(client.post(EXPORTS, json=asked)))


def test_a_file_goes_from_server_to_server(client: httpx.Client, partner: Partner) -> None:
    """Fetched by an import, put by an export in its format, packed as its name says."""
    mark = uuid.uuid4().hex
    job = imported(client, partner.url(f"/file/{mark}"))
    assert (job["status"], job["counts"]["created"]) == ("Succeeded", 3)
    job = exported(client, partner.url(f"/put/{mark}.csv?token=secret"), mark)
    assert (job["status"], job["counts"]) == ("Succeeded", {"written": 3})
    media_type, content = partner.files[f"/put/{mark}.csv?token=secret"]
    assert media_type == "text/csv"
    assert content.decode().splitlines()[0] == "id,href,usageType"
    assert content.decode().count(mark) == 3
    refused(client.get(f"{job['href']}/content"), 404)


@pytest.mark.parametrize(
    ("behaviour", "why"),
    [
        ("moved", "it answers 302, and redirects are not followed"),
        ("404", "it answers 404"),
        ("500", "it answers 500"),
        ("cut", "it ends after 123 bytes, 10 too soon"),
        ("endless", "it is larger than 20000000 bytes"),
        ("slow", "timed out"),
    ],
)
def test_a_file_that_cannot_be_fetched(
    client: httpx.Client, partner: Partner, behaviour: str, why: str
) -> None:
    """The job has failed and says why, with no user, password or query of the URL; nothing came
    in."""
    mark = uuid.uuid4().hex[:24]
    path = f"/{behaviour}/{mark}"
    url = partner.url(f"{path}?token=secret").replace("//", "//me:word@")
    job = imported(client, url if behaviour != "cut" else partner.url(path))
    shown = partner.url(path)
    assert job["status"] == "Failed"
    assert job["reason"] == f"{shown} cannot be fetched or written: {why}."
    assert total(client, USAGE, usageType=mark) == 0


def test_a_server_that_is_not_there(client: httpx.Client, partner: Partner) -> None:
    """Neither gives a file nor takes one."""
    url = f"http://127.0.0.1:{free_port()}/x.ndjson"
    for job in imported(client, url), exported(client, url, "nothing"):
        assert job["status"] == "Failed"
        assert "Connection refused" in job["reason"]


def test_a_server_that_takes_no_file(client: httpx.Client, partner: Partner) -> None:
    """The export has failed, says what it was answered, and leaves nothing."""
    job = exported(client, partner.url("/500/x.ndjson"), "nothing")
    assert job["status"] == "Failed"
    assert "it answers 500" in job["reason"]
    refused(client.get(f"{job['href']}/content"), 409, "Failed")


@pytest.mark.parametrize("path", [IMPORTS, EXPORTS])
@pytest.mark.parametrize("host", ["169.254.169.254", "10.0.0.1", "[::ffff:10.0.0.1]", "0x0a000001"])
def test_addresses_that_are_not_asked(client: httpx.Client, path: str, host: str) -> None:
    """Neither a cloud's metadata nor neighbours, however they are written: no job is made."""
    response = client.post(path, json={"path": "usage", "url": f"http://{host}/latest/meta-data"})
    refused(response, 400, "url", "public addresses only")


def test_this_machine_is_asked_only_where_the_operator_says_so() -> None:
    """Not by default, and not by its name."""
    places = Places((), "", 1, 1)
    for host in ("127.0.0.1", "localhost", "[::1]"):
        with pytest.raises(Invalid, match="loopback"):
            places.refuse(f"http://{host}/x")
    Places(LOOPBACK, "", 1, 1).refuse("http://127.0.0.1/x")


def test_a_name_is_looked_at_when_it_is_asked(
    monkeypatch: pytest.MonkeyPatch, partner: Partner
) -> None:
    """A public name that leads to a private address is not asked; the next address may be."""

    real = socket.getaddrinfo

    def found(host: str, port: int, *given: Any, **more: Any) -> list[Any]:
        if host != "partner.example":
            return real(host, port, *given, **more)
        return [(0, 0, 0, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    places, file = Places(LOOPBACK, "", 5, 5), io.BytesIO()
    url = f"http://partner.example:{partner.server_port}/file/x"
    addresses = ["10.0.0.1"]
    with pytest.raises(Unreachable, match=r"partner.example leads to 10.0.0.1, which is private"):
        places.fetch(url, file, 1000, lambda: None)
    assert "/file/x" not in partner.asked
    addresses = ["10.0.0.1", "127.0.0.1"]
    places.fetch(url, file, 1000, lambda: None)
    assert len(file.getvalue().splitlines()) == 3


def test_a_job_is_kept_while_another_server_takes_its_time(
    start_server: StartServer, start_worker: StartWorker, new_database: str, tmp_path: Path
) -> None:
    """However long one step takes: its lease is renewed, and no other worker begins with it."""
    jobs = str(tmp_path / "spool")
    server = start_server(
        database=new_database, environment={"TMFSERVER_WORK": "false"}, jobs_folder=jobs
    )

    def claim() -> tuple[str, int]:
        """Whose it is, by a token, and until when."""
        ((token, lease),) = select(new_database, "SELECT token, lease FROM job")
        return token, lease

    with partner_server() as partner, server.client() as client:
        url = partner.url("/slow/kept")
        job = posted(client.post(IMPORTS, json={"path": "usage", "url": url}))
        for _ in range(2):
            start_worker(new_database, jobs_folder=jobs, callback_networks="127.0.0.0/8",
                         delivery_timeout=300)  # fmt: skip
        wait_until(lambda: partner.asked, "the file is asked for", 120)
        token, lease = claim()
        wait_until(lambda: claim()[1] > lease, "the lease is renewed", 120)
        assert claim()[0] == token
        partner.may_answer.set()
        ended = done(client, job)
        assert (ended["status"], ended["counts"]["created"]) == ("Succeeded", 3)
        assert partner.asked == ["/slow/kept"]
        assert json.loads(client.get(USAGE).text)[0]["usageType"] == "kept"
