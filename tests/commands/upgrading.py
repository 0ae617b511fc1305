"""Small contracts of two versions, and what is stored under them, for tests of upgrades."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.spec.things import contract
from tests.storage.databases import insert

from tmfserver import sql
from tmfserver.changes import Collection

THINGS = Collection("thingManagement/v1/thing", "thing")
PART = {"isRef": True, "label": "a"}
SOUND = {"name": "n", "part": PART, "size": 1}
Change = Callable[[dict[str, Any]], None]


def write(file: Path, change: Change | None = None) -> Path:
    """Writes the contract, changed or not, as a file."""
    document = copy.deepcopy(contract())
    if change is not None:
        change(document)
    file.write_text(json.dumps(document), encoding="utf-8")
    return file


def fewer_states(document: dict[str, Any]) -> None:
    """What breaks documents that are closed."""
    document["definitions"]["State"]["enum"] = ["open"]


def more_attributes(document: dict[str, Any]) -> None:
    """What breaks nothing, and needs an index if a handler asks for it."""
    document["info"]["version"] = "1.1.0"
    for name in ("Thing", "Thing_Create", "Thing_Update"):
        document["definitions"][name]["properties"]["colour"] = {"type": "string"}


def version_two(document: dict[str, Any]) -> None:
    """Another base path, and a mandatory attribute."""
    document["info"]["version"] = "2.0.0"
    document["basePath"] = "/tmf-api/thingManagement/v2/"
    for name in ("Thing", "Thing_Create"):
        document["definitions"][name].setdefault("required", []).append("size")


def store(database: str, *documents: dict[str, Any]) -> None:
    """Stores documents as the server of the first version would, one after the other."""

    async def run() -> None:
        opened = await sql.open_store(database, [THINGS])
        await opened.commit([insert(document, THINGS) for document in documents])
        await opened.close()

    asyncio.run(run())


def outcome(arguments: list[str]) -> tuple[int, str]:
    """(exit code, what is printed) of a command in this process."""
    from click.testing import CliRunner

    from tmfserver.cli import commands

    result = CliRunner().invoke(commands, arguments, catch_exceptions=False)
    return result.exit_code, result.output
