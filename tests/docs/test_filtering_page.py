"""All that docs/filtering.md says comes back does come back, asked as the page says to ask."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.docs.pasting import ADDRESS, paste
from tests.serving import DATABASES, MakeDatabase, Server, launch, stop_cleanly

from tmfserver.engine import expansion
from tmfserver.query import conditions, parse, syntax
from tmfserver.query.expansion import DEEPEST
from tmfserver.settings import Settings

PAGE = (Path(__file__).parents[2] / "docs" / "filtering.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
CELLS = re.compile(r"(?<!\\)\|")
CODE = re.compile(r"`([^`]*)`")


class Row(NamedTuple):
    """One query string of a table, and the cells that say what comes of it."""

    query: str
    answer: str
    more: str


def rows(column: str) -> list[Row]:
    """The query strings of the tables that have a column of this name, which stand before it."""
    found = []
    at = None
    for line in PAGE.splitlines():
        if not line.startswith("|"):
            at = None
            continue
        cells = [cell.strip().replace("\\|", "|") for cell in CELLS.split(line)[1:-1]]
        if at is None:
            at = cells.index(column) if column in cells else -1
        elif at > 0 and set(cells[0]) != {"-"}:
            queries = CODE.findall(" ".join(cells[:at]))
            found += [Row(query, cells[at], " ".join(cells[at + 1 :])) for query in queries]
    return found


def blocks() -> list[tuple[str, str]]:
    """The fenced blocks: (language, text)."""
    return BLOCK.findall(PAGE)


def shown() -> list[tuple[str, str, str]]:
    """(command, language, text) for each command that is followed by what it prints."""
    pairs = zip(blocks(), blocks()[1:], strict=False)
    return [(sh, kind, text) for (first, sh), (kind, text) in pairs if (first, kind) != ("sh", "sh")
            and first == "sh"]  # fmt: skip


SETUP = blocks()[0][1]
FUNCTIONS = "".join(line for line in SETUP.splitlines(keepends=True) if "() {" in line)


@pytest.fixture(scope="module", params=DATABASES)
def server(
    request: pytest.FixtureRequest,
    make_database: MakeDatabase,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    """A server to which the page's documents were posted as the page says."""
    folder = tmp_path_factory.mktemp(f"filtering-{request.param}")
    started = launch(folder, make_database(request.param))
    (printed,) = paste(started, [SETUP])
    assert printed.split() == ["201"] * SETUP.count("\npost usage")
    yield started
    stop_cleanly(started)


def ask(server: Server, query: str) -> Any:
    """What comes of a row, pasted as the page says."""
    assert "'" not in query
    (printed,) = paste(server, [f"{FUNCTIONS}\nask '{query}'"])
    return json.loads(printed)


@pytest.mark.parametrize("row", rows("Finds"), ids=lambda row: row.query)
def test_a_row_finds_what_the_page_says(server: Server, row: Row) -> None:
    """Each query string of a table finds the documents beside it, in that order."""
    answer = ask(server, row.query)
    assert isinstance(answer, list), answer
    expected = [] if row.answer == "nothing" else row.answer.split()
    assert [document["id"] for document in answer] == expected


@pytest.mark.parametrize("row", rows("Answer"), ids=lambda row: row.query)
def test_a_row_is_refused_as_the_page_says(server: Server, row: Row) -> None:
    """Each is a TM Forum Error of that status, whose message holds those words."""
    answer = ask(server, row.query)
    assert isinstance(answer, dict), answer
    assert answer["status"] == row.answer
    (words,) = CODE.findall(row.more)
    assert words in answer["message"]


@pytest.mark.parametrize("row", rows("Gives"), ids=lambda row: row.query)
def test_a_row_gives_the_attributes_that_it_names(server: Server, row: Row) -> None:
    """`fields` gives id and href and, where they are, the attributes named; no others."""
    named = row.query.removeprefix("fields=").split(",")
    tops = {name.partition(".")[0] for name in named} - {"none"}
    answer = ask(server, row.query)
    assert len(answer) == 6
    for document in answer:
        assert {"id", "href"} <= set(document) <= {"id", "href", *tops}
    assert {name for document in answer for name in document} == {"id", "href", *tops}


@pytest.mark.parametrize(("command", "kind", "text"), shown(), ids=lambda part: part[-40:])
def test_a_command_prints_what_the_page_shows(
    server: Server, command: str, kind: str, text: str
) -> None:
    """What stands below a command is what it prints."""
    (printed,) = paste(server, [command])
    if kind == "json":
        assert json.loads(printed) == json.loads(text.replace(ADDRESS, server.url))
        return
    assert kind == "http"
    lines = printed.lower().splitlines()
    assert [line for line in text.lower().splitlines() if line.strip() not in lines] == []
    assert 'rel="next"' in printed.lower()


def test_the_page_is_whole() -> None:
    """Every operator has a row in each of its spellings, and every command shows its answer."""
    asked = " ".join(row.query for row in rows("Finds"))
    for word in conditions._WORDS:
        assert f".{word}=" in asked
    for symbol in conditions._OPERATORS:
        assert re.search(rf"\w{re.escape(symbol)}\w|\w{re.escape(symbol)}\^", asked), symbol
    assert len(rows("Finds")) > 80
    assert len(rows("Answer")) >= 8
    assert len(shown()) == len([kind for kind, _ in blocks() if kind == "sh"]) - 1


def test_the_limits_are_the_servers() -> None:
    """The numbers on the page are those of the code."""
    text = " ".join(PAGE.split())
    defaults = Settings()
    for stated in (
        f"a query string of {parse.LONGEST // 1024} KiB",
        f"{conditions.MOST_CONDITIONS} conditions",
        f"{parse.MOST_SORT_KEYS} attributes in `sort`",
        f"expressions of {conditions.LONGEST_EXPRESSION:,} characters",
        f"at most {expansion.MOST_FOLLOWED:,} references",
        f"at most {expansion.MOST_TEXT // 1024**2} MiB put in",
        f"it may be 0 to {DEEPEST}",
        f"holds {defaults.page_limit} documents unless",
        f"at most {defaults.largest_page:,}",
        f"JSONPaths of {syntax.MOST_NODES} parts, nested {syntax.DEEPEST} deep",
        f"more than {defaults.scan_limit:,} documents",
        f"more than {defaults.query_seconds} seconds",
    ):
        assert stated in text
