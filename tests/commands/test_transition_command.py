"""`tmfserver transition`: all that match move along their life cycle, each as a PATCH would."""

from __future__ import annotations

import json
import subprocess
from getpass import getuser
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.handlers.usage_steps import PAIRS, STATES, following, may_go
from tests.programs import COMMAND
from tests.serving import StartServer, plain_environment, select

from tmfserver.cli import commands

USAGE = "usage_management_v4_usage"


def run(database: str, *arguments: str | Path, code: int = 0) -> Result:
    words = [*map(str, arguments), "--database", database]
    result = CliRunner().invoke(commands, words)
    assert result.exit_code == code, (result.output, result.exception)
    return result


def fill(database: str, folder: Path, states: list[str]) -> None:
    path = folder / "some.ndjson"
    some = [{"id": f"{n:03}", "status": state} for n, state in enumerate(states)]
    path.write_text("".join(json.dumps(each) + "\n" for each in some))
    run(database, "import", "usage", path)


def states(database: str) -> list[str]:
    rows = select(database, f"SELECT document FROM {USAGE} ORDER BY id")
    documents = [json.loads(row[0]) if isinstance(row[0], str) else row[0] for row in rows]
    return [document["status"] for document in documents]


def test_all_that_match_are_moved(new_database: str, tmp_path: Path) -> None:
    """More than a page of them, though they match no more once they are moved; those that the life
    cycle refuses are counted and told, with exit code 3, and a dry run changes nothing."""
    fill(new_database, tmp_path, ["received", "received", "rated", "billed"] * 50)
    log = tmp_path / "errors"
    words = ["transition", "usage", "--query", "status!=billed", "--to", "guided"]
    checked = run(new_database, *words, "--dry-run", code=3)
    assert "150 found: 100 would be moved, 0 there already, 50 refused" in checked.stderr
    assert states(new_database) == ["received", "received", "rated", "billed"] * 50
    result = run(new_database, *words, "--errors", log, code=3)
    assert "150 found: 100 moved, 0 there already, 50 refused" in result.stderr
    assert states(new_database) == ["guided", "guided", "rated", "billed"] * 50
    told = [json.loads(line) for line in log.read_text().splitlines()]
    assert [each["id"] for each in told] == [f"{n:03}" for n in range(2, 200, 4)]
    assert "'rated'" in told[0]["reason"]
    again = run(new_database, *words, code=3)
    assert "150 found: 0 moved, 100 there already, 50 refused" in again.stderr
    assert again.stderr.count("\n") == 11
    done = run(new_database, "transition", "usage", "--query", "?status=guided", "--to", "rated")
    assert done.stderr == "100 found: 100 moved, 0 there already, 0 refused\n"


def test_every_pair_of_states(new_database: str, tmp_path: Path) -> None:
    """All 49 of them, in bulk: a usage that TMF635's life cycle lets go to the state is there
    afterwards, one that it does not is told with what may follow and stays, and an import of the
    same ids moves none."""
    log, file = tmp_path / "errors", tmp_path / "some.ndjson"
    every = [{"id": f"{old}-{new}", "status": old, "usageType": new} for old, new in PAIRS]
    file.write_text("".join(json.dumps(each) + "\n" for each in every))
    run(new_database, "import", "usage", file)
    others = [{**each, "status": each["usageType"]} for each in every]
    file.write_text("".join(json.dumps(each) + "\n" for each in others))
    again = run(new_database, "import", "usage", file)
    assert "49 read: 0 created, 49 there already, 0 refused" in again.stderr
    for new in STATES:
        words = ["transition", "usage", "--query", f"usageType={new}", "--to", new]
        run(new_database, *words, "--errors", log, code=3)
        told = [json.loads(line) for line in log.read_text().splitlines()]
        forbidden = [old for old in STATES if not may_go(old, new)]
        assert sorted(each["id"] for each in told) == sorted(f"{old}-{new}" for old in forbidden)
        for each in told:
            named = each["reason"].rpartition("may go to")[2]
            old = each["id"].partition("-")[0]
            assert {state for state in STATES if f"'{state}'" in named} == set(following(old))
    rows = select(new_database, f"SELECT CAST(document AS text) FROM {USAGE}")
    found = {each["id"]: each["status"] for each in (json.loads(text) for (text,) in rows)}
    assert found == {f"{old}-{new}": new if may_go(old, new) else old for old, new in PAIRS}


def test_each_step_is_an_event_and_in_the_history(
    start_server: StartServer, new_database: str, tmp_path: Path
) -> None:
    """While a server runs: listeners are told of each, and the history names the user."""
    server = start_server(database=new_database)
    fill(new_database, tmp_path, ["rated"] * 70)
    path = "/tmf-api/usageManagement/v4"
    with server.client() as client:
        assert client.post(f"{path}/hub", json={"callback": "http://127.0.0.1:9/"}).is_success
        done = subprocess.run(
            [COMMAND, "transition", "usage", "--to", "rerated"], check=True, capture_output=True,
            env=plain_environment({"TMFSERVER_DATABASE": new_database}), timeout=120,
        )  # fmt: skip
        assert done.stderr == b"70 found: 70 moved, 0 there already, 0 refused\n"
        (entry,) = client.get(f"{path}/usage/042/history").json()
    assert (entry["from"], entry["to"], entry["by"]) == ("rated", "rerated", getuser())
    ((changes,),) = select(
        new_database, "SELECT count(*) FROM event WHERE type = 'UsageStateChangeEvent'"
    )
    assert changes == 70


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["usage", "--to", "rated", "--query", "sort=id"], 1, "filters alone"),
        (["usage", "--to", "rated", "--query", "usageDate.gt=soon"], 1, "usageDate"),
        (["billFormat", "--to", "rated"], 1, "billFormat has no state"),
        (["nothing", "--to", "rated"], 2, "usageManagement/v4/usage"),
        (["usage"], 2, "--to"),
    ],
)
def test_wrong_usage_is_a_sentence(
    tmp_path: Path, arguments: list[str], code: int, word: str
) -> None:
    """With the exit code that says whose fault it is."""
    result = run(f"sqlite:///{tmp_path / 'x.db'}", "transition", *arguments, code=code)
    assert word in result.stderr
    assert "Traceback" not in result.output


def test_no_state_of_the_contract(new_database: str, tmp_path: Path) -> None:
    """A state that the contract does not know is refused, naming those that it does."""
    fill(new_database, tmp_path, ["rated"])
    result = run(new_database, "transition", "usage", "--to", "lost", code=3)
    assert "status: got 'lost', expected one of" in result.stderr
