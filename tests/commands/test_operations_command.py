"""`tmfserver operations`: every operation, and what carries it out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.bundled import CONTRACTS, FILES, extended, read
from tests.commands.running import program, run, run_json

KEYS = {"operationId", "method", "path", "verb", "resource", "contract", "handler"}
VERBS = {"list", "create", "retrieve", "replace", "patch", "delete",
         "subscribe", "subscription", "unsubscribe", "listen",
         "summary", "history", "hierarchy", "aggregate", "bulk", "errors",
         "content"}  # fmt: skip
OWN = "async def delete_billing_account(call):\n    return await call.default(call)\n"


def stated() -> dict[tuple[str, str], tuple[str, str]]:
    """(method, path) → (operationId, file) of the bundled contracts."""
    found = {}
    for file in FILES:
        contract = read(file)
        base = contract["basePath"].rstrip("/")
        for path, item in contract["paths"].items():
            for method, operation in item.items():
                found[method.upper(), base + path] = (operation["operationId"], extended(file).name)
    return found


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = run_json("operations")
    return found


def test_every_operation_is_listed(rows: list[dict[str, Any]]) -> None:
    """A list of objects, one for each operation, with its path below the base path."""
    listed = {(row["method"], row["path"]): (row["operationId"], row["contract"]) for row in rows}
    assert len(listed) == len(rows)
    added = listed.keys() - stated().keys()
    in_bulk = {f"{made}InBulk" for made, _ in listed.values()}
    of_jobs = {"retrieveImportJobErrorLog", "retrieveExportJobContent"}
    assert {listed[key][0] for key in added} <= {"retrieveListener"} | in_bulk | of_jobs
    assert {key: listed[key] for key in stated()} == stated()
    for row in rows:
        assert row.keys() == KEYS
        assert row["verb"] in VERBS
        assert "//" not in row["path"]


def test_verbs_resources_and_handlers(rows: list[dict[str, Any]]) -> None:
    """Each row says what the operation does, to which resource, and by whose rules."""
    by_id = {row["operationId"]: row for row in rows}
    patch = by_id["patchUsage"]
    assert (patch["verb"], patch["resource"]) == ("patch", "usage")
    assert (patch["method"], patch["path"]) == ("PATCH", "/tmf-api/usageManagement/v4/usage/{id}")
    assert "usage" in patch["handler"]
    listen = by_id["listenToUsageCreateEvent"]
    assert (listen["verb"], listen["resource"]) == ("listen", None)
    assert by_id["registerListener"]["verb"] == "subscribe"
    assert by_id["unregisterListener"]["verb"] == "unsubscribe"


def test_for_people(rows: list[dict[str, Any]]) -> None:
    """Without --json it is a table, a line for each operation."""
    lines = run("operations").splitlines()
    assert len(lines) == len(rows) + 1
    for row, line in zip(rows, lines[1:], strict=True):
        assert line.split()[:3] == [row["method"], row["path"], row["operationId"]]


def test_specs_stand_for_the_bundled_contracts(tmp_path: Path) -> None:
    """--specs, or TMFSERVER_SPECS, names the contracts that are served instead."""
    operation = {"operationId": "listThing", "responses": {"200": {"description": "All."}}}
    contract = {
        "swagger": "2.0",
        "info": {"title": "Things", "version": "1.0.0"},
        "basePath": "/things/v1/",
        "paths": {"/thing": {"get": operation}},
    }
    file = tmp_path / "things.json"
    file.write_text(json.dumps(contract), encoding="utf-8")
    expected = [("listThing", "GET", "/things/v1/thing", "list", "thing", "things.json")]
    for rows in (
        run_json("operations", "--specs", tmp_path),
        run_json("operations", "--specs", file),
        run_json("operations", environment={"TMFSERVER_SPECS": str(tmp_path)}),
    ):
        columns = ("operationId", "method", "path", "verb", "resource", "contract")
        assert [tuple(row[column] for column in columns) for row in rows] == expected


def test_several_specs(tmp_path: Path) -> None:
    """--specs may be given several times; all of them are served."""
    arguments = [word for file in CONTRACTS for word in ("--specs", file)]
    assert {row["contract"] for row in run_json("operations", *arguments)} == {
        file.name for file in CONTRACTS
    }


def test_own_functions_are_named(tmp_path: Path) -> None:
    """A function in the operator's folder stands in the row of its operation."""
    (tmp_path / "billing_account.py").write_text(OWN, encoding="utf-8")
    done = program("operations", "--json", "--handlers", tmp_path, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    by_id = {row["operationId"]: row["handler"] for row in json.loads(done.stdout)}
    assert by_id["deleteBillingAccount"] == "billing_account.delete_billing_account"
    assert by_id["patchBillingAccount"] != by_id["deleteBillingAccount"]
    assert by_id["deletePartyAccount"].startswith("default delete")
