"""The README's session does what the README says of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.docs.pasting import paste
from tests.serving import SQLITE, MakeDatabase, Server, launch, stop_cleanly

README = Path(__file__).parents[2] / "README.md"
STATUS = re.compile(r"\b([2-5][0-9]{2})\b")


class Step(NamedTuple):
    """A block to paste, and the status that the text before it states."""

    text: str
    command: str
    status: str


def steps() -> list[Step]:
    """The blocks of the session, in their order."""
    session = README.read_text(encoding="utf-8").partition("## A first session")[2]
    session = session.partition("\n## ")[0]
    made = []
    before, *parts = session.split("```sh\n")
    for part in parts:
        command, _, after = part.partition("```\n")
        stated = STATUS.search(before)
        made.append(Step(before.strip(), command, stated[1] if stated else ""))
        before = after
    return made


@pytest.fixture(scope="module")
def server(
    make_database: MakeDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    started = launch(tmp_path_factory.mktemp("readme"), make_database(SQLITE))
    yield started
    stop_cleanly(started)


def statuses(printed: list[str]) -> list[str]:
    found = [re.search(r"^HTTP/1\.1 ([0-9]{3})", text, re.MULTILINE) for text in printed]
    return [match[1] if match else "" for match in found]


def test_the_session_goes_as_the_readme_says(server: Server) -> None:
    """Every command of the README answers with the status that the text before it states."""
    commands = [step.command for step in steps()]
    printed = paste(server, commands)
    assert statuses(printed) == [step.status for step in steps()]
    listed, refused = printed[2], printed[-1]
    assert '"name":"Acme mobile"' in listed
    assert "X-Total-Count: 1".lower() in listed.lower()
    assert "from 'guided' it may go to 'rated' or 'rejected'" in refused
    again = statuses(paste(server, commands))
    for step, status in zip(steps(), again, strict=True):
        assert status == ("409" if step.status == "201" else step.status)


def test_the_session_shows_what_the_server_is_for() -> None:
    """The session creates, lists, changes, subscribes, and is refused once."""
    assert [step.status for step in steps()] == [
        "", "201", "200", "200", "201", "201", "200", "409",
    ]  # fmt: skip


def test_the_readme_names_the_two_commands() -> None:
    """A newcomer finds how to run the server and how to test it."""
    text = README.read_text(encoding="utf-8")
    assert "$ make run" in text
    assert "$ make test" in text
