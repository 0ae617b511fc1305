"""A start refuses a contract that breaks what is stored, unless it is told to serve it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.commands.running import program
from tests.commands.upgrading import (
    SOUND,
    Change,
    fewer_states,
    more_attributes,
    store,
    version_two,
    write,
)
from tests.serving import StartServer, select

from tmfserver import sql
from tmfserver.admitting import admit
from tmfserver.errors import BreakingContract
from tmfserver.planning import make_plan
from tmfserver.settings import Settings
from tmfserver.spec.facts import facts_of, pack
from tmfserver.spec.later import Later

RECORDED = "SELECT base_path, version FROM contract ORDER BY base_path"


def start(database: str, file: Path, change: Change | None = None, *, accept: bool = False) -> int:
    """What a start does before it serves: how many contracts it found new or changed."""
    write(file, change)
    settings = Settings(database=database, specs=(str(file),), accept_contract=accept)
    plan = make_plan(settings)
    newly = admit(plan)
    sql.prepare(database, list(plan.collections.values()))
    sql.record_contracts(database, newly)
    return len(newly)


def test_the_first_start_is_recorded(tmp_path: Path, new_database: str) -> None:
    """The contract that is served first is kept; served again it is not compared."""
    assert start(new_database, tmp_path / "things.json") == 1
    assert select(new_database, RECORDED) == [("/tmf-api/thingManagement/v1", "1.0.0")]
    assert start(new_database, tmp_path / "things.json") == 0


def test_what_was_parsed_is_let_go(tmp_path: Path, new_database: str) -> None:
    """The facts of a new contract are recorded without keeping in memory what they are made of."""
    write(tmp_path / "things.json")
    settings = Settings(database=new_database, specs=(str(tmp_path / "things.json"),))
    plan = make_plan(settings)
    (row,) = admit(plan)
    (api,) = plan.apis
    parts = [api.document, *[each.definition for each in api.operations]]
    assert all(isinstance(part, Later) and part._loaded is None for part in parts)
    assert pack(facts_of(api)) == row.facts


def test_a_compatible_one_is_recorded(tmp_path: Path, new_database: str) -> None:
    """What breaks nothing is served in place of what was served before."""
    start(new_database, tmp_path / "things.json")
    store(new_database, {"id": "a", "status": "closed", **SOUND})
    assert start(new_database, tmp_path / "things.json", more_attributes) == 1
    assert select(new_database, RECORDED) == [("/tmf-api/thingManagement/v1", "1.1.0")]


def test_a_breaking_one_is_refused(tmp_path: Path, new_database: str) -> None:
    """The refusal names the document, the attribute, what it should be, and the way out."""
    start(new_database, tmp_path / "things.json")
    documents = [{"id": f"t{number}", "status": "closed", **SOUND} for number in range(5)]
    store(new_database, *documents)
    with pytest.raises(BreakingContract) as refused:
        start(new_database, tmp_path / "things.json", fewer_states)
    told = str(refused.value)
    assert "thing 't0' (got 'closed'), 't1' (got 'closed'), 't2' (got 'closed') and 2 more" in told
    assert "status: expected one of 'open'" in told
    assert "--accept-contract" in told
    assert start(new_database, tmp_path / "things.json", fewer_states, accept=True) == 1
    assert start(new_database, tmp_path / "things.json", fewer_states) == 0


def test_documents_that_hold_are_no_hindrance(tmp_path: Path, new_database: str) -> None:
    """What would break others is served, when all that are stored hold under it."""
    start(new_database, tmp_path / "things.json")
    store(new_database, {"id": "a", "status": "open", **SOUND})
    assert start(new_database, tmp_path / "things.json", fewer_states) == 1


def test_too_many_to_look_at(
    tmp_path: Path, new_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start looks at so many documents; where there are more, it says so and refuses."""
    monkeypatch.setattr("tmfserver.admitting.MOST", 3)
    start(new_database, tmp_path / "things.json")
    store(new_database, *({"id": f"t{n}", "status": "open", **SOUND} for n in range(4)))
    with pytest.raises(BreakingContract, match="not all documents of thing were looked at"):
        start(new_database, tmp_path / "things.json", fewer_states)


def test_another_base_path_is_another_contract(
    tmp_path: Path, new_database: str, caplog: pytest.LogCaptureFixture
) -> None:
    """v2 after v1 is no change of v1: it has its own tables, and the start tells where v1's are."""
    start(new_database, tmp_path / "one.json")
    store(new_database, {"id": "a", "status": "closed", **SOUND})
    with caplog.at_level("INFO", "tmfserver"):
        start(new_database, tmp_path / "two.json", version_two)
    assert "documents of version 1.0.0 stay at /tmf-api/thingManagement/v1" in caplog.text
    assert len(select(new_database, RECORDED)) == 2


def test_a_server_starts_or_does_not(tmp_path: Path, start_server: StartServer) -> None:
    """`tmfserver serve` ends with one sentence and exit code 1, and starts with --accept-contract;
    what was written under the older contract is served."""
    database = f"sqlite:///{tmp_path / 'kept.db'}"
    file = write(tmp_path / "things.json")
    first = start_server(database=database, specs=str(file))
    path = "/tmf-api/thingManagement/v1/thing"
    with first.client() as client:
        made = client.post(path, json={"id": "a", "status": "closed", **SOUND})
        assert made.status_code == 201, made.text
    assert first.stop() == 0
    write(file, fewer_states)
    done = program("serve", "--database", database, "--specs", file, "--port", 0, folder=tmp_path)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("tmfserver: ")
    assert "thing 'a' (got 'closed'): status: expected one of 'open'" in last
    again = start_server(database=database, specs=str(file), accept_contract=True)
    with again.client() as client:
        assert client.get(f"{path}/a").json()["status"] == "closed"
