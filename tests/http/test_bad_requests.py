"""Media types, methods and paths that are not served: 415, 405 with Allow, 404."""

from __future__ import annotations

import json

import httpx
import pytest
from tests.http.asking import (
    ACCOUNTS,
    FORMAT,
    JSON_PATCH,
    JSON_PATCH_QUERY,
    MERGE,
    USAGE,
    USAGES,
    create,
    raw,
    refused,
    request_bytes,
    unchanged,
)
from tests.serving import Server

UNKNOWN_MEDIA = (
    "text/plain",
    "text/json",
    "application/xml",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/octet-stream",
    "application/problem+json",
    "application",
    "nonsense",
    "application/json; charset=iso-8859-1",
    "application/json; charset=utf-16",
)
KNOWN_MEDIA = (
    "application/json",
    "application/json;charset=utf-8",
    'application/json; charset="UTF-8"',
    "Application/JSON",
    "application/json; something=else",
)
COLLECTION = {"GET", "HEAD", "OPTIONS", "PATCH", "POST"}
INSTANCE = {"GET", "HEAD", "OPTIONS", "PATCH", "DELETE"}
ANY_ID = "0190-nobody"
ALLOWED = {
    USAGE: COLLECTION,
    FORMAT: COLLECTION,
    f"{USAGE}/{ANY_ID}": INSTANCE,
    f"{USAGES}/hub": {"OPTIONS", "POST"},
    f"{ACCOUNTS}/hub/{ANY_ID}": {"GET", "HEAD", "OPTIONS", "DELETE"},
    f"{USAGES}/listener/usageCreateEvent": {"OPTIONS", "POST"},
}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "LOCK", "SEARCH")
UNKNOWN_PATHS = (
    "/nothing",
    "/usage",
    "/tmf-api",
    "/tmf-api/",
    "/tmf-api/usageManagement/v4/nothing",
    "/tmf-api/usageManagement/v3/usage",
    "/tmf-api/usageManagement/v4/Usage",
    "/tmf-api/usageManagement/v4/usage/",
    "/tmf-api/usageManagement/v4//usage",
    "/tmf-api/usageManagement/v4/usage/1/2",
    "/tmf-api/usageManagement/v4/billFormat",
    "/tmf-api/accountManagement/v4/listener/usageCreateEvent",
    "/%00",
    "/é",
)


@pytest.mark.parametrize("media", UNKNOWN_MEDIA)
def test_unknown_media_types_are_415(client: httpx.Client, media: str) -> None:
    """A body of another media type, or in another charset, is 415, naming what is taken."""
    headers = {"content-type": media}
    made = create(client, FORMAT, {"name": "stays"})
    path = f"{FORMAT}/{made['id']}"
    with unchanged(client, FORMAT):
        error = refused(client.post(FORMAT, content='{"name": "x"}', headers=headers), 415)
        assert "application/json" in error["message"] or "utf-8" in error["message"]
        refused(client.patch(path, content='{"name": "x"}', headers=headers), 415)
    assert client.get(path).json() == made


@pytest.mark.parametrize("media", [MERGE, JSON_PATCH, JSON_PATCH_QUERY])
def test_patches_create_nothing(client: httpx.Client, media: str) -> None:
    """A media type of patches is 415 on a create."""
    with unchanged(client, FORMAT):
        headers = {"content-type": media}
        refused(client.post(FORMAT, content='{"name": "x"}', headers=headers), 415, media)


@pytest.mark.parametrize("media", KNOWN_MEDIA)
def test_json_is_taken_however_it_is_called(client: httpx.Client, media: str) -> None:
    """application/json is taken with or without charset, in any case."""
    headers = {"content-type": media}
    response = client.post(FORMAT, content='{"name": "x"}', headers=headers)
    assert response.status_code == 201


def test_json_may_come_without_a_content_type(client: httpx.Client) -> None:
    """A JSON body without a content type is JSON."""
    response = client.post(FORMAT, content='{"name": "x"}')
    assert "content-type" not in response.request.headers
    assert response.status_code == 201


@pytest.mark.parametrize("accept", ["application/xml", "text/html", "image/*", "nonsense"])
def test_the_answer_is_json_whatever_is_accepted(client: httpx.Client, accept: str) -> None:
    """An Accept that cannot be served is answered with application/json (TMF630 1.7)."""
    response = client.get(USAGE, headers={"accept": accept})
    assert response.status_code == 200
    assert response.headers["content-type"].split(";")[0] == "application/json"


def allow(response: httpx.Response) -> set[str]:
    return {method.strip() for method in response.headers["allow"].split(",")}


@pytest.mark.parametrize("path", ALLOWED)
def test_unknown_methods_are_405(client: httpx.Client, path: str) -> None:
    """A method that a path does not take is 405, and Allow lists those it takes."""
    for method in METHODS:
        if method not in ALLOWED[path]:
            response = client.request(method, path)
            refused(response, 405, method)
            assert allow(response) == ALLOWED[path]


@pytest.mark.parametrize("path", ALLOWED)
def test_options_lists_the_methods(client: httpx.Client, path: str) -> None:
    """OPTIONS is answered without a body, with Allow."""
    response = client.options(path)
    assert response.status_code in (200, 204)
    assert response.content == b""
    assert allow(response) == ALLOWED[path]


@pytest.mark.parametrize("method", [b"FOO", b"get", b"BREW"])
def test_a_method_that_nobody_knows_is_405(server: Server, method: bytes) -> None:
    """A method that HTTP itself does not know is 405 too, with Allow."""
    response = raw(server.port, request_bytes(method, USAGE.encode()))
    refused(response, 405)
    assert allow(response) == COLLECTION


@pytest.mark.parametrize("path", UNKNOWN_PATHS)
def test_unknown_paths_are_404(client: httpx.Client, path: str) -> None:
    """A path that no contract has is 404 for every method."""
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        body = None if method in ("GET", "OPTIONS") else json.dumps({"name": "x"})
        refused(client.request(method, path, content=body), 404)


def test_head_is_get_without_a_body(client: httpx.Client) -> None:
    """HEAD answers with the headers of GET and no body."""
    made = create(client, FORMAT, {"name": "headed"})
    for path in (FORMAT, f"{FORMAT}/{made['id']}"):
        head, got = client.head(path), client.get(path)
        assert head.status_code == 200
        assert head.content == b""
        ignored = {"date", "content-length", "transfer-encoding"}
        assert {name for name in head.headers if name not in ignored} == {
            name for name in got.headers if name not in ignored
        }
        for name in ("etag", "x-total-count", "content-type"):
            assert head.headers.get(name) == got.headers.get(name)
    missing = client.head(f"{FORMAT}/{ANY_ID}")
    assert (missing.status_code, missing.content) == (404, b"")


def test_bodies_where_none_belongs(client: httpx.Client) -> None:
    """A body on GET or DELETE is no obstacle."""
    made = create(client, FORMAT, {"name": "x"})
    path = f"{FORMAT}/{made['id']}"
    assert client.request("GET", path, content="nonsense").json() == made
    assert client.request("DELETE", path, content="nonsense").status_code == 204
