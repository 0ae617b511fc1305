"""tmfserver, the command: serves, checks, looks after databases and deliveries, moves files."""

from __future__ import annotations

import gc
import sys
from dataclasses import fields
from importlib import import_module
from keyword import iskeyword
from typing import Any

import click
from click.core import ParameterSource

from tmfserver import settings as settings_
from tmfserver.errors import RequestFailure, StartFailure
from tmfserver.flags import Sentence, read_settings, with_more_specs, with_settings
from tmfserver.settings import Settings, variable

# The modules of commands that not every run of the program needs.
LATER = {
    **dict.fromkeys(("deliver", "deliveries", "inbox", "listeners"), "delivering"),
    **dict.fromkeys(("import", "export", "work"), "transferring"),
    **dict.fromkeys(("new", "specs"), "beginning"),
    "transition": "transitioning",
    "conformance": "conformance.command",
}


class Commands(click.Group):
    """Those of modules of their own are loaded when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *LATER})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in LATER and cmd_name not in self.commands:
            module = import_module(f"tmfserver.{LATER[cmd_name]}")
            name = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
            self.add_command(getattr(module, name))
        return super().get_command(ctx, cmd_name)


@click.group(cls=Commands, context_settings={"max_content_width": 100})
@click.version_option(package_name="tmfserver")
def commands() -> None:
    """Serves TM Forum Open APIs from their contracts."""


@commands.command()
@with_settings(*(entry.name for entry in fields(Settings)))
@click.option(
    "--reload", "reloads", is_flag=True, help="Start anew when contracts or handlers change."
)
@with_more_specs
def serve(more: tuple[str, ...], *, reloads: bool, **given: Any) -> None:
    """Serves the contracts until it is told to stop."""
    given["specs"] = (*given["specs"], *more)
    if reloads:
        from tmfserver import reloading

        reloading.serve(read_settings(given))
        return
    gc.disable()  # nothing is garbage while the server starts; it is collected when it runs
    try:
        from tmfserver import running

        running.serve(read_settings(given))
    finally:
        gc.enable()


@commands.command()
@with_settings("specs", "base_paths", "handlers")
@with_more_specs
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
def operations(as_json: bool, more: tuple[str, ...], **given: Any) -> None:
    """Lists every operation, and what carries it out."""
    from tmfserver import listing

    given["specs"] = (*given["specs"], *more)
    click.echo(listing.operations(read_settings(given), as_json=as_json))


@commands.command()
@click.argument("files", nargs=-1, type=click.Path())
@click.option("--against", metavar="OLDER", type=click.Path(), help="The contract before these.")
@click.option(
    "--database",
    metavar="URL",
    envvar=variable("database"),
    help="With --against: looks at all documents stored under OLDER."
    f"  [env: {variable('database')}; default: none is looked at]",
)
@with_settings("specs", "base_paths", "shared_tables", "handlers")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
def check(
    files: tuple[str, ...], against: str | None, database: str | None, as_json: bool, **given: Any
) -> None:
    """Checks contracts: what is adapted and why, what runs and what does not.

    With --against: what they gain, lose and break. The exit code is 0 when clients and stored
    documents can go on, 3 when only stored documents can, and 4 when these cannot. With --database
    it is 4 only when documents are stored there that would not hold.
    """
    if files:
        given["specs"] = files
    if against is None:
        source = click.get_current_context().get_parameter_source("database")
        if source is ParameterSource.COMMANDLINE:
            raise Sentence("--database says what to look at for --against: name both")
        from tmfserver import listing

        told, broken = listing.check(read_settings(given), as_json=as_json)
        if told:
            click.echo(told)
        for failure in broken:
            click.echo(f"tmfserver: {failure}", err=True)
        if broken:
            sys.exit(1)
        return
    from tmfserver import upgrading

    text, code = upgrading.check(read_settings(given), against, database, as_json=as_json)
    click.echo(text)
    sys.exit(code)


@commands.command()
@with_settings("database", "specs", "base_paths", "shared_tables", "handlers", "references")
@click.option(
    "--drop-unused", is_flag=True, help="Drops indexes that no handler asks for any more."
)
def migrate(*, drop_unused: bool, **given: Any) -> None:
    """Brings a database up to date, while servers go on.

    A server that starts does the same, but for indexes on tables of more than 10,000 rows: these
    are made here alone, and used by servers that are started afterwards. It may be broken off and
    run again.
    """
    from tmfserver import sql
    from tmfserver.planning import make_plan

    plan = make_plan(read_settings(given))
    collections = plan.tables
    if not sql.migrate(plan.settings.database, collections, click.echo, drops=drop_unused):
        click.echo("The database is up to date.")


@commands.command()
@click.argument("query", metavar="'RESOURCE?QUERY'")
@with_settings("database", "specs", "base_paths", "shared_tables", "handlers")
def explain(query: str, **given: Any) -> None:
    """Shows how a list is answered: by which indexes, statements and plans.

    For example: tmfserver explain 'someResource?status=active&sort=-someDate'. Nothing is run but
    the database's own EXPLAIN, and on SQLite the counts by which an index is chosen.
    """
    from tmfserver import explaining

    try:
        click.echo(explaining.explain(read_settings(given), query))
    except RequestFailure as failure:
        raise Sentence(str(failure)) from failure


@commands.command(name="settings")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
def show_settings(as_json: bool) -> None:
    """Lists every setting: its environment variable, default, value now and meaning."""
    from tmfserver import listing

    click.echo(listing.settings(settings_.read({}), as_json=as_json))


def main() -> None:
    """The command's entry: a failure to start is one sentence, never a traceback."""
    try:
        ended = commands(standalone_mode=False)  # gives the code of an Exit back
    except StartFailure as failure:
        click.echo(f"tmfserver: {failure}", err=True)
        sys.exit(1)
    except click.ClickException as failure:
        failure.show()
        sys.exit(failure.exit_code)
    except click.exceptions.Abort:
        sys.exit(130)
    if isinstance(ended, int):
        sys.exit(ended)
