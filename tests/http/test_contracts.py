"""The effective contracts: served, valid, with Swagger UI; the files on disk are never changed."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi_spec_validator import validate
from tests.bundled import FILES, read
from tests.http.asking import ACCOUNTS, FORMAT, USAGE, USAGES, create, refused
from tests.serving import Server, StartServer

SPECS = Path(__file__).parents[2] / "specs"
DOCUMENTS = [f"{base}/{name}" for base in (ACCOUNTS, USAGES) for name in ("openapi", "swagger")]


def checksums(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.json")
    }


@pytest.mark.parametrize("path", DOCUMENTS)
def test_the_effective_contract_is_valid(client: httpx.Client, path: str) -> None:
    """The effective contract is served under both names, as valid OpenAPI."""
    response = client.get(f"{path}.json")
    assert response.status_code == 200
    assert response.headers["content-type"].split(";")[0] == "application/json"
    contract = response.json()
    validate(contract)
    assert contract["servers"] == [{"url": path.rpartition("/")[0]}]
    assert client.head(f"{path}.json").content == b""


def contract_of(client: httpx.Client, base: str) -> dict[str, Any]:
    contract: dict[str, Any] = client.get(f"{base}/openapi.json").json()
    return contract


@pytest.mark.parametrize("base", [ACCOUNTS, USAGES])
def test_every_operation_of_the_file_is_in_it(client: httpx.Client, base: str) -> None:
    """No path, method or operationId of the contract's file is lost; reading a listener is new."""
    effective = contract_of(client, base)
    stated = [read(file) for file in FILES if read(file)["basePath"].rstrip("/") == base]
    assert stated
    for path, item in [entry for contract in stated for entry in contract["paths"].items()]:
        for method, operation in item.items():
            served = effective["paths"][path][method]
            assert served["operationId"] == operation["operationId"]
            assert operation["responses"].keys() <= served["responses"].keys()
    assert "get" in effective["paths"]["/hub/{id}"]


@pytest.mark.parametrize("base", [ACCOUNTS, USAGES])
def test_what_is_answered_is_declared(client: httpx.Client, base: str) -> None:
    """Every status that a write may have stands in the effective contract, as a TM Forum Error."""
    contract = contract_of(client, base)
    expected = {
        "post": {"400", "405", "409", "413", "415", "500", "503"},
        "patch": {"400", "404", "409", "412", "413", "415"},
        "delete": {"404", "412"},
        "get": {"400", "404"},
    }
    instances = [path for path in contract["paths"] if not path.startswith(("/hub", "/listener"))]
    for path in instances:
        for method, operation in contract["paths"][path].items():
            if method in expected:
                # A collection's PATCH, which creates, has no ETag to be compared.
                least = expected[method] - ({"412"} if "{" not in path else set())
                assert least <= operation["responses"].keys(), (path, method)
            for status, answer in operation["responses"].items():
                if status >= "4" and "$ref" not in answer:
                    assert answer["content"].keys() == {"application/json"}


@pytest.mark.parametrize("base", [ACCOUNTS, USAGES])
def test_swagger_ui_is_served(client: httpx.Client, base: str) -> None:
    """Swagger UI stands beside each API and reads its effective contract."""
    response = client.get(f"{base}/ui/")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    assert f"{base}/openapi.json" in response.text
    assert client.get(f"{base}/ui", follow_redirects=True).status_code == 200
    for script in ("swagger-ui-bundle.js", "swagger-ui.css"):
        assert client.get(f"{base}/ui/{script}").status_code == 200


def test_files_on_disk_are_never_changed(start_server: StartServer, tmp_path: Path) -> None:
    """A server reads its contracts and writes nothing beside them; the bundled ones too."""
    folder = tmp_path / "specs"
    folder.mkdir()
    for path in SPECS.glob("*.json"):
        shutil.copy(path, folder)
    before, bundled = checksums(folder), checksums(SPECS)
    server = start_server(specs=[folder])
    with server.client() as client:
        create(client, USAGE, {})
        create(client, FORMAT, {"name": "x"})
        for path in DOCUMENTS:
            assert client.get(f"{path}.json").status_code == 200
    server.stop()
    assert checksums(folder) == before
    assert checksums(SPECS) == bundled
    assert len(before) == len(list(folder.iterdir()))


def test_health_and_readiness(client: httpx.Client, server: Server) -> None:
    """/health says that the process runs, /ready that its database answers."""
    for path in ("/health", "/ready"):
        response = client.get(path)
        assert response.status_code == 200
        assert response.headers["content-type"].split(";")[0] == "application/json"
        assert client.head(path).status_code == 200
    refused(client.get("/health/x"), 404)
