"""All that docs/events.md says to paste works, and does what the page says."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.docs.pasting import ADDRESS, paste
from tests.serving import DATABASES, MakeDatabase, Server, free_port, launch, select, stop_cleanly

from tmfserver.cli import commands
from tmfserver.engine.interests import notification_types, read_interest
from tmfserver.planning import bundled_specs
from tmfserver.settings import Settings
from tmfserver.spec import files, read

PAGE = (Path(__file__).parents[2] / "docs" / "events.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
LISTENER = "http://127.0.0.1:9000"


def blocks() -> list[tuple[str, str]]:
    """(language, text) of what stands on the page, but how to start the server."""
    return BLOCK.findall(PAGE)[1:]


@pytest.fixture(scope="module", params=DATABASES)
def server(
    request: pytest.FixtureRequest,
    make_database: MakeDatabase,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    """A server started as the page says."""
    folder = tmp_path_factory.mktemp(f"events-{request.param}")
    started = launch(folder, make_database(request.param), mirror=True, deliver=True)
    yield started
    stop_cleanly(started)


@pytest.fixture(scope="module")
def printed(server: Server, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each command printed, when all were pasted into one shell."""
    folder = tmp_path_factory.mktemp("pasted")
    port = str(free_port())
    for language, text in blocks():
        if language == "python":
            (folder / "listener.py").write_text(text.replace("9000", port), encoding="utf-8")
    sh = [text for language, text in blocks() if language == "sh"]
    start = f"cd {folder}; PATH={Path(sys.executable).parent}:$PATH; trap 'kill $!' EXIT"
    done = paste(
        server, [start, *(text.replace("127.0.0.1:9000", f"127.0.0.1:{port}") for text in sh)]
    )
    assert len(done) == len(sh) + 1
    return dict(zip(sh, done[1:], strict=True))


def test_each_command_prints_what_the_page_shows(printed: dict[str, str], server: Server) -> None:
    """From subscribing to mirroring, in the page's order."""
    pairs = [
        (text, after)
        for (language, text), (kind, after) in zip(blocks(), blocks()[1:], strict=False)
        if language == "sh" and kind in ("text", "json") and "E-1" not in text
    ]
    assert len(pairs) >= 6
    for command, expected in pairs:
        assert printed[command].replace(server.url, ADDRESS) == expected


@pytest.mark.usefixtures("printed")
def test_a_notification_is_as_the_page_shows(server: Server) -> None:
    """What is told, but for the event's own id and times."""
    ((text,),) = select(server.database, "SELECT document FROM event WHERE subject = 'E-1'")
    came = json.loads(text.replace(server.url, ADDRESS))
    expected: dict[str, Any] = json.loads(
        next(text for language, text in blocks() if language == "json")
    )
    assert came.keys() == expected.keys()
    for name in ("eventId", "eventTime", "timeOcurred"):
        assert len(came.pop(name)) == len(expected.pop(name))
    assert came == expected


def test_each_query_of_the_table_can_be_registered() -> None:
    """The contract knows every attribute that the table names."""
    (api,) = [each for each in read(*files([bundled_specs()])) if "usage" in each.base_path]
    types = notification_types(api.resources.values())
    rows = re.findall(r"^\| `(.*?)` \|", PAGE, re.MULTILINE)
    assert len(rows) == 9
    for row in rows:
        query = row.replace("\\|", "|")
        read_interest(query, types)
        for path in re.findall(r"event\.usage\.[\w.]*\w", query):
            stem = re.sub(r"\.(gt|gte|ne)$", "", path)
            assert any(known.startswith(stem) for known in types), stem


def test_the_settings_and_commands_are_there() -> None:
    """What the page calls by name exists, with the defaults that it tells."""
    for name in ("events", "deliver", "mirror", "callback_networks"):
        assert hasattr(Settings, name)
    assert Settings.delivery_delays == "1,5,30,120,600,3600,21600,86400"
    assert Settings.delivery_timeout == 20
    assert Settings.delivery_connect_timeout == 5
    assert Settings.delivery_retry_after == 3600
    for name in ("deliver", "deliveries", "listeners", "inbox"):
        assert f"`tmfserver {name}" in PAGE
        assert commands.get_command(None, name) is not None  # type: ignore[arg-type]
