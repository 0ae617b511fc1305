"""An operator's own folder of handlers: it goes before the bundled ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.http.asking import BILLING, FORMAT, USAGE, account, create, patch, refused, unchanged
from tests.serving import SQLITE, MakeDatabase, launch, stop_cleanly
from tests.spec.things import contract

BILLING_ACCOUNT = '''
"""Billing accounts with a credit limit, which are closed and never deleted."""

from tmfserver.errors import RuleViolation
from tmfserver.rules import Reply, Rules

rules = Rules(indexed=("name",))


@rules.check
def has_a_credit_limit(old, new):
    if "creditLimit" not in new:
        raise RuleViolation("creditLimit: every billing account of ours has one")


async def delete_billing_account(call):
    raise RuleViolation(f"billing account {call.path['id']} is closed, never deleted")


async def retrieve_billing_account(call):
    reply = await call.default(call)
    headers = [*reply.headers, (b"x-retrieved-by", b"our own function")]
    return Reply(reply.status, reply.body, headers)


async def list_billing_account(call):
    return Reply(200, b"[]", [(b"content-type", b"application/json"), (b"x-total-count", b"0")])


def _helper():
    """Not public, so no operation is looked for."""
'''
USAGE_MODULE = '''
"""Usages without a life cycle."""

from tmfserver.rules import Rules

rules = Rules()
'''


@pytest.fixture(scope="module")
def own(
    make_database: MakeDatabase,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[httpx.Client]:
    """Talks to a server with two modules of the operator's."""
    folder = tmp_path_factory.mktemp("own")
    handlers: Path = folder / "handlers"
    handlers.mkdir()
    (handlers / "billing_account.py").write_text(BILLING_ACCOUNT, encoding="utf-8")
    (handlers / "usage.py").write_text(USAGE_MODULE, encoding="utf-8")
    server = launch(folder, make_database(SQLITE), handlers=handlers)
    with server.client() as client:
        yield client
    stop_cleanly(server)


def test_its_rules_replace_the_bundled_ones(own: httpx.Client) -> None:
    """A module of the operator's stands for the bundled one of that name, whole."""
    made = create(own, USAGE, {"status": "billed"})
    response = patch(own, f"{USAGE}/{made['id']}", {"status": "received"})
    assert response.status_code == 200


def test_its_checks_are_applied(own: httpx.Client) -> None:
    """A check of the operator's refuses creates and changes with 409 and its own words."""
    limit = {"unit": "EUR", "value": 1}
    with unchanged(own, BILLING):
        refused(own.post(BILLING, json=account()), 409, "every billing account of ours")
    made = create(own, BILLING, account(creditLimit=limit))
    path = f"{BILLING}/{made['id']}"
    refused(patch(own, path, {"creditLimit": None}), 409, "every billing account of ours")
    assert own.get(path).json() == made


def test_its_functions_replace_operations(own: httpx.Client) -> None:
    """A function named after an operationId does that operation, with or without the default."""
    made = create(own, BILLING, account(creditLimit={"unit": "EUR", "value": 1}))
    path = f"{BILLING}/{made['id']}"
    refused(own.delete(path), 409, "never deleted", made["id"])
    response = own.get(path)
    assert response.json() == made
    assert response.headers["x-retrieved-by"] == "our own function"
    assert "etag" in response.headers
    assert own.get(BILLING).json() == []
    refused(own.get(f"{BILLING}/nobody"), 404, "nobody")


def test_the_other_resources_are_as_ever(own: httpx.Client) -> None:
    """What the operator says nothing about is done as without that folder."""
    made = create(own, FORMAT, {"name": "x"})
    assert own.get(FORMAT).json()[-1] == made
    assert own.delete(f"{FORMAT}/{made['id']}").status_code == 204


TASK = '''
"""Things that can be cut."""

from tmfserver.rules import Reply


async def cut_thing(call):
    body = b'{"cut": "%s"}' % call.path["id"].encode()
    return Reply(200, body if call.path["id"] != "text" else body.decode())
'''


def test_a_task_on_an_instance_is_the_handlers(tmp_path: Path, make_database: MakeDatabase) -> None:
    """Its answer is JSON unless it says otherwise; one that is no bytes is a 500, not a broken
    answer, and the log says what came."""
    (tmp_path / "things.json").write_text(json.dumps(contract()), encoding="utf-8")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "thing.py").write_text(TASK, encoding="utf-8")
    specs, handlers = tmp_path / "things.json", tmp_path / "own"
    server = launch(tmp_path, make_database(SQLITE), specs=specs, handlers=handlers)
    with server.client() as client:
        things = "/tmf-api/thingManagement/v1/thing"
        done = client.post(f"{things}/7/cut")
        assert (done.status_code, done.json()) == (200, {"cut": "7"})
        assert done.headers["content-type"] == "application/json"
        refused(client.post(f"{things}/text/cut"), 500)
    server.stop()
    assert "cut_thing gave str, expected a Reply whose body is bytes or None" in server.printed()
