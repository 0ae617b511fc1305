"""The commands to begin with: `new handler` writes a module, `specs add` takes a contract in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from tmfserver import listing, spec
from tmfserver.errors import BrokenContract, FileInTheWay
from tmfserver.flags import Sentence, read_settings, with_settings
from tmfserver.handler_text import handler_text
from tmfserver.planning import Plan, make_plan
from tmfserver.spec import Api, snake_case
from tmfserver.spec.loader import SUFFIXES


@click.group()
def new() -> None:
    """Writes something to begin with."""


@new.command()
@click.argument("resource")
@with_settings("specs", "handlers")
def handler(resource: str, **given: Any) -> None:
    """Writes a handler module for RESOURCE into the folder --handlers.

    It holds what the contract says: attributes, states, what clients are likely to filter by, and
    references to what is served here. A file that is there is never changed.
    """
    settings = read_settings(given)
    if not settings.handlers:
        raise Sentence("name the folder for the module with --handlers")
    folder = Path(settings.handlers)
    file = folder / f"{snake_case(resource)}.py"
    if file.exists():
        raise FileInTheWay(file=file, hint="")
    # Modules that are there already, broken or not, have no say in what the contract says.
    plan = make_plan(replace(settings, handlers=""))
    text = handler_text(_api(plan, resource), resource, plan.collections)
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    where = "".join([f"--specs {each} " for each in settings.specs])
    click.echo(f"Wrote {file}; change it, then: tmfserver serve {where}--handlers {folder}")


def _api(plan: Plan, resource: str) -> Api:
    for api in plan.apis:
        if resource in api.resources:
            return api
    known = ", ".join(sorted({name for api in plan.apis for name in api.resources}))
    raise Sentence(f"no contract that is served has a resource '{resource}'; there are {known}")


@click.group()
def specs() -> None:
    """Looks after folders of contracts."""


@specs.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--replace", "instead", is_flag=True, help="Also in place of a different file of this name."
)
@with_settings("specs", "handlers")
def add(file: Path, *, instead: bool, **given: Any) -> None:
    """Copies the contract FILE into a folder, if it can run, and shows what of it will.

    The folder is the first of --specs, and is made if there is none.
    """
    settings = read_settings(given)
    if not settings.specs:
        raise Sentence("name the folder for the contract with --specs, such as --specs contracts")
    folder = Path(settings.specs[0])
    if folder.exists() and not folder.is_dir():
        raise Sentence(f"{folder} is a file; name the folder for the contract with --specs")
    if not file.is_file():
        raise BrokenContract(file=file, problem="there is no such file")
    spec.read(file)
    target = folder / _name(file)
    content = file.read_bytes()
    if target.exists() and target.read_bytes() != content and not instead:
        raise FileInTheWay(file=target, hint="; say --replace to put the other in its place")
    _refuse_doubles(folder, file, target)
    told, broken = listing.check(read_settings({**given, "specs": (str(file),)}), as_json=False)
    if broken:
        raise broken[0]
    folder.mkdir(parents=True, exist_ok=True)
    if not (target.exists() and target.samefile(file)):
        target.write_bytes(content)
    click.echo(told)
    click.echo(f"\nIt is in {folder} now; to serve it: tmfserver serve --specs {folder}")


def _name(file: Path) -> str:
    """Only files with the right suffix are looked for in folders."""
    if file.suffix.lower() in SUFFIXES:
        return file.name
    is_json = file.read_bytes().lstrip().lstrip(b"\xef\xbb\xbf").startswith(b"{")
    return file.name + (".json" if is_json else ".yaml")


def _refuse_doubles(folder: Path, file: Path, target: Path) -> None:
    """Raises BrokenContract where the folder would have one operation twice."""
    if folder.is_dir():
        here = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
        spec.read(*(path for path in here if path != target), file)
