"""What docs/conformance.md shows can be done."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from textwrap import dedent

import click
import pytest
import yaml

from tmfserver.conformance.command import conformance

PAGE = Path(__file__).parents[2].joinpath("docs", "conformance.md").read_text(encoding="utf-8")
WORKFLOWS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
CONSOLE = "".join(re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)).replace("\\\n", " ")
SHOWN = [
    *(line.removeprefix("$ ") for line in CONSOLE.splitlines()),
    *(
        step["run"]
        for text in WORKFLOWS
        for step in (
            yaml.safe_load(text)["jobs"]["conformance"]["steps"]
            if "jobs" in text
            else yaml.safe_load(dedent(text))
        )
        if "tmfserver conformance" in step.get("run", "")
    ),
]


def test_the_page_shows_commands() -> None:
    """The page has commands for a shell and for a workflow."""
    assert len(SHOWN) == 6


@pytest.mark.parametrize("line", SHOWN)
def test_a_command_that_is_shown_is_understood(line: str) -> None:
    """Each flag exists and takes what is given to it."""
    program, command, *words = shlex.split(re.sub(r"\$URL", "https://example.com", line))
    assert (program, command) == ("tmfserver", "conformance")
    conformance.make_context("conformance", words)
    assert isinstance(conformance, click.Command)
