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
ACCOUNTS = "/tmf-api/accountManagement/v4"


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
    made = client.post(f"{ACCOUNTS}/billFormat", json={"name": "summary"}).json()
    one = f"{ACCOUNTS}/billFormat/{made['id']}"
    assert client.delete(one).status_code == 409
    assert client.delete(one, headers={"X-Reason": "a test"}).status_code == 204
    assert client.get(one).status_code == 404


def test_what_the_page_has_once_is_there_once(client: httpx.Client) -> None:
    """The page's unique attributes are refused together on POST and PATCH, naming the first."""
    path = f"{ACCOUNTS}/billPresentationMedia"
    paper = {"@type": "Paper", "name": "post"}
    first = client.post(path, json=paper).json()
    second = client.post(path, json=paper)
    assert second.status_code == 409
    for word in ('@type "Paper"', 'name "post"', first["id"]):
        assert word in second.json()["message"]
    other = client.post(path, json={**paper, "name": "courier"}).json()
    assert client.patch(f"{path}/{other['id']}", json={"name": "post"}).status_code == 409
    assert client.patch(f"{path}/{other['id']}", json={"name": "parcel"}).status_code == 200
    for _ in range(2):
        assert client.post(path, json={"name": "post"}).status_code == 201


def test_the_characteristics_on_the_page_are_checked(client: httpx.Client) -> None:
    """The page's usage is held against its specification, which has its unique marks too."""
    marked = [{"name": "record", "valueType": "string", "isUnique": True}]
    body = {"description": "Calls", "specCharacteristic": marked}
    made = client.post(f"{USAGES}/usageSpecification", json=body).json()

    def post(value: object) -> httpx.Response:
        given = [{"name": "record", "value": value}]
        usage = {"usageSpecification": {"id": made["id"]}, "usageCharacteristic": given}
        return client.post(f"{USAGES}/usage", json=usage)

    assert "warning" not in post("r1").headers
    assert post("r1").status_code == 409
    assert "expected a value of type string" in post(5).headers["warning"]


def test_the_hierarchy_on_the_page_has_no_circle(client: httpx.Client) -> None:
    """The page's accounts cannot be put above themselves."""
    path = f"{ACCOUNTS}/partyAccount"
    party = {"id": "p", "name": "Acme", "@referredType": "Organization"}
    head, branch = [
        client.post(path, json={"name": name, "relatedParty": [party]}).json()["id"]
        for name in ("head", "branch")
    ]

    def put(below: str, above: str) -> int:
        related = {"relationshipType": "parentAccount", "account": {"id": above}, "validFor": {}}
        return client.patch(f"{path}/{below}", json={"accountRelationship": [related]}).status_code

    assert put(branch, head) == 200
    assert put(head, branch) == 409
