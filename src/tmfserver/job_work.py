"""One job, from its claim to its end: a file becomes rows, or rows become a file."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import IO, Any

import orjson

from tmfserver import transfers
from tmfserver.delivery.transfer import Places
from tmfserver.engine.loading import Loaded, Loader
from tmfserver.engine.representation import instant, now
from tmfserver.engine.targets import Target
from tmfserver.errors import (
    Broken,
    BrokenFile,
    Failure,
    Invalid,
    Unavailable,
    Unwritable,
)
from tmfserver.job_telling import Telling, line, sentence, shown
from tmfserver.jobs import Bulk, Claim, Progress, Stopped
from tmfserver.planning import Plan
from tmfserver.records import MEDIA_TYPES, Record, Refused, open_writer, records_of
from tmfserver.records.charsets import EXPECTED, UTF_8, charset_of, codec_of
from tmfserver.spool import Spool

log = logging.getLogger("tmfserver")

TOLD_SECONDS = 3.0  # between two looks at how far an export is
SKIPPED_AT_ONCE = 1_000  # records that are done with
LONGEST_REASON = 1_000  # characters
ENDED = frozenset({"Succeeded", "Failed"})


class Work:
    """One job."""

    def __init__(
        self,
        plan: Plan,
        bulk: Bulk,
        claim: Claim,
        spool: Spool,
        places: Places,
        stopping: Callable[[], bool],
    ) -> None:
        self._plan, self._bulk, self._claim = plan, bulk, claim
        self._places, self._stopping = places, stopping
        self._task: Mapping[str, Any] = claim.task
        self._file = spool.file(claim.jobs.name, claim.id)
        self._part = spool.part(claim.jobs.name, claim.id)
        self._document: dict[str, Any] = orjson.loads(claim.document)
        self._counts: dict[str, Any] = dict(claim.counts)
        self._telling = Telling(plan, claim.jobs)
        self._position = claim.position
        self._told = time.monotonic()

    def run(self) -> None:
        """Raises Stopped, and errors.Unavailable when the database is away."""
        if self._document.get("status") not in ENDED:  # or whoever ended it was killed there
            self._carry_out()
        self._clear()

    def _carry_out(self) -> None:
        try:
            self._advance(status="Running")
            if self._claim.kind == "import":
                self._import()
            else:
                self._export()
        except Unwritable as failure:
            self._fail(str(failure))
        except (Stopped, Unavailable):
            raise
        except (Failure, OSError) as failure:
            self._fail(sentence(failure))
        except Exception as failure:  # it would fail again and again, and hold up the others
            log.exception("%s %s failed", self._claim.kind, self._claim.id)
            self._fail(str(Broken(problem=type(failure).__name__)))

    # --- imports

    def _import(self) -> None:
        target, settings = self._target(), self._plan.settings
        columns = transfers.columns_of(target)
        with ExitStack() as stack:
            loader = stack.enter_context(
                transfers.opened_loader(self._plan, target, target.base(self._task["base_url"]))
            )
            file = stack.enter_context(self._source())
            self._refuse_another(file)
            codec = self._task.get("codec") or self._counts.get("codec") or UTF_8
            format_, limit = self._task["format"], settings.record_limit
            records = records_of(file, format_, limit, columns, codec)
            counted = partial(self._counted, file)
            if self._task["dry_run"]:
                self._rehearse(loader, records, counted)
            else:
                batches = loader.batches(self._not_done(records))
                for _ in loader.load_all(self._bulk, batches, counted):
                    self._keep()
                    self._beat()
        self._done()

    def _rehearse(
        self,
        loader: Loader,
        records: Iterator[Record | Refused],
        counted: Callable[[Loaded], Progress],
    ) -> None:
        """What was counted before is read again, for those that repeat it."""
        with closing(self._bulk.rehearsal(loader.collection)) as rehearsal:
            for batch in loader.batches(records):
                loaded = loader.check(rehearsal, batch)
                if loaded.position > self._claim.position:
                    self._bulk.advance(counted(loaded))
                    self._keep()
                self._beat()

    def _not_done(self, records: Iterator[Record | Refused]) -> Iterator[Record | Refused]:
        """The records behind those of before."""
        for record in records:
            if record.position > self._claim.position:
                yield record
            elif record.position % SKIPPED_AT_ONCE == 0:
                self._beat()

    def _source(self) -> IO[bytes]:
        """The file to read; what is on another server is fetched first."""
        url = self._task["url"]
        if url is not None and url.startswith("file:"):
            return self._places.open(url)
        if url is not None and not self._file.exists():
            self._fetch(url)
        try:
            return self._file.open("rb")
        except FileNotFoundError:
            problem = "it is not here; all who take and carry out jobs need one jobs_folder"
            raise BrokenFile(problem=problem) from None

    def _fetch(self, url: str) -> None:
        with self._part.open("wb") as file:
            limit = self._plan.settings.upload_limit
            told = charset_of(self._places.fetch(url, file, limit, self._beat))
        self._counts["codec"] = codec_of(told) if told else UTF_8
        if not (self._counts["codec"] or self._task.get("codec")):
            raise BrokenFile(problem=f"it came in charset '{told[:80]}', expected {EXPECTED}")
        self._advance()  # who goes on with the file does not ask the other server again
        self._part.replace(self._file)

    def _refuse_another(self, file: IO[bytes]) -> None:
        """A file that is not the one of before must not be gone on with."""
        facts = os.fstat(file.fileno())
        mark = [facts.st_size, facts.st_mtime_ns]
        if self._counts.setdefault("file", mark) != mark:
            raise BrokenFile(problem="it was changed while it was imported")

    def _percent(self, file: IO[bytes]) -> int:
        size = self._counts["file"][0]
        return min(99, file.tell() * 100 // size) if size else 99

    def _counted(self, file: IO[bytes], loaded: Loaded) -> Progress:
        """What is written with a batch. Asked again, when the batch is tried again."""
        counts, document = dict(self._counts), dict(self._document)
        for name in ("read", "created", "duplicate", "invalid"):
            counts[name] = counts.get(name, 0) + getattr(loaded, name)
        errors = self._errors(counts, loaded)
        if counts.get("logged"):
            document["errorLog"] = f"{self._task['job']}/errorLog"
        document |= {"progress": self._percent(file), "counts": shown(counts)}
        self._next = loaded.position, counts, document
        return Progress(
            self._claim, loaded.position, counts, orjson.dumps(document).decode(), errors
        )

    def _keep(self) -> None:
        """What was counted is on the disk."""
        self._position, self._counts, self._document = self._next

    def _errors(self, counts: dict[str, Any], loaded: Loaded) -> list[str]:
        limit, logged = self._plan.settings.error_log_limit, counts.get("logged", 0)
        lines = [line(problem) for problem in loaded.problems[: max(0, limit - logged)]]
        if loaded.problems and len(lines) < len(loaded.problems) and not counts.get("capped"):
            counts["capped"] = True
            reason = f"There are more; this log tells of the first {limit}."
            lines.append(orjson.dumps({"reason": reason}).decode())
        counts["logged"] = logged + len(lines)
        return lines

    # --- exports

    def _export(self) -> None:
        target, url = self._target(), self._task["url"]
        base = target.base(self._task["base_url"])
        query = transfers.read_query(target, self._task["query"])
        place = self._places.file(url) if url and url.startswith("file:") else None
        # Beside its place, so that it comes there in one step, whole.
        part = self._part if place is None else place.with_name(f".{place.name}.part")
        name = (url or "").partition("?")[0]
        try:
            with ExitStack() as stack:
                found = transfers.find(self._bulk, target, base, query)
                stack.callback(found.close)
                file = stack.enter_context(part.open("wb"))
                columns = transfers.columns_of(target)
                writer = open_writer(file, self._task["format"], columns, name)
                written = 0
                for rows in found.batches:
                    writer.write(transfers.texts(base, query, rows))
                    written += len(rows)
                    if self._beat():
                        percent = min(99, written * 100 // max(1, found.total or 1))
                        self._advance(progress=percent if found.total else 0)
                writer.close()
                file.flush()
                os.fsync(file.fileno())
            self._counts = {"written": written}
            self._deliver(part, place, url)
        finally:
            part.unlink(missing_ok=True)
        self._done()

    def _deliver(self, part: Path, place: Path | None, url: str | None) -> None:
        media_type = MEDIA_TYPES[self._task["format"]][0]
        self._document["contentType"] = media_type
        if place is not None:
            part.replace(place)
        elif url is not None:
            self._places.send(url, part, media_type, self._beat)
        else:
            part.replace(self._file)
            self._document["url"] = f"{self._task['job']}/content"

    # --- both

    def _target(self) -> Target:
        target = transfers.targets_of(self._plan).named(self._task)
        if target is None:
            raise Invalid(attribute="path", problem=f"{self._task['target']} is not served")
        return target

    def _beat(self) -> bool:
        """Whether it is time to tell how far it is. Raises Stopped."""
        if self._stopping():
            raise Stopped
        if time.monotonic() - self._told < TOLD_SECONDS:
            return False
        self._told = time.monotonic()
        return True

    def _advance(self, *, done: bool = False, **facts: Any) -> None:
        old = dict(self._document)
        self._document |= facts
        text = orjson.dumps(self._document).decode() if facts else None
        progress = Progress(self._claim, self._position, self._counts, text, done=done)
        if "status" in facts:
            href = {"href": self._task["job"]}
            self._telling.change(self._bulk, progress, href | old, href | self._document)
        else:
            self._bulk.advance(progress)

    def _done(self) -> None:
        counts = shown(self._counts)
        self._advance(status="Succeeded", progress=100, counts=counts, completionDate=_now())
        log.info("%s %s: %s", self._claim.kind, self._claim.id, counts)

    def _fail(self, reason: str) -> None:
        counts = shown(self._counts)
        reason = reason[:LONGEST_REASON]
        if not self._telling.has_reasons:  # TM Forum's jobs have no other place for it
            self._document.setdefault("errorLog", reason)
        self._advance(status="Failed", reason=reason, counts=counts, completionDate=_now())
        log.warning("%s %s failed: %s", self._claim.kind, self._claim.id, reason)

    def _clear(self) -> None:
        """The end is written down: who cannot write it goes on with the file when there is room."""
        try:
            self._part.unlink(missing_ok=True)
            if self._claim.kind == "import":
                self._file.unlink(missing_ok=True)
        except OSError as failure:
            log.warning("%s %s: its file stays, %s", self._claim.kind, self._claim.id, failure)
        self._advance(done=True)


def _now() -> str:
    return instant(now())
