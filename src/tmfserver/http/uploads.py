"""Files that come as a request's body: kept as they come, never held in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from starlette.types import Receive

from tmfserver.errors import Malformed, NoRoom, TooLarge

AT_ONCE = 1024 * 1024  # bytes that are written at a time


@dataclass(frozen=True, slots=True)
class Upload:
    """A body that was not read yet."""

    headers: Sequence[tuple[bytes, bytes]]
    receive: Receive

    def header(self, name: bytes) -> str:
        return next((value.decode("latin-1") for key, value in self.headers if key == name), "")


@dataclass(slots=True)
class Kept:
    """What is told of a kept file. media_type, name: of the part, where there are parts."""

    size: int = 0
    media_type: str = ""
    name: str = ""


async def keep(upload: Upload, path: Path, limit: int) -> Kept:
    """Writes the body, or the file in it, to `path`.

    Raises TooLarge as soon as it passes `limit`, in bytes, Malformed for a body that ends too soon
    or whose parts cannot be told apart, and NoRoom when it cannot be written.
    """
    length = upload.header(b"content-length")
    if length.isdigit() and int(length) > limit:
        raise TooLarge(limit=limit)
    kept = Kept()
    pieces = _pieces(upload.receive)
    if upload.header(b"content-type").partition(";")[0].strip().lower() == "multipart/form-data":
        pieces = _file_of_parts(upload.header(b"content-type"), pieces, kept)
    try:
        with await asyncio.to_thread(path.open, "wb") as file:
            await _write(file, pieces, kept, limit)
    except BaseException as error:
        await asyncio.to_thread(path.unlink, missing_ok=True)
        if isinstance(error, OSError):
            raise NoRoom(problem=error.strerror or str(error)) from error
        raise
    return kept


async def _write(file: BinaryIO, pieces: AsyncIterator[bytes], kept: Kept, limit: int) -> None:
    waiting: list[bytes] = []
    held = 0
    async for piece in pieces:
        kept.size += len(piece)
        if kept.size > limit:
            raise TooLarge(limit=limit)
        waiting.append(piece)
        held += len(piece)
        if held >= AT_ONCE:
            await asyncio.to_thread(file.writelines, waiting)
            waiting, held = [], 0
    await asyncio.to_thread(file.writelines, waiting)
    await asyncio.to_thread(file.flush)


async def _pieces(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Malformed(expected="a whole file", problem="it ends too soon")
        more = message.get("more_body", False)
        if message.get("body"):
            yield message["body"]


async def _file_of_parts(
    content_type: str, pieces: AsyncIterator[bytes], kept: Kept
) -> AsyncIterator[bytes]:
    """The bytes of the first part that is a file, or is called so."""
    from python_multipart.exceptions import FormParserError
    from python_multipart.multipart import MultipartParser, parse_options_header

    boundary = parse_options_header(content_type)[1].get(b"boundary")
    if not boundary:
        raise Malformed(expected="multipart/form-data", problem="its header names no boundary")
    parts = _Parts(kept)
    try:
        parser = MultipartParser(boundary, parts.callbacks)  # type: ignore[arg-type]
        async for piece in pieces:
            parser.write(piece)
            for content in parts.taken():
                yield content
        parser.finalize()
    except FormParserError as error:
        raise Malformed(expected="multipart/form-data", problem=str(error)) from None
    if not parts.ended:
        problem = "it has no whole part that is a file"
        raise Malformed(expected="multipart/form-data", problem=problem)


class _Parts:
    """What the parser tells of the parts."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self._headers: dict[bytes, bytes] = {}
        self._name = self._value = b""
        self._is_file = self.ended = False
        self._content: list[bytes] = []
        self.callbacks = {
            "on_part_begin": self._begin,
            "on_header_field": self._field,
            "on_header_value": self._add_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._finished,
            "on_part_data": self._data,
            "on_part_end": self._end,
        }

    def taken(self) -> list[bytes]:
        content, self._content = self._content, []
        return content

    def _begin(self) -> None:
        self._headers, self._name, self._value = {}, b"", b""

    def _field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _add_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def _finished(self) -> None:
        from python_multipart.multipart import parse_options_header

        options = parse_options_header(self._headers.get(b"content-disposition", b""))[1]
        named = b"filename" in options or options.get(b"name") == b"file"
        self._is_file = named and not self.ended
        if self._is_file:
            self._kept.name = options.get(b"filename", b"").decode("utf-8", "replace")
            self._kept.media_type = self._headers.get(b"content-type", b"").decode("latin-1")

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._is_file:
            self._content.append(data[start:end])

    def _end(self) -> None:
        self.ended = self.ended or self._is_file
        self._is_file = False
