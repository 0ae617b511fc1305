"""What the commands share: settings as flags, and failures as one sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar

import click

from tmfserver import settings as settings_
from tmfserver.settings import Settings, variable

F = TypeVar("F", bound=Callable[..., Any])


class Sentence(click.ClickException):
    """A failure as one clear sentence on standard error, exit code 1."""

    def show(self, file: Any = None) -> None:
        click.echo(f"tmfserver: {self.message}", err=True)


class Misused(Sentence):
    """The same for flags that do not go together or say nothing, exit code 2."""

    exit_code = 2


def with_settings(*names: str) -> Callable[[F], F]:
    """Gives a command these settings as flags, each with its environment variable in --help."""
    by_name = {entry.name: entry for entry in fields(Settings)}

    def decorate(function: F) -> F:
        for name in reversed(names):
            entry = by_name[name]
            text = f"{entry.metadata['help']}  [env: {variable(name)}; default: {_default(entry)}]"
            flag = f"--{name.replace('_', '-')}"
            if entry.default is False:
                option = click.option(flag, name, is_flag=True, default=None, help=text)
            elif entry.default is True:
                option = click.option(f"{flag}/--no-{flag[2:]}", name, default=None, help=text)
            else:
                many = name == "specs"
                option = click.option(flag, name, default=None, multiple=many, help=text)
            function = option(function)
        return function

    return decorate


def _default(entry: Any) -> str:
    if entry.name == "specs":
        return "the bundled ones"
    if isinstance(entry.default, bool):
        return "on" if entry.default else "off"
    return str(entry.default) or "none"


def read_settings(given: dict[str, Any]) -> Settings:
    values = {name: value for name, value in given.items() if value not in (None, ())}
    return settings_.read(values)


def with_more_specs(function: F) -> F:
    """Lets one --specs be followed by several folders or files: --specs A B C."""
    return click.argument("more", nargs=-1, type=click.Path(), metavar="")(function)
