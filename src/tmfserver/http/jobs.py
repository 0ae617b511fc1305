"""Imports and exports over HTTP (TMF630 Part 4): a job is entered here and done elsewhere."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import parse_qs

import orjson

from tmfserver.changes import Change, Enter
from tmfserver.engine.outcomes import Also, Outcome
from tmfserver.engine.representation import instant, new_id, now
from tmfserver.engine.targets import Target, Targets
from tmfserver.errors import BadQuery, Invalid, NotFound, NotReady, UnsupportedMediaType
from tmfserver.http.correlation import correlation
from tmfserver.http.media import read_charset
from tmfserver.http.operations import ResourceOperations
from tmfserver.http.uploads import Upload, keep
from tmfserver.jobs import Bulk, Kind
from tmfserver.query.parse import parse
from tmfserver.query.spelling import shown
from tmfserver.records import MEDIA_TYPES, Format, format_of_media_type, format_of_name
from tmfserver.records.charsets import EXPECTED, UTF_8, charset_of, codec_of
from tmfserver.repository import Store
from tmfserver.rules import Call, Reply
from tmfserver.spec.jobs import EXPORT
from tmfserver.spool import Spool

AT_ONCE = 256 * 1024  # bytes of a file that are sent at a time
LOG_TYPE = b"application/x-ndjson"
Document = dict[str, Any]


@dataclass(frozen=True)
class Desk:
    """What all jobs have in common.

    refuse: raises errors.Invalid for a URL that no job may go to. upload_limit: in bytes. open:
    the database, for what is asked seldom. entered: is called when there is a new job.
    """

    store: Store
    targets: Targets
    spool: Spool
    refuse: Callable[[str], None]
    upload_limit: int
    open: Callable[[], Bulk]
    entered: Callable[[], None]


class JobOperations(ResourceOperations):
    """The operations of importJob or exportJob: a resource whose creation has work done."""

    def __init__(self, desk: Desk, home: str, *given: Any) -> None:
        super().__init__(*given)
        self._desk, self._home = desk, home
        self._kind: Kind = "export" if self.engine.resource.name == EXPORT else "import"

    async def create(self, call: Call) -> Reply:
        fields = self._fields(call) if not isinstance(call.body, Upload) else None
        document: Document = {} if isinstance(call.body, Upload) else dict(call.body)
        id = document["id"] = new_id(document)
        if isinstance(call.body, Upload):
            task, sent = await self._received(call, call.body, id, document)
        else:
            task, sent = await self._task(document), call.body
        base = f"{call.base_url}{self._path}/"
        task |= {"base_url": call.base_url, "job": f"{base}{id}"}
        for name in ("completionDate", "errorLog"):
            document.pop(name, None)
        document |= {"status": "Not Started", "creationDate": instant(now())}
        enter = Enter(self.engine.collection, id, self._kind, orjson.dumps(task).decode())
        entered: list[Outcome] = []

        async def create(also: Also) -> Sequence[Outcome]:
            def with_job(made: Sequence[Outcome]) -> Sequence[Change]:
                return [enter, *also(made)]

            made = await self.engine.create(document, base, correlation(call), with_job)
            entered.append(made)
            return entered

        def render(outcomes: Sequence[Outcome]) -> Reply:
            reply = self._changed(call, outcomes[0], 201, fields)
            reply.headers = [*reply.headers, (b"location", task["job"].encode("latin-1"))]
            return reply

        try:
            reply = await self._answers.give(call, create, render, sent)
        finally:
            if not entered and isinstance(call.body, Upload):
                self._desk.spool.forget(self.engine.collection.name, id)
        if entered:
            self._desk.entered()
        return reply

    async def delete(self, call: Call) -> Reply:
        """Whoever works on the job finds it gone, and stops."""
        (id,) = call.path.values()
        reply = await super().delete(call)
        await asyncio.to_thread(self._forget, id)
        return reply

    async def errors(self, call: Call) -> Reply:
        """What an import refused, record by record."""
        (id,) = call.path.values()
        await self.engine.retrieve(id)
        lines = await asyncio.to_thread(self._errors, id)
        body = "".join(f"{line}\n" for line in lines).encode()
        return Reply(200, body, [(b"content-type", LOG_TYPE)])

    async def content(self, call: Call) -> Reply:
        """What an export wrote, if it was not sent elsewhere."""
        (id,) = call.path.values()
        row = await self.engine.retrieve(id)
        job = orjson.loads(row[1])
        if job.get("status") != "Succeeded":
            raise NotReady(id=id, status=job.get("status"))
        path = self._desk.spool.file(self.engine.collection.name, id)
        try:
            file = await asyncio.to_thread(path.open, "rb")
        except FileNotFoundError:
            raise NotFound(resource="content of exportJob", id=id) from None
        format_ = format_of_media_type(job.get("contentType", "")) or "ndjson"
        headers = [
            (b"content-type", MEDIA_TYPES[format_][0].encode()),
            (b"content-length", b"%d" % path.stat().st_size),
            (b"content-disposition", b'attachment; filename="%s.%s"' % _name(id, format_)),
        ]
        return Reply(200, None, headers, _sent(file))

    async def _received(
        self, call: Call, upload: Upload, id: str, document: Document
    ) -> tuple[dict[str, Any], Any]:
        """Keeps an uploaded file, and says what is to be done with it, and what tells it from
        others if it may be sent again."""
        query = parse_qs(call.query.decode("latin-1"), keep_blank_values=True)
        target = await self._target(query.get("path", [""])[-1])
        is_dry = _is_true("dryRun", query.get("dryRun", ["false"])[-1])
        encoding = upload.header(b"content-encoding").strip().lower()
        if encoding not in ("", "identity", "gzip", "zstd"):
            problem = f"got '{encoding[:80]}', expected gzip or zstd"
            raise Invalid(attribute="Content-Encoding", problem=problem)
        jobs = self.engine.collection.name
        file, part = self._desk.spool.file(jobs, id), self._desk.spool.part(jobs, id)
        kept = await keep(upload, part, self._desk.upload_limit)
        media = kept.media_type or upload.header(b"content-type") or call.media_type
        try:
            codec = read_charset(media)
        except UnsupportedMediaType:
            part.unlink(missing_ok=True)
            raise
        part.replace(file)
        format_ = format_of_media_type(media) or format_of_name(kept.name)
        document |= {"path": query["path"][-1], "contentType": media}
        if is_dry:
            document["dryRun"] = True
        has_key = call.header(b"idempotency-key") is not None
        sent = [media, await asyncio.to_thread(_digest, file) if has_key else ""]
        return {
            **target.task, "format": format_, "url": None, "dry_run": is_dry,
            "codec": codec,
        }, sent  # fmt: skip

    async def _task(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """What a job's document asks for. Raises errors.Invalid, errors.BadQuery, and
        errors.NotServed for what can be known to fail."""
        url, query = document.get("url"), document.get("query") or ""
        target = await self._target(document.get("path") or "")
        media = document.get("contentType") or ""
        format_ = format_of_media_type(media)
        if url is not None:
            self._desk.refuse(url)
            format_ = format_ or format_of_name(url.partition("?")[0])
        if self._kind == "export":
            format_ = _format_of_export(media, format_)
            parse(query.removeprefix("?"), target.collection.types, whole=True)
        return {
            **target.task, "format": format_, "url": url, "query": query,
            "dry_run": document.get("dryRun") is True, "codec": _codec(media),
        }  # fmt: skip

    async def _target(self, path: str) -> Target:
        return await self._desk.targets.find_there(path, self._home, self._desk.store)

    def _forget(self, id: str) -> None:
        jobs = self.engine.collection
        with closing(self._desk.open()) as bulk:
            bulk.forget(jobs, id)
        self._desk.spool.forget(jobs.name, id)

    def _errors(self, id: str) -> list[str]:
        with closing(self._desk.open()) as bulk:
            return bulk.errors(self.engine.collection, id)


def _is_true(parameter: str, text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise BadQuery(parameter=parameter, came=shown(text), expected="true or false")
    return text.lower() == "true"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _format_of_export(media: str, known: Format | None) -> Format:
    if known is None and media:
        names = ", ".join(types[0] for types in MEDIA_TYPES.values())
        problem = f"got '{media[:80]}', expected one of {names}"
        raise Invalid(attribute="contentType", problem=problem)
    if _codec(media) not in (None, UTF_8):
        problem = f"got '{media[:80]}', expected charset utf-8: exports are written in no other"
        raise Invalid(attribute="contentType", problem=problem)
    return known or "ndjson"


def _codec(media: str) -> str | None:
    """Of the charset that a job's contentType names; None where it names none."""
    charset = charset_of(media)
    if charset and codec_of(charset) is None:
        raise Invalid(attribute="contentType", problem=f"got '{media[:80]}', expected {EXPECTED}")
    return codec_of(charset) if charset else None


def _name(id: str, format_: str) -> tuple[bytes, bytes]:
    """A file's name that every header and every disk takes."""
    plain = "".join(sign if sign.isalnum() or sign in "-_" else "_" for sign in id)
    return plain.encode("ascii", "replace"), format_.encode()


async def _sent(file: BinaryIO) -> AsyncIterator[bytes]:
    with file:
        while piece := await asyncio.to_thread(file.read, AT_ONCE):
            yield piece
