"""`tmfserver import` and `tmfserver export`: what goes in comes out again, and exit codes tell."""

from __future__ import annotations

import gzip
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.http.asking import account
from tests.programs import COMMAND
from tests.serving import StartServer, plain_environment, select

from tmfserver.cli import commands

TABLE = "usage_management_v4_usage"
DOCUMENTS: list[dict[str, Any]] = [
    {"id": f"u-{n}", "status": "received" if n % 3 else "rated", "description": f"Nr. {n} ä\n😀",
     "relatedParty": [{"id": str(n % 5), "@referredType": "Individual"}],
     "ratedProductUsage": [{"taxExcludedRatingAmount": {"unit": "EUR", "value": n / 8}}]}
    for n in range(2500)
]  # fmt: skip


def run(database: str, *arguments: str | Path, code: int = 0) -> Result:
    words = [*map(str, arguments), "--database", database]
    result = CliRunner().invoke(commands, words)
    assert result.exit_code == code, (result.output, result.exception)
    return result


def below(id: str, parent: str) -> dict[str, Any]:
    """An account that says what is above it."""
    more = {"relationshipType": "parentAccount", "validFor": {}, "account": {"id": parent}}
    return account(id=id, accountRelationship=[more])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "usages.ndjson"
    path.write_text("".join(json.dumps(each) + "\n" for each in DOCUMENTS), encoding="utf-8")
    return path


def test_a_file_whose_accounts_refer_to_those_before(
    new_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where all that is referred to must be there, what came in with the same file is."""
    monkeypatch.setenv("TMFSERVER_REFERENCES", "strict")
    accounts = [account(id="a"), *[below(id, parent) for id, parent in ("ba", "cb", "dx")]]
    file = tmp_path / "accounts.ndjson"
    file.write_text("".join(json.dumps(each) + "\n" for each in accounts), encoding="utf-8")
    done = run(new_database, "import", "billingAccount", file, code=3)
    assert "4 read: 3 created, 0 there already, 1 refused" in done.stderr


@pytest.mark.parametrize("between", [0, 2500])
def test_a_file_that_closes_a_circle(new_database: str, tmp_path: Path, between: int) -> None:
    """The account that would stand above itself is refused, however far from the others it comes,
    and in a rehearsal too."""
    accounts = [below(id, parent) for id, parent in ("ab", "bc", "ca")]
    accounts[2:2] = [account(id=f"other-{n}") for n in range(between)]
    file, log = tmp_path / "accounts.ndjson", tmp_path / "errors.ndjson"
    file.write_text("".join(json.dumps(each) + "\n" for each in accounts), encoding="utf-8")
    for more in ["--dry-run"], []:
        run(new_database, "import", "billingAccount", file, "--errors", log, *more, code=3)
        (line,) = log.read_text(encoding="utf-8").splitlines()
        told = json.loads(line)
        assert told["position"] == between + 3
        assert (
            "'c' > 'a' > 'b' > 'c'" in told["reason"] or "'c' > 'b' > 'a' > 'c'" in told["reason"]
        )


@pytest.mark.parametrize("name", ["out.ndjson", "out.json.gz", "out.csv.zst", "out.parquet"])
def test_what_was_imported_is_exported_alike(
    new_database: str, file: Path, tmp_path: Path, name: str, make_other: str
) -> None:
    """Each format brings the same documents into another database."""
    first = run(new_database, "import", "usage", file)
    assert "2500 read: 2500 created, 0 there already, 0 refused" in first.stderr
    out = tmp_path / name
    run(new_database, "export", "usageManagement/v4/usage", "--output", out)
    assert not list(tmp_path.glob(".*part"))
    run(make_other, "import", "usage", out)
    again = run(make_other, "export", "/tmf-api/usageManagement/v4/usage").stdout
    found = [json.loads(line) for line in again.splitlines()]
    assert [each.pop("href") for each in found] == [
        f"/tmf-api/usageManagement/v4/usage/{each['id']}" for each in DOCUMENTS
    ]
    assert found == DOCUMENTS


@pytest.fixture
def make_other(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'other.db'}"


def test_an_import_tells_what_became_of_each_record(new_database: str, tmp_path: Path) -> None:
    """Duplicates are left as they are, what is refused is told, and the exit code is 3."""
    lines = [
        '{"id":"a","status":"received"}',
        '{"id":"b","status":"nonsense"}',
        '{"id":"a","status":"rated"}',
        '{"id":"c","description":NaN}',
        "[1]",
        "",
        '{"id":"d","n":1234567890123456789012345678901234567890123}',
        '{"id":"e","text":"\\u0000"}',
        '{"id":"f"}',
    ]
    path, log = tmp_path / "some.ndjson", tmp_path / "errors.ndjson"
    path.write_text("\n".join(lines), encoding="utf-8")
    checked = run(new_database, "import", "usage", path, "--dry-run", code=3)
    assert "8 read: 2 would be created, 1 there already, 5 refused" in checked.stderr
    result = run(new_database, "import", "usage", path, path, "--errors", log, code=3)
    assert "16 read: 2 created, 4 there already, 10 refused" in result.stderr
    told = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert [(each["position"], each["line"]) for each in told[:6]] == [
        (2, 2), (3, 3), (4, 4), (5, 5), (6, 7), (7, 8)
    ]  # fmt: skip
    assert "'nonsense'" in told[0]["reason"]
    assert "'a'" in told[1]["reason"]
    assert select(new_database, f"SELECT id FROM {TABLE} ORDER BY seq") == [("a",), ("f",)]


def test_a_record_that_comes_twice_is_a_duplicate(new_database: str, tmp_path: Path) -> None:
    """Of two usages that are alike in what their specification says is unique, in one file or in
    two, the second is counted as a duplicate and told; another specification's is another."""
    specifications, path = tmp_path / "specifications.ndjson", tmp_path / "usages.ndjson"
    unique = [{"name": "recordKey", "valueType": "string", "isUnique": True}]
    specifications.write_text(
        "".join(json.dumps({"id": id, "specCharacteristic": unique}) + "\n" for id in ("S", "T"))
    )
    run(new_database, "import", "usageSpecification", specifications)
    records = [("a", "S", "k1"), ("b", "S", "k2"), ("c", "S", "k1"), ("d", "T", "k1")]
    usages = [
        {"id": id, "usageSpecification": {"id": specification},
         "usageCharacteristic": [{"name": "recordKey", "value": key}]}
        for id, specification, key in records
    ]  # fmt: skip
    path.write_text("".join(json.dumps(each) + "\n" for each in usages))
    log = tmp_path / "errors.ndjson"
    result = run(new_database, "import", "usage", path, "--errors", log)
    assert "4 read: 3 created, 1 there already, 0 refused" in result.stderr
    (told,) = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert (told["position"], told["line"]) == (3, 3)
    path.write_text(json.dumps({**usages[1], "id": "e"}))
    result = run(new_database, "import", "usage", path)
    assert "1 read: 0 created, 1 there already, 0 refused" in result.stderr
    assert select(new_database, f"SELECT id FROM {TABLE} ORDER BY seq") == [("a",), ("b",), ("d",)]


def test_a_file_that_breaks_off_keeps_what_came_before(new_database: str, tmp_path: Path) -> None:
    """The exit code is 1, and it says how far it came and why not farther."""
    whole = gzip.compress("".join(json.dumps(each) + "\n" for each in DOCUMENTS).encode())
    path = tmp_path / "cut.ndjson.gz"
    path.write_bytes(whole[: len(whole) * 3 // 4])
    result = run(new_database, "import", "usage", path, code=1)
    assert "the gzip file ends too soon" in result.stderr
    ((count,),) = select(new_database, f"SELECT count(*) FROM {TABLE}")
    assert 0 < count < 2500
    assert f"{count} created" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["import", "nothing", "x"], 2, "usageManagement/v4/usage"),
        (["import", "usage", "there-is-no.csv"], 1, "No such file"),
        (["export", "usage", "--query", "usageDate.gte=yesterday"], 1, "usageDate"),
        (["export", "usage", "--output", "/no/such/folder/x"], 1, "No such file"),
        (["export", "usage", "--format", "xls"], 2, "ndjson"),
    ],
)
def test_wrong_usage_is_a_sentence(
    tmp_path: Path, arguments: list[str], code: int, word: str
) -> None:
    """With the exit code that says whose fault it is."""
    result = run(f"sqlite:///{tmp_path / 'x.db'}", *arguments, code=code)
    assert word in result.stderr
    assert "Traceback" not in result.output


def test_pipes_and_queries(start_server: StartServer, new_database: str, file: Path) -> None:
    """Both ends may be pipes, a query chooses, and a server runs on meanwhile and is told."""
    server = start_server(database=new_database)
    with server.client() as client:
        path = "/tmf-api/usageManagement/v4/hub"
        assert client.post(path, json={"callback": "http://127.0.0.1:9/"}).status_code == 201
        environment = plain_environment({"TMFSERVER_DATABASE": new_database})
        with file.open("rb") as source:
            subprocess.run(
                [COMMAND, "import", "usage", "-"], stdin=source, env=environment, check=True,
                timeout=120, capture_output=True,
            )  # fmt: skip
        assert client.get("/tmf-api/usageManagement/v4/usage/u-7").status_code == 200
    query = "status=rated&relatedParty.id=2&fields=description&sort=-id&limit=10&offset=1"
    out = run(new_database, "export", "usage", "--query", query).stdout
    expected = [each["id"] for each in DOCUMENTS if each["status"] == "rated"
                and each["relatedParty"][0]["id"] == "2"]  # fmt: skip
    found = [json.loads(line) for line in out.splitlines()]
    assert [each["id"] for each in found] == sorted(expected, reverse=True)[1:11]
    assert found[0].keys() == {"id", "href", "description"}
    pattern = run(
        new_database, "export", "usage", "--query", "filter=$[?(@.description=~'Nr. 12.*')]"
    )
    assert len(pattern.stdout.splitlines()) == 111
    ((told,),) = select(new_database, "SELECT count(*) FROM event WHERE type = 'UsageCreateEvent'")
    ((sent,),) = select(new_database, "SELECT count(*) FROM delivery")
    assert (told, sent) == (2500, 2500)


def test_a_place_that_cannot_be_written_is_named(new_database: str, tmp_path: Path) -> None:
    """Also where only the last step fails; nothing is left beside it."""
    taken = tmp_path / "taken"
    taken.mkdir()
    for place, why in ((taken, "Is a directory"), (tmp_path / "no" / "x", "No such file")):
        result = run(new_database, "export", "usage", "--output", place, code=1)
        assert f"The file cannot be kept: {place}: {why}" in result.stderr
    assert [each.name for each in tmp_path.iterdir() if "part" in each.name] == []
