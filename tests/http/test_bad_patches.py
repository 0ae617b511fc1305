"""Malformed patches of every kind: refused with a TM Forum Error, and nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.http.asking import (
    BILLING,
    JSON_PATCH,
    JSON_PATCH_QUERY,
    MERGE,
    Document,
    account,
    create,
    party,
    patch,
    refused,
)

MALFORMED: dict[str, Any] = {
    "an object": {"op": "remove", "path": "/state"},
    "a text": "remove /state",
    "null": None,
    "no objects": ["remove"],
    "no op": [{"path": "/state", "value": 1}],
    "no path": [{"op": "remove"}],
    "unknown op": [{"op": "delete", "path": "/state"}],
    "op is no text": [{"op": 5, "path": "/state"}],
    "path is no text": [{"op": "remove", "path": 5}],
    "path is null": [{"op": "remove", "path": None}],
    "no slash": [{"op": "remove", "path": "state"}],
    "bad escape": [{"op": "remove", "path": "/a~2b"}],
    "trailing tilde": [{"op": "remove", "path": "/a~"}],
    "no value to add": [{"op": "add", "path": "/state"}],
    "no value to replace": [{"op": "replace", "path": "/state"}],
    "no value to test": [{"op": "test", "path": "/state"}],
    "nothing to move": [{"op": "move", "path": "/state"}],
    "nothing to copy": [{"op": "copy", "path": "/state"}],
    "from is no text": [{"op": "move", "path": "/state", "from": 5}],
    "the second is bad": [{"op": "add", "path": "/x", "value": 1}, {"op": "x", "path": "/x"}],
}
PLACES = {
    "no op": "0.op: it is mandatory, but missing",
    "unknown op": "0.op: got 'delete', expected one of 'add', 'replace', 'test', 'remove', 'move'",
    "no slash": "0.path: got 'state', expected a",
    "trailing tilde": "0.path: got '/a~', expected a",
    "no objects": "0: got 'remove', expected object",
    "nothing to move": "0.from: it is mandatory, but missing",
    "the second is bad": "1.op: got 'x', expected one of",
}
CANNOT_BE_DONE: dict[str, Any] = {
    "remove nothing": [{"op": "remove", "path": "/nothing"}],
    "replace nothing": [{"op": "replace", "path": "/nothing", "value": 1}],
    "add into nothing": [{"op": "add", "path": "/nothing/inner", "value": 1}],
    "add into a text": [{"op": "add", "path": "/state/inner", "value": 1}],
    "beyond the array": [{"op": "add", "path": "/relatedParty/5", "value": party()}],
    "no index": [{"op": "add", "path": "/relatedParty/first", "value": party()}],
    "leading zero": [{"op": "remove", "path": "/relatedParty/00"}],
    "negative index": [{"op": "remove", "path": "/relatedParty/-1"}],
    "into itself": [{"op": "move", "from": "/creditLimit", "path": "/creditLimit/inner"}],
    "another value": [{"op": "test", "path": "/state", "value": "Closed"}],
    "remove all": [{"op": "remove", "path": ""}],
    "replace by a text": [{"op": "replace", "path": "", "value": "x"}],
    "replace by null": [{"op": "replace", "path": "", "value": None}],
    "the last party": [{"op": "remove", "path": "/relatedParty/0"}],
    "a party's id": [{"op": "remove", "path": "/relatedParty/0/id"}],
    "no date": [{"op": "add", "path": "/lastModified", "value": "yesterday"}],
}
BAD_QUERIES = {
    "nothing asked": "/relatedParty?",
    "no condition": "/relatedParty?&",
    "no array": "/state?x=1",
    "nothing chosen": "/relatedParty?id=nobody",
    "deep in nothing": "/nothing?x=1",
    "broken escape": "/relatedParty?id=%zz",
    "unknown operator": "/relatedParty?id<>1",
}


@pytest.fixture
def billing(client: httpx.Client) -> Iterator[Document]:
    """An account that is as it was when the test is over."""
    limit = {"unit": "EUR", "value": 1}
    made = create(client, BILLING, account(state="Active", creditLimit=limit))
    yield made
    assert client.get(f"{BILLING}/{made['id']}").json() == made


@pytest.mark.parametrize("media", [JSON_PATCH, JSON_PATCH_QUERY])
@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_patch_is_refused(
    client: httpx.Client, billing: Document, body: Any, media: str
) -> None:
    """What is no JSON Patch is 400, in either of its media types."""
    refused(patch(client, f"{BILLING}/{billing['id']}", body, media), 400)


@pytest.mark.parametrize("media", [JSON_PATCH, JSON_PATCH_QUERY])
@pytest.mark.parametrize(("name", "words"), PLACES.items())
def test_a_malformed_patch_is_explained(
    client: httpx.Client, billing: Document, name: str, words: str, media: str
) -> None:
    """The refusal names the operation and its member, what came there and what was expected."""
    refused(patch(client, f"{BILLING}/{billing['id']}", MALFORMED[name], media), 400, words)


@pytest.mark.parametrize("path", ["/4~#", "/a?", "/a?/b", "?id=1", "/relatedParty?id=1/~"])
def test_a_path_that_cannot_be_read_is_refused(
    client: httpx.Client, billing: Document, path: str
) -> None:
    """A query needs something to say and something to be about, and an escape its digit: 400."""
    body = [{"op": "remove", "path": path}]
    response = patch(client, f"{BILLING}/{billing['id']}", body, JSON_PATCH_QUERY)
    refused(response, 400, f"0.path: got '{path}', expected a path such as")


@pytest.mark.parametrize("body", CANNOT_BE_DONE.values(), ids=CANNOT_BE_DONE.keys())
def test_a_patch_that_does_not_fit_is_a_conflict(
    client: httpx.Client, billing: Document, body: Any
) -> None:
    """A patch that cannot be done to this document, or leaves what may not be, is 409."""
    refused(patch(client, f"{BILLING}/{billing['id']}", body, JSON_PATCH), 409)


@pytest.mark.parametrize("path", BAD_QUERIES.values(), ids=BAD_QUERIES.keys())
def test_a_bad_query_in_a_path_is_refused(
    client: httpx.Client, billing: Document, path: str
) -> None:
    """A query that cannot be read, or that chooses nothing, is 4xx."""
    body = [{"op": "remove", "path": path}]
    response = patch(client, f"{BILLING}/{billing['id']}", body, JSON_PATCH_QUERY)
    assert response.status_code in (400, 409)
    refused(response, response.status_code)


@pytest.mark.parametrize(
    "body",
    [
        {"name": 5},
        {"relatedParty": "x"},
        {"relatedParty": [{"id": "1"}]},
        {"creditLimit": {"value": "much"}},
        {"creditLimit": 5},
        {"lastModified": "yesterday"},
        {"lastModified": 5},
        {"@schemaLocation": "no uri"},
        {"state": ["Active"]},
        {"name": "a\x00b"},
    ],
    ids=str,
)
@pytest.mark.parametrize("media", ["application/json", MERGE])
def test_a_merge_patch_is_checked(
    client: httpx.Client, billing: Document, body: Document, media: str
) -> None:
    """A merge patch with a wrong type or format is 4xx, naming the attribute."""
    (attribute,) = body
    response = patch(client, f"{BILLING}/{billing['id']}", body, media)
    assert response.status_code in (400, 409)
    refused(response, response.status_code, attribute)


def test_a_patch_makes_no_giant(client: httpx.Client, billing: Document) -> None:
    """A small patch of copies of copies is refused before it fills the memory."""
    body: list[Document] = [{"op": "add", "path": "/a", "value": ["x" * 1000] * 10}]
    body += [{"op": "copy", "from": "/a", "path": "/a/-"} for _ in range(60)]
    refused(patch(client, f"{BILLING}/{billing['id']}", body, JSON_PATCH), 409)


def test_a_patch_has_an_end(client: httpx.Client, billing: Document) -> None:
    """More operations than anyone needs are refused."""
    body = [{"op": "test", "path": "/state", "value": "Active"}] * 1001
    refused(patch(client, f"{BILLING}/{billing['id']}", body, JSON_PATCH), 400)
