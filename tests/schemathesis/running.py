"""Schemathesis, all checks and all phases, against running servers on their effective contracts.

TMFSERVER_EXAMPLES says how many examples it makes for an operation. Without it, five, and the
same in every run; `make conformance` takes 100, and others each time.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
EXAMPLES = os.environ.get("TMFSERVER_EXAMPLES")
AMOUNT = ["-n", EXAMPLES] if EXAMPLES else ["-n", "5", "--generation-deterministic"]
SECONDS = 6 * 3600 if EXAMPLES else 1500  # a run that takes longer hangs
USAGE, ACCOUNT = "/tmf-api/usageManagement/v4", "/tmf-api/accountManagement/v4"

# Generated documents nest so deeply that Hypothesis needs more of Python's stack than it gives.
RUN = (
    "import sys; sys.setrecursionlimit(20000); "
    "from schemathesis.cli import schemathesis; schemathesis()"
)


def run_schemathesis(contract: str, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Runs the tool in a folder of its own; exit code 0: no failure.

    Raises subprocess.TimeoutExpired, with what it has printed, when it hangs.
    """
    config = ["--config-file", str(HERE / "schemathesis.toml")]
    options = ["--checks", "all", "--phases", "examples,coverage,fuzzing,stateful"]
    return subprocess.run(
        [sys.executable, "-c", RUN, *config, "run", contract, *options, *AMOUNT, *more],
        cwd=folder,
        env={**os.environ, "SCHEMATHESIS_HOOKS": str(HERE / "hooks.py")},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
