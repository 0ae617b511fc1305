"""How the two comparison servers are run: one process, uvicorn on uvloop and httptools."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import uvicorn

COLLECTION = "/tmf-api/usageManagement/v4/usage"


def serve(application: Callable[[str], Any]) -> None:
    """Serves the ASGI application that is made for the database named on the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--database", required=True)
    given = parser.parse_args()
    uvicorn.run(
        application(given.database),
        host=given.host,
        port=given.port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
