"""`tmfserver migrate`: brings a database up to date, and says what it did."""

from __future__ import annotations

from pathlib import Path

from tests.bundled import CONTRACTS
from tests.commands.running import program, run
from tests.serving import select


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
    usage, account = CONTRACTS
    run("migrate", "--database", new_database, "--specs", usage)
    added = run("migrate", "--database", new_database, "--specs", account)
    assert "The database is up to date." not in added
    for table in ("usage_management_v4_usage", "account_management_v4_bill_format"):
        assert select(new_database, f"SELECT count(*) FROM {table}") == [(0,)]


def test_the_environment_names_the_database(new_database: str) -> None:
    """TMFSERVER_DATABASE does what --database does."""
    run("migrate", environment={"TMFSERVER_DATABASE": new_database})
    assert select(new_database, "SELECT count(*) FROM listener") == [(0,)]


def test_unused_indexes(new_database: str, tmp_path: Path) -> None:
    """--drop-unused drops what no handler asks for any more; without it nothing is dropped."""
    usage, _ = CONTRACTS
    run("migrate", "--database", new_database, "--specs", usage)
    own = tmp_path / "handlers"
    own.mkdir()
    text = 'from tmfserver.rules import Rules\nrules = Rules(indexed=("status",))\n'
    (own / "usage.py").write_text(text, encoding="utf-8")
    asked = "migrate", "--database", new_database, "--specs", usage, "--handlers", own
    # A program of its own, for modules that were imported once stay.
    kept = program(*asked, folder=tmp_path).stdout
    assert kept.strip() == "The database is up to date."
    dropped = program(*asked, "--drop-unused", folder=tmp_path).stdout
    assert "Dropped the index for 'relatedParty.id' of usageManagement/v4/usage." in dropped
    assert "'status' of usageManagement/v4/usage." not in dropped
    again = program(*asked, "--drop-unused", folder=tmp_path).stdout
    assert again.strip() == "The database is up to date."


def test_a_database_that_is_not_there(tmp_path: Path) -> None:
    """An unusable database is one sentence on standard error, exit code 1."""
    place = tmp_path / "nowhere" / "x.db"
    done = program("migrate", "--database", f"sqlite:///{place}", folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert str(place) in done.stderr
