"""Runs the command line: in this process where that will do, else as a program of its own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from click.testing import CliRunner
from tests.programs import Program
from tests.serving import plain_environment

from tmfserver.cli import commands


def run(*arguments: str | Path, environment: Mapping[str, str] | None = None) -> str:
    """What a command prints; it must succeed."""
    words = [str(argument) for argument in arguments]
    result = CliRunner().invoke(commands, words, env=environment, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    return result.stdout


def run_json(*arguments: str | Path, environment: Mapping[str, str] | None = None) -> Any:
    return json.loads(run(*arguments, "--json", environment=environment))


def program(
    *arguments: str | Path, environment: Mapping[str, str] | None = None, folder: Path
) -> subprocess.CompletedProcess[str]:
    """The command as a program of its own."""
    words = [str(argument) for argument in arguments]
    with TemporaryDirectory() as printed:
        output, errors = Path(printed, "output"), Path(printed, "errors")
        started = Program(words, folder, plain_environment(environment), output, errors)
        code = started.wait(60)
        return subprocess.CompletedProcess(words, code, output.read_text(), errors.read_text())
