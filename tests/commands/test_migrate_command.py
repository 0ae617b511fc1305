"""`tmfserver migrate`: brings a database up to date, and says what it did."""

from __future__ import annotations

from pathlib import Path

from tests.commands.running import program, run
from tests.serving import select

SPECS = Path(__file__).parents[2] / "specs"


def test_twice_is_up_to_date(new_database: str) -> None:
    """The first time tables are made; the second time there is nothing to do."""
    first = run("migrate", "--database", new_database)
    assert first.strip()
    assert "The database is up to date." not in first
    again = run("migrate", "--database", new_database)
    assert again.strip() == "The database is up to date."
    assert select(new_database, "SELECT count(*) FROM usage_management_v4_usage") == [(0,)]
    assert select(new_database, "SELECT count(*) FROM account_management_v4_bill_format") == [(0,)]


def test_another_contract_adds_its_tables(new_database: str) -> None:
    """A contract that comes later adds tables, and drops none."""
    usage, account = sorted(SPECS.glob("*.json"))
    run("migrate", "--database", new_database, "--specs", usage)
    added = run("migrate", "--database", new_database, "--specs", account)
    assert "The database is up to date." not in added
    for table in ("usage_management_v4_usage", "account_management_v4_bill_format"):
        assert select(new_database, f"SELECT count(*) FROM {table}") == [(0,)]


def test_the_environment_names_the_database(new_database: str) -> None:
    """TMFSERVER_DATABASE does what --database does."""
    run("migrate", environment={"TMFSERVER_DATABASE": new_database})
    assert select(new_database, "SELECT count(*) FROM listener") == [(0,)]


def test_a_database_that_is_not_there(tmp_path: Path) -> None:
    """An unusable database is one sentence on standard error, exit code 1."""
    place = tmp_path / "nowhere" / "x.db"
    done = program("migrate", "--database", f"sqlite:///{place}", folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert str(place) in done.stderr
