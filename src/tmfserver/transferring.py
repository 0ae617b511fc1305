"""The commands that move many documents: import, export, and work."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any, Protocol

import click
import orjson

from tmfserver import sql, transfers
from tmfserver.ends import bar_of_file, bar_of_rows, sink, source, told_in
from tmfserver.engine.loading import Loaded, Loader
from tmfserver.engine.targets import Target
from tmfserver.errors import RequestFailure
from tmfserver.flags import Sentence, read_settings, with_settings
from tmfserver.jobs import Bulk, Rehearsal
from tmfserver.planning import Plan, make_plan
from tmfserver.records import Format, format_of_name, open_writer, records_of
from tmfserver.records.charsets import EXPECTED, codec_of
from tmfserver.records.formats import FORMATS

REFUSED = 3  # exit code: some records were refused


@click.command(name="import")
@click.argument("resource")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--format", "format_", type=click.Choice(FORMATS), help="Default: told by the file.")
@click.option("--charset", default="utf-8", show_default=True, help="Of files of texts.")
@click.option("--dry-run", is_flag=True, help="Checks everything and writes nothing.")
@click.option("--errors", type=click.Path(dir_okay=False), help="Where to tell of each record.")
@with_settings(
    "database", "specs", "base_paths", "shared_tables", "handlers", "references", "record_limit",
    "public_url",
)  # fmt: skip
def import_(
    resource: str,
    files: tuple[str, ...],
    format_: Format | None,
    charset: str,
    dry_run: bool,
    errors: str | None,
    **given: Any,
) -> None:
    """Imports files of documents into RESOURCE, such as thing or thingManagement/v4/thing, or
    thing/1/part for what stands in one thing.

    A FILE is NDJSON, a JSON array, CSV or Parquet, plain, gzip or zstd; - is standard input. Each
    record is checked as a POST is; one that is there already is a duplicate, and left as it is.

    Exit code 0: all is in, or was there already. 1: it could not be done, or not to the end. 2:
    wrong arguments. 3: some records were refused; --errors FILE tells which and why.
    """
    codec = codec_of(charset)
    if codec is None:
        raise click.BadParameter(f"got '{charset}', expected {EXPECTED}", param_hint="--charset")
    plan, target, base = begin(resource, given)
    columns = transfers.columns_of(target)
    tally = Tally()
    transfers.tune_process()
    with failing("", None), ExitStack() as stack:
        tell = stack.enter_context(told_in(errors))
        bulk = stack.enter_context(closing(transfers.open_bulk(plan)))
        loader = stack.enter_context(transfers.opened_loader(plan, target, absolute(plan, base)))
        rehearsal = None
        if dry_run:
            rehearsal = stack.enter_context(closing(bulk.rehearsal(target.collection)))
        for name in files:
            with failing(f"{name}: ", tally), source(name, format_) as file:
                limit = plan.settings.record_limit
                kind = format_ or format_of_name(name)
                records = records_of(file, kind, limit, columns, codec)
                for loaded in _load(loader, bulk, records, rehearsal, bar_of_file(name, file)):
                    tally.add(loaded)
                    tell([line(name, each) for each in loaded.problems])
    click.echo(tally.told(dry_run=dry_run), err=True)
    if tally.invalid:
        sys.exit(REFUSED)


class Counted(Protocol):
    """What was done so far, for who is told that it went no further."""

    def told(self) -> str: ...


class Tally:
    """What became of all records so far."""

    def __init__(self) -> None:
        self.read = self.created = self.duplicate = self.invalid = 0

    def add(self, loaded: Loaded) -> None:
        self.read += loaded.read
        self.created += loaded.created
        self.duplicate += loaded.duplicate
        self.invalid += loaded.invalid

    def told(self, *, dry_run: bool = False) -> str:
        done = "would be created" if dry_run else "created"
        return (
            f"{self.read} read: {self.created} {done}, {self.duplicate} there already,"
            f" {self.invalid} refused"
        )


def line(name: str, problem: Any) -> bytes:
    """What an error log says of a record."""
    told = {"position": problem.position, "line": problem.line, "reason": problem.reason}
    return orjson.dumps({"file": name, **told}) + b"\n"


def _load(
    loader: Loader, bulk: Bulk, records: Any, rehearsal: Rehearsal | None, bar: Any
) -> Iterator[Loaded]:
    with bar as shown:
        batches = loader.batches(records)
        done: Iterator[Loaded]
        if rehearsal is not None:
            done = (loader.check(rehearsal, batch) for batch in batches)
        else:
            done = loader.load_all(bulk, batches, lambda _: None)
        for loaded in done:
            yield loaded
            shown()


@click.command()
@click.argument("resource")
@click.option("--query", default="", help="Which: filters, sort, fields, as a list's URL has them.")
@click.option("--format", "format_", type=click.Choice(FORMATS), help="Default: by the output.")
@click.option("--output", default="-", metavar="FILE", help="Where to; default: standard output.")
@with_settings("database", "specs", "base_paths", "shared_tables", "handlers", "public_url")
def export(resource: str, query: str, format_: Format | None, output: str, **given: Any) -> None:
    """Exports the documents of RESOURCE, such as thing or thingManagement/v4/thing, or thing/1/part
    for what stands in one thing.

    For example: tmfserver export thing --query 'status=active&fields=id,status' --output
    things.csv.gz. All are of one moment, whoever changes them meanwhile. The file is there when it
    is whole. Exit code 1: it could not be done.
    """
    plan, target, base = begin(resource, given)
    with failing("", None), ExitStack() as stack:
        asked = transfers.read_query(target, query)
        bulk = stack.enter_context(closing(transfers.open_bulk(plan)))
        found = transfers.find(bulk, target, base, asked)
        stack.callback(found.close)
        file = stack.enter_context(sink(output))
        kind = format_ or format_of_name(output) or "ndjson"
        writer = open_writer(file, kind, transfers.columns_of(target), output)
        count = 0
        shown = stack.enter_context(bar_of_rows(output, found.total))
        for rows in found.batches:
            writer.write(transfers.texts(base, asked, rows))
            count += len(rows)
            shown(len(rows))
        writer.close()
    click.echo(f"{count} exported", err=True)


def begin(resource: str, given: dict[str, Any]) -> tuple[Plan, Target, str]:
    """What is served by these settings, the resource that RESOURCE names, and its URL."""
    plan = make_plan(read_settings(given))
    try:
        target = transfers.targets_of(plan).find(resource)
        return plan, target, target.base(plan.settings.public_url.rstrip("/"))
    except RequestFailure as failure:
        raise click.BadParameter(str(failure), param_hint="RESOURCE") from failure


def absolute(plan: Plan, base: str) -> str:
    """Where no public URL is set, as who serves by these settings is reached from here: contracts
    want addresses to be whole."""
    settings = plan.settings
    return base if "://" in base else f"http://{settings.host}:{settings.port}{base}"


@contextmanager
def failing(where: str, tally: Counted | None) -> Iterator[None]:
    """Says in a sentence what went wrong, and how far it went."""
    try:
        yield
    except RequestFailure as failure:
        before = f" ({tally.told()} before)" if tally else ""
        raise Sentence(f"{where}{failure}{before}") from failure
    except OSError as error:
        raise Sentence(f"{where}{error.strerror or error}") from error


@click.command()
@with_settings(
    "database", "specs", "base_paths", "shared_tables", "handlers", "references", "jobs_folder",
    "files_folder", "upload_limit", "record_limit", "error_log_limit", "callback_networks",
    "delivery_connect_timeout", "delivery_timeout", "transfer_speed", "log_level",
)  # fmt: skip
def work(**given: Any) -> None:
    """Carries out import and export jobs until it is told to stop; any number may run.

    Servers do so themselves, unless they are started with --no-work. Both must be given the same
    --jobs-folder. A job that is left when it stops is gone on with by the next that runs.
    """
    from tmfserver.jobbing import Worker

    settings = read_settings(given)
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)
    plan = make_plan(settings)
    sql.prepare(settings.database, plan.tables)
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    logging.getLogger("tmfserver").info("tmfserver carries out jobs")
    Worker(plan, told.is_set).run()
