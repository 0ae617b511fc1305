"""`serve --reload`, for developers: a server that starts anew when contracts or handlers change.

This process watches the folders and holds the socket; a child of it serves. After a change another
child is started beside the one that serves, and takes its place when it is ready. One that does not
start says why, and the one before goes on.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Event

from watchfiles import Change, watch

import tmfserver.handlers
from tmfserver import running
from tmfserver import settings as settings_
from tmfserver.errors import StartFailure
from tmfserver.planning import bundled_specs
from tmfserver.settings import Settings
from tmfserver.spec.loader import SUFFIXES

log = logging.getLogger("tmfserver")

_CHILD = "import sys; from tmfserver import reloading; reloading.child(*map(int, sys.argv[1:]))"
_PATIENCE = 35.0  # seconds for a child to stop; it gives its requests thirty


def serve(settings: Settings) -> None:
    """Serves, and goes on with what changed, until SIGTERM or SIGINT. Raises as running.bind."""
    running.begin_log(settings)
    logging.getLogger("watchfiles").setLevel(logging.WARNING)
    listener = running.bind(settings.host, settings.port)
    stopped = Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stopped.set())
    child, started = None, False
    try:
        for changed in _changes(settings, stopped):
            if changed:
                log.info("Changed: %s; starting anew.", ", ".join(changed))
            if changed or not started:
                child, started = _replace(child, _start(settings, listener)), True
    finally:
        _stop(child)
        listener.close()


def child(listener: int, ready: int) -> None:
    """The process that serves: `listener` and `ready` are file descriptors, of the socket and of
    the pipe that is told of the start."""

    def tell() -> None:
        os.write(ready, b"1")
        os.close(ready)

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to all; we are told
    settings = settings_.read({})
    try:
        running.serve(settings, socket.socket(fileno=listener), tell)
    except StartFailure as failure:
        sys.exit(f"tmfserver: {failure}")


def _start(settings: Settings, listener: socket.socket) -> subprocess.Popen[bytes] | None:
    """A child that serves; None if it ended instead, having said why."""
    heard, told = os.pipe()
    descriptors = (listener.fileno(), told)
    process = subprocess.Popen(  # noqa: S603 - this same program
        [sys.executable, "-c", _CHILD, *map(str, descriptors)],
        env={**os.environ, **settings_.environment(settings)},
        pass_fds=descriptors,
    )
    os.close(told)
    with os.fdopen(heard, "rb") as pipe:
        if pipe.read(1):
            return process
    process.wait()
    return None


def _replace(
    old: subprocess.Popen[bytes] | None, new: subprocess.Popen[bytes] | None
) -> subprocess.Popen[bytes] | None:
    if new is None:
        goes_on = old is not None and old.poll() is None
        log.warning("%s until the next change.", "The one before goes on" if goes_on else "Waiting")
        return old
    _stop(old)
    return new


def _stop(process: subprocess.Popen[bytes] | None) -> None:
    if process is None:
        return
    process.terminate()
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _changes(settings: Settings, stopped: Event) -> Iterable[list[str]]:
    """The names of files that changed; none at first, when they are watched from then on."""
    folders, wanted = _watched(settings)
    log.info("Watching %s.", ", ".join(str(folder) for folder in sorted(folders)))
    for changes in watch(
        *folders,
        watch_filter=lambda _, path: wanted(Path(path)),
        stop_event=stopped,
        rust_timeout=200,
        yield_on_timeout=True,
        recursive=False,
        raise_interrupt=False,
    ):
        yield sorted({_told(kind, Path(path)) for kind, path in changes})


def _told(kind: Change, path: Path) -> str:
    return f"{path.name} (gone)" if kind is Change.deleted else path.name


def _watched(settings: Settings) -> tuple[set[Path], Callable[[Path], bool]]:
    """(folders, whether a path in them is a contract's or a handler's)"""
    places = [Path(place).resolve() for place in settings.specs] or [bundled_specs().resolve()]
    specs = {place for place in places if place.is_dir()}
    files = {place for place in places if not place.is_dir()}
    handlers = {Path(each).resolve() for each in tmfserver.handlers.__path__}
    if settings.handlers:
        handlers.add(Path(settings.handlers).resolve())

    def wanted(path: Path) -> bool:
        if path in files:
            return True
        if path.suffix.lower() in SUFFIXES:
            return path.parent in specs
        return path.suffix == ".py" and path.parent in handlers

    return {*specs, *handlers, *(file.parent for file in files)}, wanted
