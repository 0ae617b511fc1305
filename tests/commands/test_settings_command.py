"""`tmfserver settings`, and --help: every setting with its environment variable."""

from __future__ import annotations

import os
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from tests.commands.running import program, run, run_json

from tmfserver.cli import commands
from tmfserver.settings import Settings, variable

NAMES = [entry.name for entry in fields(Settings)]
GIVEN: dict[str, tuple[str, Any]] = {
    "port": ("9000", 9000),
    "database": ("postgresql://somewhere/x", "postgresql://somewhere/x"),
    "specs": (os.pathsep.join(("a", "b")), ["a", "b"]),
    "gunicorn": ("true", True),
    "page_limit": ("7", 7),
    "references": ("strict", "strict"),
}


@pytest.fixture(autouse=True)
def no_settings_of_the_developer(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(variable(name), raising=False)


def test_every_setting_is_listed() -> None:
    """Each setting with its variable, default and meaning; unset, the default is its value."""
    rows = run_json("settings")
    assert [row["name"] for row in rows] == NAMES
    defaults = {**vars(Settings()), "specs": []}
    for row in rows:
        assert row.keys() == {"name", "environment", "default", "value", "help"}
        assert row["environment"] == variable(row["name"])
        assert row["default"] == row["value"] == defaults[row["name"]]
        assert row["help"].strip()


@pytest.mark.parametrize("name", GIVEN)
def test_a_value_from_the_environment(name: str) -> None:
    """A variable's value is shown as the server would read it; the others stay."""
    text, value = GIVEN[name]
    rows = {row["name"]: row for row in run_json("settings", environment={variable(name): text})}
    assert rows[name]["value"] == value
    for other in NAMES:
        if other != name:
            assert rows[other]["value"] == rows[other]["default"]


def test_for_people() -> None:
    """Without --json it is a table, a line for each setting."""
    lines = run("settings").splitlines()
    assert [line.split()[0] for line in lines[1:]] == [variable(name) for name in NAMES]


def test_limits_by_default() -> None:
    """A list holds 100 documents, at most 1,000; references are not checked."""
    defaults = {row["name"]: row["default"] for row in run_json("settings")}
    assert defaults["page_limit"] == 100
    assert defaults["largest_page"] == 1000
    assert defaults["references"] == "off"
    assert defaults["database"].startswith("sqlite:///")
    assert (defaults["host"], defaults["port"]) == ("127.0.0.1", 8080)


@pytest.mark.parametrize("command", sorted(commands.commands))
def test_help_names_every_flag_s_variable(command: str) -> None:
    """Each flag that is a setting shows its environment variable in --help."""
    text = run(command, "--help")
    flags = {option for parameter in commands.commands[command].params for option in parameter.opts}
    settings = [name for name in NAMES if f"--{name.replace('_', '-')}" in flags]
    for name in settings:
        assert variable(name) in text
    if command == "serve":
        assert settings == NAMES


def test_the_commands_explain_themselves() -> None:
    """--help lists the commands with what they do; --version is the package's."""
    text = run("--help")
    for name, command in commands.commands.items():
        assert name in text
        assert command.help
    assert version("tmfserver") in run("--version")


def test_a_wrong_command_line(tmp_path: Path) -> None:
    """An unknown flag or command is refused without a traceback."""
    for words in (["serve", "--nonsense"], ["nonsense"], ["serve", "--port"]):
        done = program(*words, folder=tmp_path)
        assert done.returncode != 0
        assert words[-1] in done.stderr
        assert "Traceback" not in done.stderr
