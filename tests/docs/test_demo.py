"""`make demo`: a company to try the server with, and commands that work when they are pasted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from demo import telco
from tests.docs.pasting import ADDRESS, paste
from tests.serving import StartServer, plain_environment

COUNT = 2_000


def demo(database: str) -> subprocess.CompletedProcess[str]:
    words = ["-m", "demo", "--usages", str(COUNT), "--database", database, "--address", ADDRESS]
    return subprocess.run(
        [sys.executable, *words], cwd=Path(__file__).parents[2], env=plain_environment(),
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip


def test_the_walk(start_server: StartServer, new_database: str) -> None:
    """All documents of the company are taken; what is printed rates a usage of the partner's,
    hands it over, adds up, and draws the company; a second run adds nothing."""
    first = demo(new_database)
    assert f"usage: {COUNT} read: {COUNT} created, 0 there already, 0 refused" in first.stderr
    assert first.stderr.count(" 0 refused") == first.stderr.count("\n") == 9
    server = start_server(database=new_database, environment={"TMFSERVER_WORK": "true"})
    (printed,) = paste(server, [first.stdout])
    lines = printed.splitlines()
    received, guided, rated, history = [json.loads(line) for line in lines[:4]]
    assert {each["status"] for each in received} == {"received"}
    assert (guided["id"], guided["status"]) == (received[0]["id"], "guided")
    assert rated["status"] == "rated"
    assert '"value":4.20}' in lines[2]
    assert [each["to"] for each in history] == ["guided", "rated"]
    assert lines[4].startswith("id,href")
    assert "rated" in lines[5]
    summary, tree, balance = [json.loads(line) for line in lines[7:10]]
    groups = [each["group"] for each in summary["groups"]]
    assert {each["usageType"] for each in groups} >= {"roaming", "voice"}
    assert (tree["id"], len(tree["children"])) == ("B-1", 5)
    assert balance["groups"][0]["sum"]["accountBalance.amount"][0]["unit"] == "EUR"
    second = demo(new_database)
    assert f"usage: {COUNT} read: 0 created, {COUNT} there already" in second.stderr
    assert second.stdout == first.stdout


def test_the_same_company_each_time() -> None:
    """A seed draws the same documents, in the order of time, with a rhythm and a long tail."""
    one: list[dict[str, Any]] = list(telco.usages(7, 5_000))
    assert one == list(telco.usages(7, 5_000))
    assert one != list(telco.usages(8, 5_000))
    dates = [each["usageDate"] for each in one]
    assert dates == sorted(dates)
    by_hour = [sum(date[11:13] == f"{hour:02}" for date in dates) for hour in (3, 19)]
    assert by_hour[1] > 5 * by_hour[0]
    used = [each["relatedParty"][0]["id"] for each in one]
    assert used.count("H-0") > 10 * used.count("H-100") > 0
