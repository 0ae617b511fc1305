"""What docs/conformance.md shows can be done."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from textwrap import dedent

import click
import pytest
import yaml
from tests.schemathesis.__main__ import read_flags

from tmfserver.conformance.command import conformance

PAGE = Path(__file__).parents[2].joinpath("docs", "conformance.md").read_text(encoding="utf-8")
OURS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
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


def test_one_contract_is_asked_whole() -> None:
    """`make` asks a contract on both databases and by Schemathesis, whose flags exist."""
    make, more = "".join(OURS).splitlines()
    root = Path(__file__).parents[2]
    said = subprocess.run(
        [*shlex.split(make), "--dry-run"], cwd=root, capture_output=True, text=True, check=True
    )
    contract = "specs/my-api.swagger.json"
    assert said.stdout.count(f"--level full --contract {contract}") == 2
    assert f"-m tests.schemathesis {contract}" in said.stdout
    program, *words = shlex.split(more)
    assert (program, words[:2]) == (".venv/bin/python", ["-m", "tests.schemathesis"])
    assert read_flags(words[2:]).contracts == [contract]
