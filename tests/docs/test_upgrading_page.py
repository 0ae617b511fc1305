"""The commands of docs/upgrading-specs.md do what the page says of them."""

from __future__ import annotations

import copy
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.bundled import CONTRACTS, SPECS, read
from tests.docs.pasting import paste
from tests.programs import COMMAND
from tests.serving import StartServer, plain_environment
from tests.spec.things import contract

PAGE = (Path(__file__).parents[2] / "docs" / "upgrading-specs.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
ADD, CHECK, CHECK_DATABASE, CARRY_OVER, NEW_HANDLER = BLOCKS
ACCOUNTS = CONTRACTS[1]
BASE = "/tmf-api/accountManagement"


def newer(**changes: Any) -> dict[str, Any]:
    """The bundled contract, as its next version might be: what a format is called is mandatory."""
    contract = copy.deepcopy(read(ACCOUNTS)) | changes
    for name in ("BillFormat", "BillFormat_Create"):
        contract["definitions"][name]["required"] = ["description"]
    return contract


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the page's reader is: beside the project's contracts, with a newer one."""
    (tmp_path / "specs").symlink_to(SPECS)
    text = json.dumps(newer())
    (tmp_path / "TMF666-v4.1.0.swagger.json").write_text(text, encoding="utf-8")
    return tmp_path


def run(folder: Path, command: str) -> tuple[int, str]:
    """(exit code, what it prints) of a block, pasted into a shell."""
    path = os.pathsep.join([str(COMMAND.parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=plain_environment({"PATH": path}),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_a_contract_is_taken_in(folder: Path) -> None:
    """Into the folder that the command names."""
    file = folder / "TMF637-v4.0.0.swagger.json"
    file.write_text(json.dumps(contract()), encoding="utf-8")
    code, told = run(folder, ADD)
    assert code == 0
    assert "to serve it: tmfserver serve --specs my_contracts" in told
    assert (folder / "my_contracts" / file.name).is_file()


def test_the_comparison(folder: Path) -> None:
    """What breaks is named, and the exit code is the table's."""
    code, told = run(folder, CHECK)
    assert code == 4
    assert "billFormat.description: is mandatory now" in told
    codes = re.findall(r"^\| (\d) \|", PAGE, re.MULTILINE)
    assert codes == ["0", "3", "4"]


def test_the_comparison_with_a_database(folder: Path, start_server: StartServer) -> None:
    """Documents that would not hold are counted, and named."""
    server = start_server(database=f"sqlite:///{folder / 'tmfserver.db'}")
    with server.client() as client:
        for document in ({"id": "f1", "name": "a"}, {"id": "f2", "name": "b", "description": "c"}):
            assert client.post(f"{BASE}/v4/billFormat", json=document).status_code == 201
        code, told = run(folder, CHECK_DATABASE)
    assert code == 4
    assert "billFormat: 2 looked at, 1 would not hold" in told
    assert "billFormat 'f1': description: it is mandatory, but missing" in told


def test_carrying_over(folder: Path, start_server: StartServer) -> None:
    """Documents of the older base path are at the newer one, with their ids; twice is refused."""
    file = folder / "five.json"
    file.write_text(json.dumps(newer(basePath=f"{BASE}/v5/")), encoding="utf-8")
    server = start_server(specs=[ACCOUNTS, file])
    with server.client() as client:
        for number in range(3):
            document = {"id": f"f{number}", "name": "a", "description": "b"}
            assert client.post(f"{BASE}/v4/billFormat", json=document).status_code == 201
        assert paste(server, [CARRY_OVER]) == ["201\n" * 3]
        found = client.get(f"{BASE}/v5/billFormat").json()
        assert [(each["id"], each["@type"]) for each in found] == [
            (f"f{number}", "BillFormat") for number in range(3)
        ]
        assert paste(server, [CARRY_OVER]) == ["409\n" * 3]


def test_a_handler_is_written(folder: Path) -> None:
    """The module is where the page says."""
    code, _ = run(folder, NEW_HANDLER)
    assert code == 0
    assert (folder / "my_handlers" / "bill_format.py").is_file()
