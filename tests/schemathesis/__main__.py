"""Schemathesis over contracts whole, as they are; `make conformance CONTRACT=...` runs it, too.

Each has a server of its own, on an empty database that is thrown away. The tool prints its own
report; the exit code is 1 if a request was answered as the effective contract does not say.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.postgres import running
from tests.schemathesis.running import ANYWHERE, command, environment
from tests.serving import launch, new_postgresql_database, new_sqlite_database
from tmfserver.spec import read


def main(words: Sequence[str]) -> int:
    """Runs over each contract named; 0 if no failure was found."""
    flags = read_flags(words)
    return max([_run(Path(file).resolve(), flags) for file in flags.contracts])


def read_flags(words: Sequence[str]) -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.schemathesis", description=__doc__)
    parser.add_argument("contracts", nargs="+", metavar="FILE", help="a published contract")
    parser.add_argument("--postgresql", action="store_true", help="on PostgreSQL, not SQLite")
    parser.add_argument("--examples", type=int, default=20, help="for each operation; 20")
    parser.add_argument("--seconds", type=int, help="go on until so long has passed")
    parser.add_argument("--seed", type=int, help="makes the requests of an earlier run again")
    return parser.parse_args(words)


def _run(file: Path, flags: argparse.Namespace) -> int:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if flags.postgresql:
            database = new_postgresql_database(stack.enter_context(running()).url())
        else:
            database = new_sqlite_database(folder)
        server = launch(folder / "server", database, specs=[file], **ANYWHERE)
        stack.callback(server.stop)
        codes = [_ask(f"{server.url}{api.base_path}", folder, flags) for api in read(file)]
        printed = server.printed()
        if "Traceback" in printed:
            sys.stdout.write(printed[-20000:])
            codes.append(1)
        return max(codes)


def _ask(base: str, folder: Path, flags: argparse.Namespace) -> int:
    seed = random.randrange(2**32) if flags.seed is None else flags.seed
    more = ["-n", str(flags.examples), "--seed", str(seed)]
    more += ["--max-time", str(flags.seconds)] if flags.seconds else []
    asked = command(f"{base}/openapi.json", *more)
    return subprocess.run(asked, cwd=folder, env=environment(), check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
