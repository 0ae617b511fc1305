"""Imports into and exports of what stands in one instance: as a POST there, and nobody else's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.contracts.test_nested import BASE, ids, made, telling
from tests.http.asking import refused
from tests.jobs.conftest import NDJSON, Job, StartWorker, done, log, posted
from tests.jobs.test_kills import change
from tests.serving import Server, StartServer, select, wait_until
from tests.spec.things import contract as things
from tmfserver import sql
from tmfserver.delivery.transfer import places_of
from tmfserver.job_work import Work
from tmfserver.planning import bundled_specs, make_plan
from tmfserver.settings import read
from tmfserver.spool import spool_of

IMPORTS, EXPORTS = "/importJob", "/exportJob"
BOXES = "shelf_management_v1_shelf_box"
RECORDS = 5_000
COUNTS = ("read", "created", "duplicate", "invalid")
EVERY = {"callback": "http://127.0.0.1:9/"}


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    """Shelves with boxes with labels, events of boxes, and jobs."""
    folder = tmp_path / "specs"
    folder.mkdir()
    (folder / "shelves.json").write_text(json.dumps(telling()), encoding="utf-8")
    (jobs,) = bundled_specs().glob("*-Jobs-*.json")
    extension = json.loads(jobs.read_text(encoding="utf-8"))
    extension["basePath"] = BASE
    extension["definitions"]["Error"] = things()["definitions"]["Error"]
    (folder / "jobs.json").write_text(json.dumps(extension), encoding="utf-8")
    return folder


@pytest.fixture
def spool(tmp_path: Path) -> str:
    return str(tmp_path / "spool")


@pytest.fixture
def server(
    start_server: StartServer, new_database: str, specs: Path, spool: str, work: str
) -> Server:
    environment = {"TMFSERVER_WORK": work}
    return start_server(
        database=new_database, specs=[specs], environment=environment, jobs_folder=spool
    )


@pytest.fixture
def work() -> str:
    """Whether the server carries out jobs."""
    return "true"


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client(base_url=server.url + BASE) as client:
        yield client


def boxes(*records: tuple[str, str]) -> bytes:
    some = [{"id": id, "name": name, "extent": 10 + at} for at, (id, name) in enumerate(records)]
    return "".join(json.dumps(each) + "\n" for each in some).encode()


def asked(client: httpx.Client, path: str, content: bytes, **query: str) -> Job:
    params = {"path": path, **query}
    return posted(client.post(IMPORTS, params=params, content=content, headers=NDJSON))


def counts(job: Job) -> list[int]:
    assert job["status"] == "Succeeded", job
    return [job["counts"].get(name, 0) for name in COUNTS]


def exported(client: httpx.Client, path: str, query: str = "") -> list[Any]:
    job = done(client, posted(client.post(EXPORTS, json={"path": path, "query": query})))
    assert job["status"] == "Succeeded", job
    return [json.loads(line) for line in client.get(job["url"]).text.splitlines()]


def test_a_file_goes_into_one_instance_and_out_of_it(client: httpx.Client, server: Server) -> None:
    """Ids are the instance's own, in its file and in its duplicates; hrefs, events, queries and
    dry runs are as for what a POST makes there, and no other instance knows of any of it."""
    client.post("/hub", json={**EVERY, "query": "event.box.extent.gt=10"})
    for shelf in ("s", "t"):
        made(client, "/shelf", id=shelf)
        made(client, f"/shelf/{shelf}/box", id="a", extent=1)
    file = boxes(("b", "x"), ("a", "y"), ("c", "z"), ("b", "again")) + b'{"id":"d"}\n{"id":1}\n'
    rehearsed = done(client, asked(client, "shelf/s/box", file, dryRun="true"))
    assert counts(rehearsed) == [6, 2, 2, 2]
    assert ids(client, "/shelf/s/box") == ["a"]
    job = done(client, asked(client, "shelf/s/box", file))
    assert counts(job) == [6, 2, 2, 2]
    assert job["path"] == "shelf/s/box"
    first, second, *_ = [line["reason"] for line in log(client, job)]
    assert first == "There is a box with id 'a', or a key of it, already."
    assert second == "There is a box with id 'b', or a key of it, already."
    assert ids(client, "/shelf/s/box") == ["a", "b", "c"]
    assert ids(client, "/shelf/t/box") == ["a"]
    assert client.get("/shelf/s/box/a").json()["extent"] == 1
    assert client.get("/shelf/s/box/c").json()["href"].endswith(f"{BASE}/shelf/s/box/c")
    events = select(server.database, "SELECT subject, document FROM event ORDER BY seq")
    (told,) = [(id, json.loads(text)["event"]["box"]["href"]) for id, text in events]
    assert told == ("c", f"{server.url}{BASE}/shelf/s/box/c")
    # Another instance takes the same id; what comes out of each is its own.
    other = asked(client, f"{BASE}/shelf/t/box/", boxes(("c", "q")))
    assert counts(done(client, other)) == [1, 1, 0, 0]
    found = exported(client, "shelf/s/box", "id.gt=a&sort=-id")
    assert [(each["id"], each["name"]) for each in found] == [("c", "z"), ("b", "x")]
    assert found[0]["href"] == f"{server.url}{BASE}/shelf/s/box/c"
    assert [each["name"] for each in exported(client, "shelf/t/box", "id=c")] == ["q"]
    href = f"href={server.url}{BASE}/shelf/t/box/c&fields=id"
    assert exported(client, "shelf/t/box", href) == [
        {"id": "c", "href": f"{server.url}{BASE}/shelf/t/box/c"}
    ]
    # What came out of one instance goes into another; deeper ones are no different.
    made(client, "/shelf", id="u")
    content = "".join(json.dumps(each) + "\n" for each in found).encode()
    assert counts(done(client, asked(client, "shelf/u/box", content))) == [2, 2, 0, 0]
    tape = json.dumps({"id": "1", "name": "n"}).encode()
    assert counts(done(client, asked(client, "shelf/u/box/b/tape", tape))) == [1, 1, 0, 0]
    assert [each["href"] for each in exported(client, "shelf/u/box/b/tape")] == [
        f"{server.url}{BASE}/shelf/u/box/b/tape/1"
    ]
    assert exported(client, "shelf/u/box/c/tape") == []


def test_what_names_a_holder_goes_in_and_out_by_it(client: httpx.Client, server: Server) -> None:
    """/writer/ada/label are those labels whose writer it is: a new one names her, one that names
    another is refused, and what comes out are hers, at the address that all labels have."""
    made(client, "/label", id="z", writer={"id": "bob"})
    records = [{"id": "a"}, {"id": "b", "writer": {"id": "bob"}}, {"id": "z"}, {"id": "c"}]
    file = "".join(json.dumps({"name": "x", **each}) + "\n" for each in records).encode()
    job = done(client, asked(client, "writer/ada/label", file))
    assert counts(job) == [4, 2, 1, 1]
    assert "'ada' of the path" in log(client, job)[0]["reason"]
    assert ids(client, "/writer/ada/label") == ["a", "c"]
    found = exported(client, f"{BASE}/writer/ada/label", "sort=-id&fields=writer")
    assert found == [
        {"id": id, "href": f"{server.url}{BASE}/label/{id}", "writer": {"id": "ada"}}
        for id in ("c", "a")
    ]
    assert [each["id"] for each in exported(client, "writer/bob/label")] == ["z"]
    assert len(exported(client, "label")) == 3


ABSENT = {
    "shelf/none/box": ("path", "there is no shelf with id 'none'"),
    "shelf/s/box/none/tape": ("there is no box with id 'none'",),
    "shelf/none/box/b/tape": ("there is no shelf with id 'none'",),
    "shelf/box": ("shelfManagement/v1/shelf/{shelfId}/box",),
    "shelf/{shelfId}/box": ("shelfManagement/v1/shelf/{shelfId}/box",),
}


def test_what_records_are_to_stand_in_has_to_be_there(client: httpx.Client) -> None:
    """A job for another is refused at once, and none is made, with or without a body."""
    made(client, "/shelf", id="s")
    made(client, "/shelf/s/box", id="b")
    for path, words in ABSENT.items():
        upload = client.post(IMPORTS, params={"path": path}, content=b"{}", headers=NDJSON)
        refused(upload, 400, *words)
        url = "https://example.com/x"
        refused(client.post(IMPORTS, json={"path": path, "url": url}), 400, *words)
        refused(client.post(EXPORTS, json={"path": path}), 400, *words)
    assert client.get(IMPORTS).json() == client.get(EXPORTS).json() == []


@pytest.mark.parametrize("work", ["false"])
@pytest.mark.parametrize(("kind", "before"), [("import", 0), ("import", 1000), ("export", 0)])
def test_an_instance_that_goes_takes_all_along(
    client: httpx.Client, server: Server, specs: Path, spool: str, kind: str, before: int
) -> None:
    """Deleted before the job begins or while it is at work: the job fails and says why, and nothing
    is left behind below what is gone, also when there is an instance with that id again."""
    made(client, "/shelf", id="s")
    content = b'{"name":"x"}\n' * 2500
    if kind == "import":
        job = asked(client, "shelf/s/box", content)
    else:
        job = posted(client.post(EXPORTS, json={"path": "shelf/s/box"}))
    flags = {"database": server.database, "specs": [str(specs)], "jobs_folder": spool}
    plan = make_plan(read(flags, {}))
    gone: list[int] = []

    def stopping() -> bool:
        """Asked when a batch of the import is written."""
        if not gone:
            gone.append(client.delete("/shelf/s").status_code)
        return False

    if not before:
        stopping()
    with closing(sql.open_bulk(server.database, plan.tables, migrate=False)) as bulk:
        claim = bulk.claim(60)
        assert claim is not None
        Work(plan, bulk, claim, spool_of(plan.settings), places_of(plan.settings), stopping).run()
    assert gone == [204]
    ended = client.get(job["href"]).json()
    assert (ended["status"], ended["reason"]) == ("Failed", "There is no shelf with id 's'.")
    assert ended["counts"].get("created", 0) == before
    assert select(server.database, f"SELECT count(*) FROM {BOXES}") == [(0,)]
    made(client, "/shelf", id="s")
    assert ids(client, "/shelf/s/box") == []


@pytest.mark.parametrize("work", ["false"])
def test_an_import_into_an_instance_that_is_killed_ends_whole(
    client: httpx.Client, server: Server, specs: Path, spool: str, start_worker: StartWorker
) -> None:
    """Each record is there once, and told of once."""
    client.post("/hub", json=EVERY)
    made(client, "/shelf", id="s")
    job = asked(client, "shelf/s/box", b'{"name":"x"}\n' * RECORDS)
    flags = {"specs": [specs], "jobs_folder": spool}
    worker = start_worker(server.database, **flags)
    position = "SELECT position FROM job"
    wait_until(lambda: select(server.database, position)[0][0] >= 1000, "it is on its way", 120)
    worker.kill()
    assert select(server.database, position)[0][0] < RECORDS
    change(server.database, "UPDATE job SET lease = 0")
    start_worker(server.database, **flags)
    assert counts(done(client, job)) == [RECORDS, RECORDS, 0, 0]
    assert select(server.database, f"SELECT count(*) FROM {BOXES}") == [(RECORDS,)]
    told = "SELECT count(*), count(DISTINCT subject) FROM event WHERE type = 'BoxCreateEvent'"
    assert select(server.database, told) == [(RECORDS, RECORDS)]
