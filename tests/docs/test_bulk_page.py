"""All that docs/bulk.md says to paste works, and does what the page says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.docs.pasting import paste
from tests.serving import SQLITE, MakeDatabase, Server, launch, stop_cleanly

PAGE = (Path(__file__).parents[2] / "docs" / "bulk.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def server(
    make_database: MakeDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server of the page's own."""
    started = launch(tmp_path_factory.mktemp("bulk"), make_database(SQLITE))
    yield started
    stop_cleanly(started)


def test_the_page_does_what_it_says(server: Server) -> None:
    """Pasted once, everything has the answer that is told; pasted again, it is done once only."""
    _, many, wrong, once = paste(server, COMMANDS)
    assert "200 OK" in many
    assert many.index('"B-1"') < many.index('"B-2"')
    assert "400 Bad Request" in wrong
    assert "1.value.usageType: got 5, expected string" in wrong
    assert "201 Created" in once
    assert "idempotency-replayed" not in once
    _, many, _, again = paste(server, COMMANDS)
    assert "409 Conflict" in many
    assert "'B-1' already" in many
    assert "idempotency-replayed: true" in again
    assert again.splitlines()[-1] == once.splitlines()[-1]
