"""`tmfserver conformance` on a PostgreSQL of its own; `make conformance` runs it."""

from __future__ import annotations

import sys

from tests.postgres import running

from tmfserver.cli import main

if __name__ == "__main__":
    with running() as postgres:
        sys.argv = ["tmfserver", "conformance", "--database", postgres.url(), *sys.argv[1:]]
        main()
