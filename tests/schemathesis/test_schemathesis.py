"""Schemathesis, all checks and all phases, against running servers on their effective contracts.

TMFSERVER_EXAMPLES says how many examples it makes for an operation (default 5; `make conformance`
takes 100).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.serving import StartServer

HERE = Path(__file__).parent
EXAMPLES = os.environ.get("TMFSERVER_EXAMPLES", "5")
BASE_PATHS = ("/tmf-api/usageManagement/v4", "/tmf-api/accountManagement/v4")

# Generated documents nest so deeply that Hypothesis needs more of Python's stack than it gives.
RUN = (
    "import sys; sys.setrecursionlimit(20000); "
    "from schemathesis.cli import schemathesis; schemathesis()"
)


def run_schemathesis(contract: str, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Runs the tool in a folder of its own; exit code 0: no failure."""
    config = ["--config-file", str(HERE / "schemathesis.toml")]
    options = ["--checks", "all", "--phases", "examples,coverage,fuzzing,stateful"]
    return subprocess.run(
        [sys.executable, "-c", RUN, *config, "run", contract, *options, "-n", EXAMPLES, *more],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("base_path", BASE_PATHS)
def test_no_request_that_can_be_generated_makes_the_server_break_its_contract(
    base_path: str, start_server: StartServer, tmp_path: Path
) -> None:
    """Every answer is one that the effective contract declares, for valid and invalid requests."""
    server = start_server()
    done = run_schemathesis(f"{server.url}{base_path}/openapi.json", tmp_path)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


BROKEN = """
from tmfserver.rules import Reply, Rules

rules = Rules()


async def retrieve_bill_format(call):
    reply = await call.default(call)
    return Reply(reply.status, b'{"id": 5}', reply.headers)
"""


@pytest.mark.slow
def test_an_operation_broken_on_purpose_is_caught(
    start_server: StartServer, tmp_path: Path
) -> None:
    """The checks can fail: an answer that breaks the contract's schema is found."""
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "bill_format.py").write_text(BROKEN)
    server = start_server(handlers=str(tmp_path / "own"))
    contract = f"{server.url}{BASE_PATHS[1]}/openapi.json"
    done = run_schemathesis(contract, tmp_path, "--include-path-regex", "^/billFormat")
    assert done.returncode == 1, done.stdout[-3000:] + done.stderr[-2000:]
    assert "Response violates schema" in done.stdout
