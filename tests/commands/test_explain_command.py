"""`tmfserver explain`: how a list is understood, by which indexes and statements it is answered."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.commands.running import program, run

USAGE = "/tmf-api/usageManagement/v4/usage"


@pytest.fixture(name="migrated")
def a_migrated_database(new_database: str) -> str:
    run("migrate", "--database", new_database)
    return new_database


def explained(database: str, query: str) -> list[str]:
    return run("explain", "--database", database, query).splitlines()


def test_what_is_answered_from_indexes(migrated: str) -> None:
    """Each condition and sort key is told in words, with the index it is answered from."""
    asked = "usage?status=rated&relatedParty.id=p1&description=x&sort=-usageDate&offset=5&limit=7"
    lines = explained(migrated, asked)
    assert lines[0] == f"usage at {USAGE}"
    told = {line.split(":")[0].strip(): line.split(": ", 1)[1] for line in lines[1:5]}
    assert told['where status = "rated" as string'].startswith("from index at_status_")
    assert told['where relatedParty.id = "p1" as string'].startswith("from index usage_")
    assert told['where description = "x" as string'] == "from each document"
    assert told["sorted by usageDate, descending"].startswith("from index at_usage_date_")
    assert "  of these 7 from 5 on" in lines


def test_statements_and_plans(migrated: str) -> None:
    """For page and total: the statement, the values that it binds, and the database's own plan."""
    text = "\n".join(explained(migrated, f"{USAGE}?status=it's+here"))
    for part in ("the page", "the total"):
        statement = text.partition(f"For {part}:")[2]
        assert "SELECT" in statement
        assert "it's here" not in statement.partition("with ")[0]
        assert '"it\'s here"' in statement
        assert "at_status_" in statement.partition("which the database plans so:")[2]


def test_what_is_left_to_each_document(migrated: str) -> None:
    """What the database cannot say of a filter is told, and what follows from it with an index."""
    asked = "usage?filter=$.relatedParty[?(@.id=='x' %26%26 length(@.id)>count($..id))]"
    text = "\n".join(explained(migrated, asked))
    assert 'from which follows relatedParty.id = "x" as string: from index usage_' in text


def test_no_query_at_all(migrated: str) -> None:
    """A resource alone is its whole list, in order of age."""
    lines = explained(migrated, "billFormat")
    assert lines[1:4] == ["  all documents", "  in order of age", "  of these 100 from 0 on"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [("bill?x=y", "expected one of usage, usageSpecification"), ("usage?offset=x", "'offset'")],
)
def test_what_cannot_be_explained(new_database: str, tmp_path: Path, asked: str, said: str) -> None:
    """An unknown resource and a bad query are one sentence, exit code 1."""
    run("migrate", "--database", new_database)
    done = program("explain", "--database", new_database, asked, folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert said in done.stderr


def test_a_database_without_tables(new_database: str, tmp_path: Path) -> None:
    """Explaining makes no tables: it says what does."""
    done = program("explain", "--database", new_database, "usage", folder=tmp_path)
    assert done.returncode == 1
    assert "tmfserver migrate" in done.stderr
