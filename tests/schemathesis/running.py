"""Schemathesis, all checks and all phases, against running servers on their effective contracts.

In the suite it makes the same requests in every run, and few of what one operation shares with
another. With TMFSERVER_EXAMPLES it makes that many for each operation, others each time, and goes
through each operation whole; `make conformance` sets it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
EXAMPLES = os.environ.get("TMFSERVER_EXAMPLES")
AMOUNT = ["-n", EXAMPLES] if EXAMPLES else ["-n", "2", "--generation-deterministic"]
SECONDS = 6 * 3600 if EXAMPLES else 1500  # a run that takes longer hangs
# A generated callback may name any host; nothing is sent to it.
ANYWHERE = {"callback_networks": "0.0.0.0/0,::/0"}
USAGE, ACCOUNT = "/tmf-api/usageManagement/v4", "/tmf-api/accountManagement/v4"

# Generated documents nest so deeply that Hypothesis needs more of Python's stack than it gives.
RUN = (
    "import sys; sys.setrecursionlimit(20000); "
    "from schemathesis.cli import schemathesis; schemathesis()"
)


# Going through each value of each attribute takes most of the time; the suite spares itself that
# for operations whose bodies another has, or one like them.
ALIKE = """
[[operations]]
include-path-regex = '{paths}'
phases.coverage.enabled = false
"""


def command(contract: str, *more: str, config: Path = HERE / "schemathesis.toml") -> list[str]:
    """What runs the tool on a running server's effective contract."""
    options = ["--checks", "all", "--phases", "examples,coverage,fuzzing,stateful"]
    start = [sys.executable, "-c", RUN, "--config-file", str(config)]
    return [*start, "run", contract, *options, *more]


def environment() -> dict[str, str]:
    """What the tool is to find around it."""
    return {**os.environ, "SCHEMATHESIS_HOOKS": str(HERE / "hooks.py")}


def run_schemathesis(
    contract: str, folder: Path, *more: str, alike: str = ""
) -> subprocess.CompletedProcess[str]:
    """Runs the tool in a folder of its own; exit code 0: no failure.

    alike: a pattern of the paths that the suite need not go through whole.
    Raises subprocess.TimeoutExpired, with what it has printed, when it hangs.
    """
    config = folder / "schemathesis.toml"
    said = (HERE / config.name).read_text(encoding="utf-8")
    config.write_text(said + ALIKE.format(paths=alike) if alike and not EXAMPLES else said)
    return subprocess.run(
        command(contract, *AMOUNT, *more, config=config),
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
