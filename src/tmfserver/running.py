"""Runs the server: one process under uvicorn, several under gunicorn."""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable

from tmfserver import admitting, sql
from tmfserver.errors import PortTaken, StartFailure, WrongSetting
from tmfserver.planning import make_plan
from tmfserver.server import Server
from tmfserver.settings import Settings, environment

log = logging.getLogger("tmfserver")


def serve(
    settings: Settings,
    listener: socket.socket | None = None,
    ready: Callable[[], object] | None = None,
) -> None:
    """Serves until SIGTERM or SIGINT; requests under way are answered first.

    listener: what to serve on, in this one process; else what settings name is opened. ready: is
    called when requests are answered. Raises a StartFailure for what can be known beforehand:
    broken contracts and handlers, an unusable database, a contract that breaks what is stored, a
    taken port.
    """
    begin_log(settings)
    plan = make_plan(settings)
    opened = listener or bind(settings.host, settings.port)
    newly = admitting.admit(plan)
    brought = sql.prepare(settings.database, plan.tables)
    for sentence in brought.done:
        log.debug(sentence)
    if brought.done:
        log.info("Brought the database up to date, in %d steps.", len(brought.done))
        gc.collect()  # what that needed must not stay
    sql.record_contracts(settings.database, newly)
    if listener is None and (settings.workers > 1 or settings.gunicorn):
        opened.close()
        _gunicorn(settings)
    else:
        _uvicorn(settings, Server(plan, brought), opened, ready)


def begin_log(settings: Settings) -> None:
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises PortTaken, or WrongSetting for no address of ours."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM)
    except OSError as failure:
        raise WrongSetting(
            setting="'host' (TMFSERVER_HOST)", came=repr(host), expected=f"an address ({failure})"
        ) from None
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except PermissionError:
        listener.close()
        raise WrongSetting(
            setting="'port' (TMFSERVER_PORT)", came=str(port), expected="one this user may open"
        ) from None
    except OSError as failure:
        listener.close()
        if failure.errno == 98:
            raise PortTaken(host=host, port=port) from None
        raise WrongSetting(
            setting="'host' (TMFSERVER_HOST)", came=repr(host), expected=f"an address ({failure})"
        ) from None
    return listener


def _uvicorn(
    settings: Settings,
    app: Server,
    listener: socket.socket,
    ready: Callable[[], object] | None,
) -> None:
    import uvicorn

    from tmfserver.http.protocol import Protocol

    config = uvicorn.Config(
        app, http=Protocol, log_level=settings.log_level, access_log=False, lifespan="on",
        timeout_graceful_shutdown=30, server_header=False,
    )  # fmt: skip
    gc.freeze()
    gc.enable()
    address = listener.getsockname()
    log.info("tmfserver runs at http://%s:%s", address[0], address[1])
    # uvicorn stops gracefully, then raises the signal again: stopping as told is no failure.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server = uvicorn.Server(config)
    if ready is not None:
        app.when_started(ready)
    server.run(sockets=[listener])
    if not server.started:
        raise StartFailure


def _gunicorn(settings: Settings) -> None:
    """Replaces this process by gunicorn's master; settings reach the workers by environment."""
    os.environ.update(environment(settings))
    from gunicorn.app.wsgiapp import run

    gc.enable()

    sys.argv = [
        "gunicorn", "tmfserver.server:create_app()",
        "--worker-class", "tmfserver.worker.Worker",
        "--workers", str(settings.workers),
        "--bind", f"{settings.host}:{settings.port}",
        "--graceful-timeout", "30",
        "--no-control-socket",
        "--log-level", settings.log_level,
    ]  # fmt: skip
    run()
