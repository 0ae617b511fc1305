"""The command `tmfserver conformance`."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from tmfserver import spec
from tmfserver.conformance import reporting
from tmfserver.conformance.asking import Client, Headers
from tmfserver.conformance.listening import Ear
from tmfserver.conformance.profiles import profiles
from tmfserver.conformance.registry import LEVELS, Level
from tmfserver.conformance.results import ApiTested, Check, Run
from tmfserver.conformance.running import Located, Means, described, plan, run
from tmfserver.conformance.targets import declared, located, own_server, present
from tmfserver.conformance.trial import CannotTest
from tmfserver.errors import StartFailure
from tmfserver.flags import Misused, Sentence, read_settings
from tmfserver.planning import bundled_specs, make_plan
from tmfserver.spec import Api
from tmfserver.spec.joining import is_extension
from tmfserver.spec.loader import read as read_file
from tmfserver.sql.address import without_secrets

_LOOPBACK = ("localhost", "127.0.0.1", "::1", "[::1]")
OWN = "a fresh server of its own"


class Untested(Sentence):
    """Nothing could be tested: exit code 3."""

    exit_code = 3


class Header(click.ParamType[tuple[str, str]]):
    """A header as it stands in a request."""

    name = "'Name: value'"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, str]:
        name, colon, rest = str(value).partition(":")
        if not colon or not name.strip() or not str(value).isprintable():
            self.fail(f"'{value}' is no header as 'Authorization: Bearer …'", param, ctx)
        return name.strip(), rest.strip()


@dataclass(frozen=True)
class Chosen:
    """The flags."""

    url: str
    contracts: tuple[str, ...]
    handlers: str
    database: str
    headers: Headers
    level: Level
    timeout: float
    listener: str
    listen: str
    kits: tuple[str, ...] = ()
    report: str = ""
    certificate: str = ""


@click.command()
@click.option("--url", default="", help="What to test; without it, a fresh server of its own. The"
              " base URL of an API, or of a host with several.")  # fmt: skip
@click.option("--header", "headers", type=Header(), multiple=True,
              help="Sent with each request, e.g. 'Authorization: Bearer …'.")  # fmt: skip
@click.option("--contract", "contracts", multiple=True, type=click.Path(),
              help="A contract to test; default: all that run.")  # fmt: skip
@click.option(
    "--level",
    type=click.Choice(LEVELS),
    default="full",
    show_default=True,
    help="kit: what TM Forum's kits ask; profile: and its profiles; full: and TMF630.",
)
@click.option("--database", default="", help="Of the server of its own; default: a SQLite file"
              " that is thrown away.")  # fmt: skip
@click.option("--handlers", default="", help="A folder of handlers for the server of its own.")
@click.option("--timeout", type=click.FloatRange(0.1, 600), default=10, show_default=True,
              help="Longest time for an answer, in seconds.")  # fmt: skip
@click.option("--listener", default="", help="Where the tested server reaches this machine, for"
              " events: http://HOST:PORT. Not needed for one on this machine.")  # fmt: skip
@click.option("--listen", default="", help="HOST:PORT to listen on for events; default: all"
              " addresses and the listener's port.")  # fmt: skip
@click.option("--kit", "kits", multiple=True, type=click.Path(exists=True),
              help="A conformance kit of TM Forum that you have, as a folder or ZIP file, to run"
              " too; needs Node.js.")  # fmt: skip
@click.option("--report", default="", type=click.Path(file_okay=False),
              help="A folder for report.html, report.xml (JUnit) and report.json.")  # fmt: skip
@click.option("--certificate", default="", type=click.Path(),
              help="A YAML file with company, product, release and contact, to make the"
              " certification documents of, beside the report.")  # fmt: skip
def conformance(**given: Any) -> None:
    """Checks that APIs do what TM Forum's kits, profiles and guideline ask.

    Exit code 0: all checks passed; 1: some failed; 2: a wrong flag or contract; 3: nothing could
    be tested. What is created in a database that stays is deleted again.
    """
    chosen = Chosen(**given)
    _refuse_what_does_not_go_together(chosen)
    try:
        filing = reporting.prepare(chosen.report, chosen.certificate)
        done = examine(chosen)
    except CannotTest as failure:
        raise Untested(str(failure)) from failure
    except StartFailure as failure:
        raise Misused(str(failure)) from failure
    click.echo(summary(done))
    if chosen.report:
        click.echo(reporting.write(done, chosen.report, filing))
    raise click.exceptions.Exit(1 if any(each.outcome == "failed" for each in done.checks) else 0)


def _refuse_what_does_not_go_together(chosen: Chosen) -> None:
    if chosen.url and (chosen.database or chosen.handlers):
        raise Misused("--database and --handlers are for a server of its own, not --url")
    for flag, value in (("--url", chosen.url), ("--listener", chosen.listener)):
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise Misused(f"{flag} is '{value}', expected http(s)://HOST[:PORT][/PATH]")
        if parts.query or parts.fragment:
            raise Misused(f"{flag} is '{value}', expected one without ? and #")


def examine(chosen: Chosen) -> Run:
    """Makes the checks, and shows how far they are. Raises CannotTest and StartFailure."""
    apis = _apis(chosen)
    with ExitStack() as stack:
        url = chosen.url or stack.enter_context(
            own_server(chosen.database, chosen.contracts, chosen.handlers)
        )
        client = Client(chosen.headers, chosen.timeout)
        stack.callback(client.close)
        all_must = bool(chosen.contracts) or not chosen.url
        places = present(located(url, apis), client, all_must=all_must)
        folders = [bundled_specs() / "profiles"]
        found = [
            Located(api, base, profiles(api, [*folders, api.file.parent / "profiles"]),
                   declared(api, as_served=not chosen.url))
            for api, base in places
        ]  # fmt: skip
        # Kits look for what they created in lists of one page, so they come before what fills it.
        asked_by_kits = list(_by_kits(chosen, [described(each) for each in found]))
        ear, unheard = _ear(chosen)
        if ear:
            stack.callback(ear.close)
        means = Means(client, ear, unheard, tidies=bool(chosen.url or chosen.database))
        tell = stack.enter_context(_told(len(plan(found, chosen.level))))
        target, database = chosen.url or OWN, _database(chosen)
        done = run(found, chosen.level, means, target, database, tell)
        return replace(done, checks=(*asked_by_kits, *done.checks))


def _apis(chosen: Chosen) -> Sequence[Api]:
    if chosen.url:
        files = spec.files([Path(each) for each in chosen.contracts] or [bundled_specs()])
        own = [] if chosen.contracts else [each for each in files if is_extension(read_file(each))]
        return spec.read(*(each for each in files if each not in own))
    given = {"specs": chosen.contracts, "handlers": chosen.handlers or None}
    return make_plan(read_settings(given)).apis


def _by_kits(chosen: Chosen, apis: Sequence[ApiTested]) -> Iterator[Check]:
    """What the kits found that the user brought."""
    if chosen.kits:
        from tmfserver.conformance import kits
    for place in chosen.kits:
        click.echo(f"Running the kit {place}", err=True)
        found = kits.run(Path(place), apis, chosen.headers)
        click.echo(f"{found[0].api}, {found[0].source}: {_counted(found)}", err=True)
        yield from found


def _database(chosen: Chosen) -> str:
    if chosen.url:
        return "unknown"
    return without_secrets(chosen.database) if chosen.database else "SQLite, thrown away"


def _ear(chosen: Chosen) -> tuple[Ear | None, str]:
    """A listener that the tested server can reach; else why there is none."""
    parts = urlsplit(chosen.listener)
    try:
        if chosen.listen or chosen.listener:
            host, _, port = chosen.listen.rpartition(":")
            return Ear(host or "0.0.0.0", int(port or parts.port or 80), chosen.listener), ""  # noqa: S104
        if not chosen.url or urlsplit(chosen.url).hostname in _LOOPBACK:
            return Ear(), ""
    except (OSError, ValueError) as failure:
        raise Misused(f"nothing can listen for events: {failure}") from failure
    return None, "the server may not reach this machine; say with --listener where it does"


@contextmanager
def _told(count: int) -> Iterator[Callable[[Check], None]]:
    """On a terminal a bar, else a line for each resource."""
    if sys.stderr.isatty():
        bar: Any = click.progressbar(
            length=count, label="Checking", file=sys.stderr, item_show_func=_where
        )
        with bar:
            yield lambda check: bar.update(1, check)
        return
    seen: list[Check] = []

    def line() -> None:
        click.echo(f"{seen[0].api}, {seen[0].resource}: {_counted(seen)}", err=True)

    def tell(check: Check) -> None:
        if seen and (seen[0].api, seen[0].resource) != (check.api, check.resource):
            line()
            seen.clear()
        seen.append(check)

    yield tell
    if seen:
        line()


def _where(check: Any) -> str:
    return f"{check.resource}: {check.id}" if check else ""


def _counted(checks: Sequence[Check]) -> str:
    counts = Counter(check.outcome for check in checks)
    return ", ".join(f"{counts[each]} {each}" for each in ("passed", "failed", "skipped"))


def summary(done: Run) -> str:
    """What was tested, what failed and why, and how many of each."""
    lines = [f"{each.title} {each.version} at {each.base_url}" for each in done.apis]
    for check in done.checks:
        if check.outcome == "failed":
            lines.append(f"FAILED {check.resource} {check.id}: {check.title}")
            lines.append(f"       {check.reason}")
    lines.append(f"Level {done.level}: {_counted(done.checks)}, in {done.seconds:.1f} s.")
    return "\n".join(lines)
