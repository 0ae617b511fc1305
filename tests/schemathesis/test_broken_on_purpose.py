"""The checks can fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.schemathesis.running import ACCOUNT, run_schemathesis
from tests.serving import StartServer

BROKEN = """
from tmfserver.rules import Reply, Rules

rules = Rules()


async def retrieve_bill_format(call):
    reply = await call.default(call)
    return Reply(reply.status, b'{"id": 5}', reply.headers)
"""

SOME = ("--phases", "fuzzing,stateful")  # going through all values is not what this is about


@pytest.mark.slow
def test_an_operation_broken_on_purpose_is_caught(
    start_server: StartServer, tmp_path: Path
) -> None:
    """The checks can fail: an answer that breaks the contract's schema is found."""
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "bill_format.py").write_text(BROKEN)
    server = start_server(handlers=str(tmp_path / "own"))
    contract = f"{server.url}{ACCOUNT}/openapi.json"
    done = run_schemathesis(contract, tmp_path, "--include-path-regex", "^/billFormat", *SOME)
    assert done.returncode == 1, done.stdout[-3000:] + done.stderr[-2000:]
    assert "Response violates schema" in done.stdout
