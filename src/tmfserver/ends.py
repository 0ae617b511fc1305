"""What the commands that move documents read from, write to, and show: files, pipes, progress.

A file that cannot be written is told of in a sentence, and none is left half written.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import click

from tmfserver.errors import NoRoom
from tmfserver.flags import Sentence
from tmfserver.records import Format


@contextmanager
def told_in(path: str | None) -> Iterator[Callable[[Sequence[bytes]], None]]:
    """Takes lines to a file, at once; without a path to nowhere. Raises errors.NoRoom."""
    if path is None:
        yield lambda _: None
        return
    try:
        file = Path(path).open("wb")  # noqa: SIM115 - closed below
    except OSError as error:
        raise Sentence(f"{path}: {error.strerror}") from error

    def write(lines: Sequence[bytes]) -> None:
        with _keeping(path):
            file.writelines(lines)
            file.flush()

    try:
        yield write
    finally:
        with suppress(OSError):  # what could not be written was said before
            file.close()


@contextmanager
def _keeping(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NoRoom(problem=f"{name}: {error.strerror or error}") from error


@contextmanager
def source(name: str, format_: Format | None) -> Iterator[IO[bytes]]:
    if name != "-":
        try:
            file = Path(name).open("rb")  # noqa: SIM115 - closed below
        except OSError as error:
            raise Sentence(f"{name}: {error.strerror}") from error
        with file:
            yield file
        return
    pipe: Any = sys.stdin.buffer
    if format_ == "parquet" or pipe.peek(4).startswith(b"PAR1"):
        with TemporaryFile() as whole:  # Parquet is read from its end
            shutil.copyfileobj(pipe, whole)
            whole.seek(0)
            yield whole
        return
    yield pipe


@contextmanager
def sink(output: str) -> Iterator[IO[bytes]]:
    """Where to write: a file comes by its name when it is whole."""
    if output == "-":
        try:
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        except OSError:
            # What is left of it would be tried again, in vain, when the program ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            raise
        return
    path = Path(output)
    part = path.with_name(f".{path.name}.part")
    try:
        with _keeping(output):
            with part.open("wb") as file:
                yield file
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def is_terminal() -> bool:
    """Whether somebody looks at what is told of progress."""
    return sys.stderr.isatty()


@contextmanager
def bar_of_file(name: str, file: IO[bytes]) -> Iterator[Callable[[], Any]]:
    """A progress bar by the bytes that were read, on a terminal alone."""
    if name == "-" or not is_terminal():
        yield lambda: None
        return
    size = Path(name).stat().st_size
    with click.progressbar(length=size, label=Path(name).name, file=sys.stderr) as bar:
        yield lambda: bar.update(file.tell() - bar.pos)


@contextmanager
def bar_of_rows(output: str, total: int | None) -> Iterator[Callable[[int], Any]]:
    if output == "-" or total is None or not is_terminal():
        yield lambda _: None
        return
    with click.progressbar(length=total, label=Path(output).name, file=sys.stderr) as bar:
        yield bar.update
