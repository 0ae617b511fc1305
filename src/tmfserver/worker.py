"""gunicorn's worker: uvicorn with its fast loop and parser, no access log."""

from __future__ import annotations

from typing import Any, ClassVar

from uvicorn_worker import UvicornWorker


class Worker(UvicornWorker):
    """One of several server processes."""

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {
        "loop": "uvloop",
        "http": "tmfserver.http.protocol:Protocol",
        "lifespan": "on",
        "server_header": False,
        "access_log": False,
    }
