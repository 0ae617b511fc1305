"""The process that carries out jobs beside a server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.serving import new_sqlite_database, plain_environment
from tmfserver import sql
from tmfserver.planning import make_plan
from tmfserver.settings import read

RUN = "import tmfserver.job_process as p; p.PATIENCE_SECONDS = 0.1; p.main()"


def test_it_ends_by_itself_when_there_is_nothing_to_do(tmp_path: Path) -> None:
    """In peace, while the server that started it still holds its standard input open."""
    database = new_sqlite_database(tmp_path)
    sql.prepare(database, make_plan(read({}, {})).tables)
    process = subprocess.Popen(
        [sys.executable, "-c", RUN],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=plain_environment({"TMFSERVER_DATABASE": database}),
    )
    assert process.stderr is not None
    assert (process.wait(timeout=120), process.stderr.read()) == (0, "")
    assert process.stdin is not None
    process.stdin.close()
    process.stderr.close()
