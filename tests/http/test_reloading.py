"""`serve --reload`: what is dropped into the folders is served, what is broken is told."""

from __future__ import annotations

import json
import re
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
from tests.serving import Server, StartServer, wait_until
from tests.spec.things import contract

THING = "/tmf-api/thingManagement/v1/thing"
OTHER = "/tmf-api/otherManagement/v1/thing"
HANDLER = """
from tmfserver.errors import RuleViolation
from tmfserver.rules import Rules

rules = Rules()

@rules.check
def forbidden(old, new):
    raise RuleViolation("nothing may be made")
"""


def put(folder: Path, name: str, content: str | dict[str, Any]) -> None:
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / name).write_text(text, encoding="utf-8")


def status(server: Server, path: str) -> int:
    with server.client() as client:
        try:
            return client.get(path).status_code
        except httpx.TransportError:
            return 0


def test_what_changes_is_served(tmp_path: Path, start_server: StartServer) -> None:
    """A dropped contract and a changed handler are served; with a broken file the old ones are."""
    specs, handlers = tmp_path / "specs", tmp_path / "handlers"
    specs.mkdir()
    handlers.mkdir()
    put(specs, "things.json", contract())
    server = start_server(reload=True, specs=[specs], handlers=handlers, cache="off")
    assert status(server, THING) == 200
    assert status(server, OTHER) == 404

    put(specs, "other.json", {**contract(), "basePath": "/tmf-api/otherManagement/v1"})
    wait_until(lambda: status(server, OTHER) == 200, "the dropped contract is served")
    assert status(server, THING) == 200

    put(specs, "other.json", "{")
    wait_until(lambda: "The one before goes on" in server.printed(), "the broken file is told")
    assert re.search(r"tmfserver: \S*other.json: it is not JSON", server.printed())
    assert status(server, OTHER) == 200

    (specs / "other.json").unlink()
    put(handlers, "thing.py", HANDLER)
    with server.client() as client:
        wait_until(
            lambda: (
                client.post(THING, json={"name": "x", "part": {"label": "x"}}).status_code == 409
            ),
            "the rule is kept",
        )
    assert status(server, OTHER) == 404
    assert "Traceback" not in server.printed()


def test_a_folder_that_is_broken_at_first_is_waited_for(
    tmp_path: Path, start_server: StartServer
) -> None:
    """The sentence is said, and the next save is served."""
    specs = tmp_path / "specs"
    specs.mkdir()
    put(specs, "things.json", "")
    log = tmp_path / "server-0" / "log"

    def mend() -> None:
        wait_until(lambda: log.exists() and "the file is empty" in log.read_text(), "it is told")
        put(specs, "things.json", contract())

    mending = Thread(target=mend)
    mending.start()
    server = start_server(reload=True, specs=[specs], cache="off")
    mending.join()
    assert status(server, THING) == 200
