"""No request that can be generated makes a contract break that was only dropped in."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.schemathesis.running import ANYWHERE, EXAMPLES, SECONDS, run_schemathesis
from tests.serving import StartServer
from tmfserver.spec import read

VARIABLE = "TMFSERVER_OFFICIAL_SPECS"
FOLDER = Path(os.environ.get(VARIABLE, "none"))
NAMES = (
    "TMF620-v4.1.0.swagger.json",
    "TMF632-v4.0.0.swagger.json",
    "TMF666-v5.0.0.oas.yaml",
    "TMF620-v5.0.0.oas.yaml",
)
# In the suite one resource of each stands for all, which are alike.
SOME = {
    "TMF620-v4.1.0.swagger.json": "^/(category/|hub)",
    "TMF632-v4.0.0.swagger.json": "^/organization/",
    "TMF666-v5.0.0.oas.yaml": "^/(billFormat|hub)",
    "TMF620-v5.0.0.oas.yaml": "^/productCatalog/",
}


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 60)
@pytest.mark.skipif(not FOLDER.is_dir(), reason=f"{VARIABLE} names no folder of contracts")
@pytest.mark.parametrize("name", NAMES)
def test_every_answer_is_declared(name: str, start_server: StartServer, tmp_path: Path) -> None:
    """Every answer is one that the effective contract declares, for valid and invalid requests."""
    (api,) = read(FOLDER / name)
    server = start_server(specs=[FOLDER / name], **ANYWHERE)
    some = [] if EXAMPLES else ["--include-path-regex", SOME[name], "-n", "2"]
    done = run_schemathesis(f"{server.url}{api.base_path}/openapi.json", tmp_path, *some)
    assert done.returncode == 0, done.stdout[-9000:] + done.stderr[-2000:]
