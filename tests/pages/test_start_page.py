"""The start page: what it says, what it costs, and what it does when the database is away."""

from __future__ import annotations

import asyncio
import html
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tmfserver import sql
from tmfserver.changes import Collection, Insert
from tmfserver.errors import Unavailable
from tmfserver.http.errors import ErrorMiddleware
from tmfserver.pages import overview, pages_middleware
from tmfserver.planning import Plan, make_plan
from tmfserver.repository import Store
from tmfserver.settings import Settings

PASSWORD = "open-sesame"
DATABASE = f"postgresql://tmf:{PASSWORD}@db.example/tmf"
COMMAND = re.compile(r"<pre><code>(.*?)</code></pre>", re.DOTALL)
LINK = re.compile(r'(?:href|src)="([^"]*)"')
AWAY = "database does not answer"


class NoStore:
    """A database that is away: it fails at once, or says nothing for long."""

    def __init__(self, silence: float = 0) -> None:
        self._silence = silence

    async def ping(self) -> None:
        await asyncio.sleep(self._silence)
        raise Unavailable(problem="it is away")

    count = None


@pytest.fixture(scope="module")
def plan() -> Plan:
    return make_plan(Settings())


async def inner(scope: Any, receive: Any, send: Any) -> None:
    """What stands behind the pages."""
    await send({"type": "http.response.start", "status": 299, "headers": []})
    await send({"type": "http.response.body", "body": b"passed by"})


def ask(
    plan: Plan, store: Any, *requests: tuple[str, str], headers: dict[str, str] | None = None
) -> list[httpx.Response]:
    """Answers of the middleware to (method, path) requests."""

    async def run() -> list[httpx.Response]:
        middleware = pages_middleware(plan.apis, plan.collections, store, DATABASE)
        transport = httpx.ASGITransport(ErrorMiddleware(middleware(inner)))
        async with httpx.AsyncClient(transport=transport, base_url="http://tmf.example") as client:
            return [
                await client.request(method, path, headers=headers) for method, path in requests
            ]

    return asyncio.run(run())


def page(plan: Plan, store: Any, **more: Any) -> httpx.Response:
    (response,) = ask(plan, store, ("GET", "/"), **more)
    return response


def with_store(
    plan: Plan, folder: Path, use: Callable[[Store], Awaitable[None]], method: str = "GET"
) -> httpx.Response:
    """The page over a SQLite file that `use` has filled."""

    async def run() -> httpx.Response:
        collections = list(plan.collections.values())
        store = await sql.open_store(f"sqlite:///{folder / 'pages.db'}", collections)
        await use(store)
        middleware = pages_middleware(plan.apis, plan.collections, store, "sqlite:///pages.db")
        transport = httpx.ASGITransport(middleware(inner))
        async with httpx.AsyncClient(transport=transport, base_url="http://tmf.example") as client:
            response = await client.request(method, "/")
        await store.close()
        return response

    return asyncio.run(run())


def counted(text: str) -> dict[str, str]:
    """The documents that the page tells of, by resource."""
    row = re.compile(r'row"><a [^>]*>(\w+)</a>.*?<td class="number">\s*(.*?)</td>', re.DOTALL)
    return {name: re.sub(r"<.*?>", "", shown).strip() for name, shown in row.findall(text)}


def test_the_page_says_what_runs_and_what_it_holds(plan: Plan, tmp_path: Path) -> None:
    """Each contract stands with title, version, base path, file and the count of each resource."""
    collection = plan.collections["accountManagement/v4/billFormat"]

    async def fill(store: Store) -> None:
        changes = [Insert(collection, f"f{n}", f'{{"id":"f{n}"}}', n) for n in range(1200)]
        await store.commit(changes)

    text = with_store(plan, tmp_path, fill).text
    for api in plan.apis:
        for fact in (api.title, api.version, api.base_path, api.file.name):
            assert fact in text
    names = [name for api in plan.apis for name in api.resources]
    assert counted(text) == dict.fromkeys(names, "0") | {"billFormat": "1\u202f200"}
    assert "SQLite database answers" in text


def test_the_page_needs_nothing_from_elsewhere(plan: Plan) -> None:
    """Links and style sheets are this server's own, there is no script, and the browser is told."""
    response = page(plan, NoStore())
    assert all(link.startswith("/") for link in LINK.findall(response.text))
    assert "<script" not in response.text
    assert response.headers["content-security-policy"].startswith("default-src 'none'")
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("silence", [0, 60])
def test_a_database_that_is_away_is_told(
    plan: Plan, silence: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page comes all the same, soon, and says that the database does not answer."""
    monkeypatch.setattr(overview, "PATIENCE", 0.05)
    response = page(plan, NoStore(silence))
    assert response.status_code == 200
    assert f"PostgreSQL {AWAY}" in response.text
    assert set(counted(response.text).values()) == {"–"}


def test_a_count_that_takes_long_is_left_out(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table too large to be counted in time costs its own number, not the page."""
    slow = "usageSpecification"

    class SlowStore(NoStore):
        async def ping(self) -> None: ...

        async def count(self, collection: Collection) -> int:
            if collection.resource == slow:
                await asyncio.sleep(60)
            return 7

    monkeypatch.setattr(overview, "PATIENCE", 0.05)
    text = page(plan, SlowStore()).text
    assert "PostgreSQL database answers" in text
    assert counted(text)["usage"] == "7"
    assert counted(text)[slow] == "–"


def test_no_page_shows_the_database_address(plan: Plan) -> None:
    """Of the setting `database` no more than the kind is shown: no password, user or host."""
    text = page(plan, NoStore()).text
    assert PASSWORD not in text
    assert "db.example" not in text


def test_commands_hold_the_address_that_the_browser_used(plan: Plan) -> None:
    """The curl commands can be pasted where the page was read."""
    text = page(plan, NoStore(), headers={"Host": "accounts.example:8443"}).text
    commands = [html.unescape(found) for found in COMMAND.findall(text)]
    assert len(commands) == 2 * len(plan.apis)
    assert all("http://accounts.example:8443/tmf-api/" in command for command in commands)


@pytest.mark.parametrize("host", ["a';id;'", "<b>x</b>", "x y", "$(id)"])
def test_a_host_header_cannot_put_anything_into_the_commands(plan: Plan, host: str) -> None:
    """What is no host name ends up neither as markup nor as shell syntax."""
    text = page(plan, NoStore(), headers={"Host": host}).text
    assert "<b>" not in text
    for found in COMMAND.findall(text):
        words = shlex.split(html.unescape(found).replace("\\\n", ""))
        assert words[:2] == ["curl", "-i"]
        assert words[2].startswith("http://")
        assert len(words) in (3, 7)


def test_head_is_get_without_a_body(plan: Plan, tmp_path: Path) -> None:
    """HEAD answers for the page and its style sheet, with the headers alone."""

    async def nothing(store: Store) -> None: ...

    response = with_store(plan, tmp_path, nothing, "HEAD")
    assert response.status_code == 200
    assert response.content == b""
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    (style,) = ask(plan, NoStore(), ("HEAD", "/static/pages/pages.css"))
    assert (style.status_code, style.content) == (200, b"")


@pytest.mark.parametrize("path", ["/", "/static/pages/pages.css"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_refused_as_tm_forum_has_it(plan: Plan, method: str, path: str) -> None:
    """A page is read only: 405, Allow, and a TM Forum Error."""
    (response,) = ask(plan, NoStore(), (method, path))
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD"
    error = response.json()
    assert error["code"] == "MethodNotAllowed"
    assert error["status"] == "405"


@pytest.mark.parametrize("name", ["pages.css", "icon.svg"])
def test_static_files_are_served(plan: Plan, name: str) -> None:
    """Style sheet and icon come with their media type, and are not guessed at."""
    (response,) = ask(plan, NoStore(), ("GET", f"/static/pages/{name}"))
    assert response.status_code == 200
    assert response.headers["content-type"].split(";")[0] in ("text/css", "image/svg+xml")
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["/tmf-api/x/v4/thing", "/static/pages/other.css", "/static/pages/", "/index.html"]
)
def test_all_other_paths_pass_by(plan: Plan, path: str) -> None:
    """What is no page of ours is left to what stands behind, unread."""
    (response,) = ask(plan, NoStore(), ("GET", path))
    assert (response.status_code, response.text) == (299, "passed by")


def test_a_query_that_is_no_ascii_does_no_harm(plan: Plan) -> None:
    """The page takes no parameters, and bytes of any kind in their place do not fail it."""

    async def run() -> int:
        app = pages_middleware(plan.apis, plan.collections, NoStore(), DATABASE)(inner)
        statuses: list[int] = []

        async def send(message: Any) -> None:
            statuses.append(message.get("status", 0))

        async def receive() -> Any:
            return {"type": "http.request", "body": b""}

        scope = {
            "type": "http", "http_version": "1.1", "method": "GET", "path": "/", "scheme": "http",
            "query_string": b"\xff=\xfe", "headers": [(b"host", b"tmf.example")],
        }  # fmt: skip
        await app(scope, receive, send)
        return statuses[0]

    assert asyncio.run(run()) == 200


def test_the_pages_cost_the_start_nothing() -> None:
    """The site is made when somebody first looks: starting the server does not import it."""
    code = (
        "import sys; from tmfserver.server import create_app; create_app(); "
        "sys.exit('tmfserver.pages.site' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_link_on_the_page_leads_somewhere(client: httpx.Client) -> None:
    """Lists, Swagger UI, contracts, health, icon and style sheet: all that is named is there."""
    links = set(LINK.findall(client.get("/").text))
    assert len(links) > 10
    assert {link: client.get(link).status_code for link in links} == dict.fromkeys(links, 200)


def test_the_commands_on_the_page_work(client: httpx.Client) -> None:
    """The POST that the page offers creates a document, and the GET finds documents."""
    commands = [html.unescape(found) for found in COMMAND.findall(client.get("/").text)]
    assert commands
    for command in commands:
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
        status = done.stdout.split()[1]
        assert status == ("201" if " -d " in command else "200"), done.stdout
        json.loads(done.stdout.partition("\n\n")[2])
