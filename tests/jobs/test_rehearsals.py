"""Dry runs count just what the same import would do."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.http.asking import SPECIFICATION, USAGE, create, total
from tests.jobs.conftest import IMPORTS, NDJSON, Job, log, posted, sent
from tests.serving import StartServer, select
from tmfserver import sql
from tmfserver.cli import commands
from tmfserver.delivery.transfer import places_of
from tmfserver.job_work import Work
from tmfserver.jobs import Bulk, NewRow, Stopped
from tmfserver.planning import make_plan
from tmfserver.settings import read
from tmfserver.spool import spool_of
from tmfserver.sql.rehearsing import Rehearsal

RECORDS = 2_500


pytestmark = pytest.mark.slow


def records() -> bytes:
    """Ids and keys that come again within a thousand records, and beyond."""
    made = []
    for n in range(RECORDS):
        key = {"name": "recordKey", "value": n if n % 7 else n // 14}
        made.append(
            {
                "id": str(n if n % 10 else n // 20),
                "usageSpecification": {"id": "S"},
                "usageCharacteristic": [key],
                "status": "received" if n % 9 else "nonsense",
            }
        )
    return "".join(json.dumps(each) + "\n" for each in made).encode()


def counts(job: Job) -> dict[str, int]:
    assert job["status"] == "Succeeded", job
    found: dict[str, int] = job["counts"]
    return found


def test_a_dry_run_counts_as_the_import_does(
    start_server: StartServer, new_database: str, tmp_path: Path
) -> None:
    """Those that are there, by their id or a key that must not repeat, and those that come again in
    the file, in the same thousand or later; by a job and by the command. Then the import agrees."""
    server = start_server(database=new_database, environment={"TMFSERVER_WORK": "true"})
    with server.client() as client:
        unique = [{"name": "recordKey", "valueType": "string", "isUnique": True}]
        create(client, SPECIFICATION, {"id": "S", "specCharacteristic": unique})
        characteristics = [{"name": "recordKey", "value": 1501}]
        create(client, USAGE, {"id": "there", "usageSpecification": {"id": "S"},
                               "usageCharacteristic": characteristics})  # fmt: skip
        create(client, USAGE, {"id": "1003"})
        rehearsed = counts(sent(client, records(), dryRun="true"))
        assert total(client, USAGE) == 2
        file = tmp_path / "in.ndjson"
        file.write_bytes(records())
        words = ["import", "usage", str(file), "--dry-run", "--database", new_database]
        told = CliRunner().invoke(commands, words).stderr
        assert total(client, USAGE) == 2
        loaded = counts(sent(client, records()))
        assert rehearsed == loaded
        assert loaded["created"] == total(client, USAGE) - 2
        assert min(loaded.values()) > 0
        assert told == (
            f"{RECORDS} read: {loaded['created']} would be created, {loaded['duplicate']} there"
            f" already, {loaded['invalid']} refused\n"
        )


def test_what_is_refused_does_not_make_another_a_duplicate(
    start_server: StartServer, new_database: str
) -> None:
    """A record whose id only a refused one had before is created."""
    server = start_server(
        database=new_database, environment={"TMFSERVER_WORK": "true"}, characteristics="strict"
    )
    with server.client() as client:
        kept = [{"name": "n", "valueType": "integer"}]
        create(client, SPECIFICATION, {"id": "S", "specCharacteristic": kept})
        some = [
            {"id": "a", "usageSpecification": {"id": "S"},
             "usageCharacteristic": [{"name": "n", "value": value}]}
            for value in ("none", 1, 2)
        ]  # fmt: skip
        content = "".join(json.dumps(each) + "\n" for each in some).encode()
        expected = {"read": 3, "created": 1, "duplicate": 1, "invalid": 1}
        assert counts(sent(client, content, dryRun="true")) == expected
        assert counts(sent(client, content)) == expected
        (made,) = client.get(USAGE).json()
        assert made["usageCharacteristic"][0]["value"] == 1


def test_rows_are_told_apart_by_id_and_keys() -> None:
    """By each column for itself; what is left out is not remembered."""
    rehearsal = Rehearsal(("key", "other"), lambda column, _values: {"there"} & {column})
    assert rehearsal([NewRow("a", "", 0, ("k", None)), NewRow("k", "", 0, (None, "k"))]) == set()
    assert rehearsal([NewRow("b", "", 0, ("k", "new")), NewRow("c", "", 0)]) == {"b"}
    assert rehearsal([NewRow("b", "", 0, (None, "new")), NewRow("c", "", 0)]) == {"c"}
    rehearsal.close()


@pytest.mark.parametrize("dry_run", ["true", "false"])
def test_who_goes_on_with_a_job_counts_the_same(
    start_server: StartServer, new_database: str, tmp_path: Path, dry_run: str
) -> None:
    """Of a dry run too it is known what came before."""
    jobs = str(tmp_path / "spool")
    server = start_server(
        database=new_database, environment={"TMFSERVER_WORK": "false"}, jobs_folder=jobs
    )
    plan = make_plan(read({"database": new_database, "jobs_folder": jobs}, {}))
    spool, places = spool_of(plan.settings), places_of(plan.settings)

    def worked(bulk: Bulk, stopping: Callable[[], bool]) -> None:
        claim = bulk.claim(60)
        assert claim is not None
        try:
            Work(plan, bulk, claim, spool, places, stopping).run()
        finally:
            bulk.give_back(claim)

    def place() -> int:
        return int(
            select(new_database, "SELECT max(position) FROM job WHERE state = 'waiting'")[0][0]
        )

    with (
        server.client() as client,
        closing(sql.open_bulk(new_database, plan.tables, migrate=False)) as bulk,
    ):
        unique = [{"name": "recordKey", "valueType": "string", "isUnique": True}]
        create(client, SPECIFICATION, {"id": "S", "specCharacteristic": unique})
        whole, broken = [
            posted(
                client.post(
                    IMPORTS, params={"path": "usage", "dryRun": dry}, content=records(),
                    headers=NDJSON,
                )
            )
            for dry in ("true", dry_run)
        ]  # fmt: skip
        worked(bulk, lambda: False)
        with pytest.raises(Stopped):
            worked(bulk, lambda: place() > 0)
        assert 0 < place() < RECORDS
        worked(bulk, lambda: False)
        ended = client.get(broken["href"]).json()
        assert counts(ended) == counts(client.get(whole["href"]).json())
        assert len(log(client, ended)) == RECORDS - ended["counts"]["created"]
