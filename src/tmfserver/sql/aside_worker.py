"""`python -m tmfserver.sql.aside_worker`: carries out slow queries for the server that started it.

It ends when its standard input does: with the server, or after the job that it is at.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import time
from contextlib import suppress
from typing import Any, BinaryIO

from tmfserver.errors import Failure
from tmfserver.sql.aside_jobs import (
    LENGTH,
    Answer,
    Job,
    Opening,
    Over,
    Refused,
    Source,
    frame,
)
from tmfserver.sql.lanes import Late

NICE = 10  # all others come first


def main() -> None:
    # A terminal's ^C, and what ends a service, reach each process; the server ends this one.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    with suppress(AttributeError, OSError):
        os.nice(NICE)
    asked = sys.stdin.buffer
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # a stray print must not look like a frame
    source: Source | None = None
    with suppress(BrokenPipeError):
        while (value := _receive(asked)) is not None:
            if source is None:
                source, answer = _opened(value), None
            else:
                answer = _answer(source, value)
            answers.write(frame(answer))
            answers.flush()


def _receive(asked: BinaryIO) -> Any:
    """The next frame's value; None when there are no more."""
    head = asked.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    size = LENGTH.unpack(head)[0]
    body = asked.read(size)
    return pickle.loads(body) if len(body) == size else None  # noqa: S301 - see aside_jobs.py


def _opened(opening: Opening) -> Source:
    if opening.driver == "sqlite":
        from tmfserver.sql.sqlite.aside import SqliteSource

        return SqliteSource(opening)
    from tmfserver.sql.postgres.aside import PostgresSource

    return PostgresSource(opening)


def _answer(source: Source, job: Job) -> Answer:
    try:
        return source.read(job, time.monotonic() + job.seconds)
    except Late:
        return Over()
    except Failure as failure:
        return Refused(type(failure), failure.facts)


if __name__ == "__main__":
    main()
