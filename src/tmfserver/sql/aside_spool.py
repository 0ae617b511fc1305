"""A file with the rest of a page that is too big for memory, on its way to the server.

The process for slow queries writes it at once and is free again; the server reads it
as slowly as its client does.
"""

from __future__ import annotations

import os
import pickle
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path as File

from tmfserver.repository import Row
from tmfserver.sql.aside_jobs import LENGTH, frame


def spooled(batches: Iterable[Sequence[Row]]) -> str:
    """The path of a new file with these; it is the reader's to delete."""
    descriptor, path = tempfile.mkstemp(prefix="tmfserver-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            for rows in batches:
                file.write(frame(rows))
    except BaseException:
        File(path).unlink()
        raise
    return path


class Spooled:
    """Batches out of such a file, which has no name any more, and so ends with this."""

    def __init__(self, path: str) -> None:
        self._file = File(path).open("rb")  # noqa: SIM115 - aclose closes it
        File(path).unlink()

    def __aiter__(self) -> Spooled:
        return self

    async def __anext__(self) -> Sequence[Row]:
        # Just written, it is still in the system's memory: no need of a thread.
        head = b"" if self._file.closed else self._file.read(LENGTH.size)
        if not head:
            await self.aclose()
            raise StopAsyncIteration
        rows: list[Row] = pickle.loads(self._file.read(LENGTH.unpack(head)[0]))  # noqa: S301 - see aside_jobs.py
        return rows

    async def aclose(self) -> None:
        self._file.close()

    def __del__(self) -> None:
        self._file.close()
