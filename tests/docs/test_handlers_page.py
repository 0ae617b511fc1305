"""The handlers that docs/handlers.md shows do what it says of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.serving import SQLITE, MakeDatabase, launch, stop_cleanly

PAGE = Path(__file__).parents[2] / "docs" / "handlers.md"
MODULE = re.compile(r"```python\n# (\w+\.py)\n(.*?)```", re.DOTALL)
USAGES = "/tmf-api/usageManagement/v4"


@pytest.fixture(scope="module")
def client(
    make_database: MakeDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """Talks to a server with the page's own modules as its handlers."""
    folder = tmp_path_factory.mktemp("handlers")
    for name, text in MODULE.findall(PAGE.read_text(encoding="utf-8")):
        (folder / name).write_text(text, encoding="utf-8")
    server = launch(folder / "server", make_database(SQLITE), handlers=folder)
    with httpx.Client(base_url=server.url) as made:
        yield made
    stop_cleanly(server)


def test_the_life_cycle_on_the_page_is_enforced(client: httpx.Client) -> None:
    """A step that the page's life cycle does not name is refused, one that it names is taken."""
    path = f"{USAGES}/usageSpecification"
    made = client.post(path, json={"description": "Calls", "lifecycleStatus": "draft"}).json()
    one = f"{path}/{made['id']}"
    assert client.patch(one, json={"lifecycleStatus": "retired"}).status_code == 409
    assert client.patch(one, json={"lifecycleStatus": "active"}).status_code == 200


def test_the_check_on_the_page_refuses(client: httpx.Client) -> None:
    """The page's check forbids what it is written to forbid, in its own words."""
    path = f"{USAGES}/usageSpecification"
    response = client.post(path, json={"name": "Calls", "lifecycleStatus": "active"})
    assert response.status_code == 409
    assert response.json()["message"] == "an active usage specification needs a description"


def test_the_operation_on_the_page_replaces_the_default(client: httpx.Client) -> None:
    """The page's own delete refuses without a reason, and deletes with one."""
    made = client.post(f"{USAGES}/usage", json={"status": "received"}).json()
    one = f"{USAGES}/usage/{made['id']}"
    assert client.delete(one).status_code == 409
    assert client.delete(one, headers={"X-Reason": "a test"}).status_code == 204
    assert client.get(one).status_code == 404
