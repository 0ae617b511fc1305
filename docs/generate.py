# ruff: noqa: INP001 a script, no package
"""Writes the generated pages: settings, errors, commands and checks. `make docs` runs it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click

from tmfserver import errors, settings
from tmfserver.cli import commands
from tmfserver.conformance.registry import ENTRIES
from tmfserver.http.errors import table

HERE = Path(__file__).parent

SETTINGS = """\
<!-- Written by docs/generate.py, do not edit: `make docs` writes it anew. -->

# Settings

Each setting is a flag of `tmfserver serve` and an environment variable; the flag wins.
`tmfserver settings` shows the values that the environment gives now.

{settings}

Several folders or files of contracts: repeat `--specs`, or separate them in `TMFSERVER_SPECS` as
your system separates `PATH`.
"""

ERRORS = """\
<!-- Written by docs/generate.py, do not edit: `make docs` writes it anew. -->

# Errors

A refused request gets a TM Forum Error as `application/json`: `code` (one of those below),
`reason`, `message` and `status`, which is a text. Words in braces stand for the facts of the case.

{requests}

A failure of the server itself is 500 with the code `InternalError`; its cause is in the log.

## What stops a command

One sentence on standard error, after `tmfserver: `, and exit code 1.

{starts}
"""

COMMANDS = """\
<!-- Written by docs/generate.py, do not edit: `make docs` writes it anew. -->

# Commands

What `--help` says of each.

{commands}
"""


CHECKS = """\
<!-- Written by docs/generate.py, do not edit: `make docs` writes it anew. -->

# Checks

What [`tmfserver conformance`](conformance.md) asks, by its levels. Those that are mandatory are
asked by TM Forum's kits or profiles, or are a MUST of TMF630.

{checks}
"""


def pages() -> dict[str, str]:
    """Every generated page's text, by its file name."""
    return {
        "settings.md": SETTINGS.format(settings=_settings()),
        "errors.md": ERRORS.format(requests=_requests(), starts=_starts()),
        "commands.md": COMMANDS.format(commands=_commands()),
        "checks.md": CHECKS.format(checks=_checks()),
    }


def _settings() -> str:
    rows = [
        (
            _code("--" + row["name"].replace("_", "-")),
            _code(row["environment"]),
            _default(row["default"]),
            row["help"],
        )
        for row in settings.describe()
    ]
    return _table(("flag", "environment", "default", "meaning"), rows)


def _default(value: object) -> str:
    if value in ("", []):
        return "none"
    return _code(str(value).lower() if isinstance(value, bool) else str(value))


def _requests() -> str:
    rows = [
        (_code(row["code"]), str(row["status"]), row["message"])
        for row in table()
        if hasattr(errors, row["code"])
    ]
    return _table(("code", "status", "message"), rows)


def _starts() -> str:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    rows = [
        (_code(kind.__name__), str(kind.__doc__))
        for kind in kinds
        if issubclass(kind, errors.StartFailure) and kind is not errors.StartFailure
    ]
    return _table(("kind", "message"), rows)


def _checks() -> str:
    rows = [
        (_code(each.id), each.title, each.level, "yes" if each.mandatory else "", each.source)
        for each in ENTRIES
    ]
    return _table(("check", "what it asks", "level", "mandatory", "source"), rows)


def _commands() -> str:
    return "\n\n".join(_help(name, command) for name, command in _all("tmfserver", commands))


def _all(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """A command and those below it, by name."""
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=name)
        for each in command.list_commands(context):
            below = command.get_command(context, each)
            if below is not None:
                yield from _all(f"{name} {each}", below)


def _help(whole: str, command: click.Command) -> str:
    context = click.Context(command, info_name=whole, terminal_width=100, max_content_width=100)
    return f"## {whole}\n\n```text\n{command.get_help(context)}\n```"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join([_row(head), _row(["---"] * len(head)), *map(_row, rows)])


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _code(text: str) -> str:
    return f"`{text}`"


if __name__ == "__main__":
    for page, text in pages().items():
        (HERE / page).write_text(text, encoding="utf-8")
