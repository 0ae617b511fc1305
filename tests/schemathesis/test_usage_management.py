"""No request that can be generated makes the server break its contract: TMF635."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.schemathesis.running import SECONDS, USAGE, run_schemathesis
from tests.serving import StartServer

# Operations whose bodies are like those of the others.
ALIKE = "^/(listener/(?!usageCreateEvent)|usageSpecification/)"


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 60)
def test_every_answer_is_declared(start_server: StartServer, tmp_path: Path) -> None:
    """Every answer is one that the effective contract declares, for valid and invalid requests."""
    server = start_server()
    done = run_schemathesis(f"{server.url}{USAGE}/openapi.json", tmp_path, alike=ALIKE)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
