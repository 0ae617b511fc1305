"""All that docs/jobs.md says to paste works, and does what the page says."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from tests.docs.pasting import ADDRESS, paste
from tests.serving import DATABASES, MakeDatabase, Server, launch, stop_cleanly

from tmfserver.cli import commands
from tmfserver.records import MEDIA_TYPES
from tmfserver.settings import Settings

PAGE = (Path(__file__).parents[2] / "docs" / "jobs.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module", params=DATABASES)
def server(
    request: pytest.FixtureRequest,
    make_database: MakeDatabase,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    """A server started as the page says."""
    folder = tmp_path_factory.mktemp(f"jobs-page-{request.param}")
    started = launch(folder, make_database(request.param), {"TMFSERVER_WORK": "true"})
    yield started
    stop_cleanly(started)


def test_each_command_prints_what_the_page_shows(
    server: Server, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """From a file to its errors, and from documents to a file, in the page's order."""
    blocks = BLOCK.findall(PAGE)[1:]
    sh = [text for language, text in blocks if language == "sh"]
    folder = tmp_path_factory.mktemp("pasted")
    start = (
        f"cd {folder}; PATH={Path(sys.executable).parent}:$PATH;"
        f" export TMFSERVER_DATABASE='{server.database}'"
    )
    done = paste(server, [start, *sh])
    printed = dict(zip(sh, done[1:], strict=True))
    pairs = [
        (text, after)
        for (language, text), (kind, after) in pairwise(blocks)
        if language == "sh" and kind == "text"
    ]
    assert len(pairs) == 4
    for command, expected in pairs:
        assert printed[command].replace(server.url, ADDRESS).strip() == expected.strip()
    with server.client() as client:
        assert client.get("/tmf-api/usageManagement/v4/usage/J-3").status_code == 200


def test_what_the_page_calls_by_name_exists() -> None:
    """Formats, settings and commands."""
    for types in MEDIA_TYPES.values():
        assert f"`{types[0]}`" in PAGE
    for name in (
        "callback_networks", "files_folder", "jobs_folder", "upload_limit", "record_limit",
        "error_log_limit", "references",
    ):  # fmt: skip
        assert f"`{name}" in PAGE
        assert hasattr(Settings, name)
    for name in ("import", "export", "work", "transition"):
        assert commands.get_command(None, name) is not None  # type: ignore[arg-type]
