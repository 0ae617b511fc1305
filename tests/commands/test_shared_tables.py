"""Commands and jobs on a resource that is kept in another contract's table, under other names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.commands.upgrading import outcome
from tests.http.asking import create
from tests.http.test_side_by_side import NEW, OLD, PART, SHARED, versions
from tests.jobs.conftest import NDJSON, done, posted
from tests.serving import StartServer, select
from tests.spec.things import contract

from tmfserver.planning import bundled_specs

TABLE = "thing_management_v1_thing"
RECORDS: list[dict[str, Any]] = [
    {"id": "a", "name": "x", "extent": 3, "balance": 0.10, "status": "open", **PART},
    {"id": "b", "name": "y", "extent": 5, "status": "open", **PART},
]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Both versions, with import and export for the newer one."""
    place = versions(tmp_path)
    (jobs,) = bundled_specs().glob("*-Jobs-*.json")
    extension = json.loads(jobs.read_text(encoding="utf-8"))
    extension["basePath"], extension["definitions"]["Error"] = (
        NEW,
        contract()["definitions"]["Error"],
    )
    (place / "jobs.json").write_text(json.dumps(extension), encoding="utf-8")
    return place


def ndjson(documents: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in documents)


def run(place: Path, database: str, *words: str, code: int = 0) -> str:
    flags = ["--specs", str(place), "--shared-tables", SHARED, "--database", database]
    given, told = outcome([*words, *flags])
    assert given == code, told
    return told


def test_files_go_in_and_out_by_each_ones_names(
    tmp_path: Path, place: Path, new_database: str
) -> None:
    """What is imported under one version is exported under the other, and a document that either
    wrote is there already for both; numbers stay as they are written."""
    file = tmp_path / "things.ndjson"
    file.write_bytes(ndjson(RECORDS).replace(b"0.1,", b"0.10,"))
    thing = "thingManagement/v2/thing"
    assert "2 created" in run(place, new_database, "import", thing, str(file))
    assert "2 there already" in run(place, new_database, "import", thing, str(file), "--dry-run")
    out = tmp_path / "old.ndjson"
    older = "thingManagement/v1/thing"
    run(place, new_database, "export", older, "--query", "size.gt=3", "--output", str(out))
    (found,) = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert (found["id"], found["size"], found["href"]) == ("b", 5, f"{OLD}/thing/b")
    assert "lastUpdate" in found
    assert not {"extent", "lastModified"} & found.keys()
    run(place, new_database, "export", thing, "--query", "extent.lt=4", "--output", str(out))
    text = out.read_text(encoding="utf-8")
    (again,) = [json.loads(line) for line in text.splitlines()]
    assert '"balance":0.10' in text
    assert (again["extent"], again["href"]) == (3, f"{NEW}/thing/a")
    assert "lastModified" in again
    assert select(new_database, f"SELECT count(*) FROM {TABLE}") == [(2,)]


def test_documents_are_moved_by_the_one_who_shares(
    tmp_path: Path, place: Path, new_database: str
) -> None:
    """`transition` finds by the alias's names and changes what is kept."""
    file = tmp_path / "things.ndjson"
    file.write_bytes(ndjson(RECORDS))
    thing = "thingManagement/v2/thing"
    run(place, new_database, "import", thing, str(file))
    words = "transition", thing, "--query", "extent.gt=4", "--to", "closed"
    assert "1 moved" in run(place, new_database, *words)
    out = tmp_path / "old.ndjson"
    older = "thingManagement/v1/thing"
    run(place, new_database, "export", older, "--query", "status=closed", "--output", str(out))
    (found,) = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert (found["id"], found["size"]) == ("b", 5)


def test_jobs_go_into_the_table_that_is_shared(
    place: Path, new_database: str, start_server: StartServer
) -> None:
    """An import over HTTP is told to the listeners of both, and an export has all of both."""
    server = start_server(database=new_database, specs=[place], shared_tables=SHARED)
    with server.client() as client:
        for base in (OLD, NEW):
            listener = {"callback": "http://127.0.0.1:9/"}
            assert client.post(f"{base}/hub", json=listener).status_code == 201
        create(client, f"{OLD}/thing", {"id": "c", "name": "z", "size": 7, **PART})
        path, asked = f"{NEW}/importJob", {"path": "thing"}
        sent = client.post(path, params=asked, content=ndjson(RECORDS), headers=NDJSON)
        job = done(client, posted(sent))
        assert (job["status"], job["counts"]["created"]) == ("Succeeded", 2), job
        assert client.get(f"{OLD}/thing/b").json()["size"] == 5
        wanted = {**asked, "query": "extent.gte=5&sort=-extent"}
        job = done(client, posted(client.post(f"{NEW}/exportJob", json=wanted)))
        lines = client.get(job["url"]).text.splitlines()
        assert [json.loads(line)["extent"] for line in lines] == [7, 5]
    told = select(new_database, "SELECT api, document FROM event WHERE type LIKE 'Thing%'")
    sizes = [
        (api, json.loads(text)["payload"]["thing"]["extent" if api == NEW else "size"])
        for api, text in told
    ]
    assert sorted(sizes) == [(each, size) for each in (OLD, NEW) for size in (3, 5, 7)]


@pytest.mark.parametrize("shared", [True, False])
def test_what_is_stored_is_looked_at_where_it_is(
    place: Path, new_database: str, tmp_path: Path, shared: bool
) -> None:
    """Documents that an older version would bring are checked by the names that the newer one gives
    them, when both share a table; and those of an alias are found in the table that it shares."""
    file = tmp_path / "things.ndjson"
    file.write_bytes(ndjson(RECORDS))
    run(place, new_database, "import", "thingManagement/v2/thing", str(file))
    newer = json.loads((place / "new.json").read_text(encoding="utf-8"))
    newer["definitions"]["Thing"]["properties"]["extent"]["maximum"] = 4
    changed = tmp_path / "newer.json"
    changed.write_text(json.dumps(newer), encoding="utf-8")
    flags = ["--database", new_database, "--json"]
    if shared:
        flags += ["--shared-tables", SHARED]
    for against in ("old.json", "new.json"):
        words = ["check", str(changed), "--against", str(place / against), *flags]
        _, text = outcome(words)
        ((thing,),) = [upgrade["stored"] for upgrade in json.loads(text)]
        reasons = [(reason["attribute"], reason["count"]) for reason in thing["reasons"]]
        if shared:
            assert (thing["looked_at"], reasons) == (2, [("extent", 1)])
        elif against == "old.json":
            assert (thing["looked_at"], reasons) == (2, [])  # none has an attribute of that name
        else:
            assert thing["looked_at"] == 0  # it has no table


def mandatory(file: Path, name: str) -> Path:
    """The contract with one more mandatory attribute, and nothing of its kind inside of it."""
    document = json.loads(file.read_text(encoding="utf-8"))
    for schema in ("Thing", "Thing_Create", "Thing_Update"):
        document["definitions"][schema]["properties"].pop("parent", None)
    for schema in ("Thing", "Thing_Create"):
        document["definitions"][schema]["required"] = ["name", "part", name]
    if name == "extent":
        document["definitions"]["Thing"]["properties"]["extent"]["maximum"] = 9
    file.write_text(json.dumps(document), encoding="utf-8")
    return file


def test_what_is_called_otherwise_is_not_lost(place: Path) -> None:
    """Without a database: an attribute that is declared to have another name is told by it, and
    only what else became of it breaks documents, whichever contract has the table."""
    old, new = mandatory(place / "old.json", "size"), mandatory(place / "new.json", "extent")
    base = ("base path", OLD, f"is {NEW} now: clients ask there, and documents have other tables")

    def told(newer: Path, older: Path, *flags: str) -> tuple[int, set[tuple[str, str, str]]]:
        code, text = outcome(["check", str(newer), "--against", str(older), "--json", *flags])
        (upgrade,) = json.loads(text)
        breaking = [
            (each["kind"], each["place"], each["text"])
            for each in upgrade["differences"]
            if "breaking" in (each["for_clients"], each["for_documents"])
        ]
        return code, set(breaking)

    code, plain = told(new, old)
    assert code == 4
    assert plain == {
        base,
        ("attribute", "thing.size", "is gone"),
        ("attribute", "thing.lastUpdate", "is gone"),
        ("mandatory", "thing.extent", "is mandatory now"),
    }
    flags = "--shared-tables", SHARED
    assert told(new, old, *flags) == (4, {
        (*base[:2], f"{base[2]}, but for those of thing"),
        ("attribute", "thing.size", "is called extent now"),
        ("attribute", "thing.lastUpdate", "is called lastModified now"),
        ("limit", "thing.extent", f"maximum was {2**63 - 1}, is 9"),
    })  # fmt: skip
    code, back = told(old, new, *flags)
    assert code == 3
    assert back == {
        ("base path", NEW, f"{base[2]}, but for those of thing".replace(NEW, OLD)),
        ("attribute", "thing.extent", "is called size now"),
        ("attribute", "thing.lastModified", "is called lastUpdate now"),
    }
    words = outcome(["check", str(new), "--against", str(old), *flags])[1]
    assert "documents, but for those of thing, stay in the tables of the first" in words
