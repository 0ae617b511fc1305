"""Databases written under TM Forum's older versions, and its newer ones."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.commands.upgrading import outcome
from tests.serving import StartServer
from tests.storage.databases import insert

from tmfserver import sql
from tmfserver.admitting import admit
from tmfserver.errors import BreakingContract
from tmfserver.planning import make_plan
from tmfserver.settings import Settings

VARIABLE = "TMFSERVER_OFFICIAL_SPECS"
FOLDER = Path(os.environ.get(VARIABLE, "none"))
ACCOUNTS, ACCOUNTS_1, ACCOUNTS_5, USAGES_2, USAGES = (
    FOLDER / name
    for name in (
        "TMF666-v4.0.0.swagger.json",
        "TMF666-v4.1.0.swagger.json",
        "TMF666-v5.0.0.oas.yaml",
        "TMF635-v2.0.swagger.json",
        "TMF635-v4.0.0.swagger.json",
    )
)
BASE = "/tmf-api/accountManagement"
PARTY = {"id": "p", "name": "P", "@referredType": "Individual"}

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"{VARIABLE} names no folder of published contracts"
)


def account(id: str, href: str) -> dict[str, Any]:
    return {"id": id, "name": "n", "relatedParty": [{**PARTY, "href": href}]}


def write(database: str, file: Path, resource: str, *documents: dict[str, Any]) -> None:
    """Starts as a server of this contract does, and stores documents under it."""
    plan = make_plan(Settings(database=database, specs=(str(file),)))
    sql.record_contracts(database, _prepared(database, plan))
    (collection,) = [plan.collection(api, resource) for api in plan.apis]

    async def run() -> None:
        store = await sql.open_store(database, [collection])
        await store.commit([insert(document, collection) for document in documents])
        await store.close()

    asyncio.run(run())


def _prepared(database: str, plan: Any) -> list[sql.ServedContract]:
    newly = admit(plan)
    sql.prepare(database, list(plan.collections.values()))
    return newly


def test_a_minor_version_takes_the_place(tmp_path: Path, start_server: StartServer) -> None:
    """What was written under 4.0 of TMF666 is served and changed under 4.1, at the same path, with
    what is new; 5.0 runs beside it and has documents of its own."""
    database = f"sqlite:///{tmp_path / 'kept.db'}"
    write(database, ACCOUNTS, "billingAccount", account("a", "https://example.com/p"))
    server = start_server(database=database, specs=[ACCOUNTS_1, ACCOUNTS_5])
    with server.client() as client:
        path = f"{BASE}/v4/billingAccount/a"
        assert client.get(path).json()["name"] == "n"
        changed = client.patch(path, json={"ratingType": "Postpaid"})
        assert changed.status_code == 200, changed.text
        assert changed.json()["ratingType"] == "Postpaid"
        assert client.get(f"{BASE}/v5/billingAccount").json() == []
    assert "documents of version 4.0.0 stay at" in server.printed()
    assert "is served in place of Account Management 4.0.0" in server.printed()


def test_a_minor_version_that_breaks_what_is_stored(tmp_path: Path, new_database: str) -> None:
    """A relative href of a party is refused by 4.1 of TMF666; the start says which document."""
    write(new_database, ACCOUNTS, "partyAccount", account("a", "/party/p"))
    newer = make_plan(Settings(database=new_database, specs=(str(ACCOUNTS_1),)))
    with pytest.raises(BreakingContract, match=r"partyAccount 'a' .*relatedParty.href: expected"):
        admit(newer)


def test_a_major_version_says_what_to_change(new_database: str) -> None:
    """Usages of v2 lack nothing but small letters of their states to be carried over to v4."""
    documents = [
        {"id": "a", "status": "Received", "type": "VOICE"},
        {"id": "b", "status": "Billed"},
        {"id": "c", "type": "VOICE"},
    ]
    write(new_database, USAGES_2, "usage", *documents)
    code, told = outcome(
        ["check", str(USAGES), "--against", str(USAGES_2), "--database", new_database, "--json"]
    )
    assert code == 4, told
    (upgrade,) = json.loads(told)
    stored = {each["resource"]: each for each in upgrade["stored"]}
    assert (stored["usage"]["looked_at"], stored["usage"]["failing"]) == (3, 2)
    (reason,) = stored["usage"]["reasons"]
    assert (reason["attribute"], reason["count"]) == ("status", 2)
    assert stored["usageSpecification"]["looked_at"] == 0
