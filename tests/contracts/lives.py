"""The life of a resource as its contract has it: made, found, changed, told of, and gone.

What is sent is drawn from the contract as published (drawing.py); what comes back is checked by the
effective contract, which the server hands to its clients.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from tests.contracts.drawing import Contract, body_schema, draw, followed, merged, operations
from tests.serving import select
from tmfserver.planning import make_plan
from tmfserver.server import Server
from tmfserver.settings import Settings
from tmfserver.spec import Api, loader

MEDIA = ("application/json", "application/merge-patch+json")
JSON_PATCH = ("application/json-patch+json", "application/json-patch-query+json")
# Events and jobs do more than keep what they are told, and have tests of their own.
NOT_LIVED = {"hub", "listener", "importJob", "exportJob", "gizmoImportJob", "gizmoExportJob"}
CREATED = ("201", "200", "202", "204")
CHANGED = ("200", "201", "202", "204")
GONE = ("204", "200", "202")


@dataclass
class Life:
    """One contract on a running server; `lived` names the creates that came to their end."""

    client: httpx.AsyncClient
    api: Api
    raw: Contract
    lived: list[str] = field(default_factory=list)

    def served(self, path: str) -> str:
        """The path below the base path, which may have taken a beginning of all paths."""
        steps = segments(path)
        some = ["/" + "/".join(steps[at:]) for at in range(len(steps))]
        return next(each for each in some if each in self.api.document["paths"])

    async def ask(self, method: str, path: str, url: str, **more: Any) -> httpx.Response:
        """Sends a request to an operation and checks the answer by the effective contract."""
        response = await self.client.request(method, url, **more)
        declared = self.api.document["paths"][self.served(path)][method]["responses"]
        place = f"{self.api.file.name}: {method.upper()} {url}: {response.status_code}"
        assert response.status_code < 500, f"{place}: {response.text[:600]}"
        known = declared.get(str(response.status_code), declared.get("default"))
        assert known is not None, f"{place} is not declared; {response.text[:600]}"
        if response.content and "application/json" in known.get("content", {}):
            schema = known["content"]["application/json"]["schema"]
            shape = self.api.schemas.shape_of(schema)
            try:
                shape.check(response.json())
            except Exception as failure:
                raise AssertionError(f"{place}: {failure}: {response.text[:600]}") from failure
        return response

    async def live(self) -> None:
        """The life of every resource that can be created."""
        if "/hub" in self.api.document["paths"]:
            await self.client.post(
                f"{self.api.base_path}/hub",
                json={"callback": "http://127.0.0.1:9/x", "@type": "Hub"},
            )
        for method, path, operation in operations(self.raw):
            if method == "post" and not NOT_LIVED & set(segments(path)):
                for rich in (False, True):
                    await self._one(path, operation, rich=rich)
                self.lived.append(self.served(path))

    async def _one(self, path: str, operation: Any, *, rich: bool) -> None:
        url = await self._url(plain(path))
        body = draw(self.raw, body_schema(self.raw, operation), rich=rich)
        _hold(body, path)
        body.pop("id", None)
        made = await self.ask("post", path, url, json=body)
        expected = answered(self.raw, operation, CREATED)
        assert made.status_code == expected, f"{path}: {made.status_code} {made.text[:800]}"
        if made.status_code == 204:
            return
        id = made.json()["id"]
        instance = next(iter(self._below(path)), None)
        if instance is None:
            return
        one, item = instance
        await self._found(path, one, item, url, id)
        await self._changed(one, item, f"{url}/{id}")
        if "delete" in item:
            gone = await self.ask("delete", one, f"{url}/{id}")
            assert gone.status_code == answered(self.raw, item["delete"], GONE), gone.text
            if "get" in item:
                assert (await self.ask("get", one, f"{url}/{id}")).status_code == 404

    async def _url(self, path: str) -> str:
        """The URL of a collection; what it stands in is made first where it can be."""
        beginning = len(segments(path)) - len(segments(self.served(path)))
        steps = segments(path)
        for at, step in enumerate(steps):
            if not step.startswith("{"):
                continue
            above = "/" + "/".join(steps[:at])
            known = {plain(each): (each, item) for each, item in self.raw["paths"].items()}
            item = known.get(above, ("", {}))[1]
            steps[at] = "p-1"
            if "post" in item:
                body = draw(self.raw, body_schema(self.raw, item["post"]), rich=False)
                body.pop("id", None)
                url = "/".join([self.api.base_path, *steps[beginning:at]])
                made = await self.client.post(url, json=body)
                assert "id" in made.json(), f"{url}: {made.text[:600]}"
                steps[at] = made.json()["id"]
        return "/".join([self.api.base_path, *steps[beginning:]])

    def _below(self, path: str) -> Iterator[tuple[str, Any]]:
        """The instance's path, by whatever name its parameter goes."""
        for each, item in self.raw["paths"].items():
            steps = segments(each)
            if steps[:-1] == segments(path) and steps[-1].startswith("{"):
                yield each, item

    async def _found(self, path: str, one: str, item: Any, url: str, id: str) -> None:
        """By its id, and in a list with a filter and fields."""
        if "get" in item:
            got = await self.ask("get", one, f"{url}/{id}")
            assert got.json()["id"] == id
            chosen = await self.ask("get", one, f"{url}/{id}", params={"fields": "href"})
            assert set(chosen.json()) == {"id", "href"}
        if "get" in self.raw["paths"][path]:
            listed = await self.ask("get", path, url, params={"id": id, "fields": "id"})
            assert [each["id"] for each in listed.json()] == [id]
            none = await self.ask("get", path, url, params={"id": "nobody's"})
            assert none.json() == []

    async def _changed(self, one: str, item: Any, url: str) -> None:
        if "patch" in item:
            schema = body_schema(self.raw, item["patch"])
            smallest = draw(self.raw, schema, rich=False)
            smallest.pop("id", None)
            name = changeable(self.raw, schema)
            status = answered(self.raw, item["patch"], CHANGED)
            for number, media in enumerate((*MEDIA, *JSON_PATCH)):
                value = f"text {number}"
                change: Any = {**smallest, name: value} if name else smallest
                if media in JSON_PATCH:
                    change = [{"op": "add", "path": f"/{name or '@x'}", "value": value}]
                headers, text = {"content-type": media}, json.dumps(change)
                done = await self.ask("patch", one, url, content=text, headers=headers)
                assert done.status_code == status, f"{media}: {done.text[:800]}"
                if name and done.content:
                    assert done.json()[name] == value
        if "put" in item:
            put = draw(self.raw, body_schema(self.raw, item["put"]), rich=True)
            put.pop("id", None)
            done = await self.ask("put", one, url, json=put)
            assert done.status_code == answered(self.raw, item["put"], CHANGED), done.text[:800]


def _hold(body: Any, path: str) -> None:
    """What a path begins with is what the document names."""
    for name, value in body.items():
        if "{" in path.strip("/").rpartition("/")[0] and name.lower() in path.lower():
            each = value[0] if isinstance(value, list) else value
            if isinstance(each, dict):
                each["id"] = "p-1"


def segments(path: str) -> list[str]:
    return path.strip("/").split("/")


def plain(path: str) -> str:
    """A path as it is served: one slash in front, none behind."""
    return "/" + path.strip("/")


def answered(raw: Contract, operation: Any, statuses: Sequence[str]) -> int:
    """The status that the contract has for the operation's success."""
    declared = {str(status) for status in operation["responses"]}
    return int(next((status for status in statuses if status in declared), statuses[0]))


def changeable(raw: Contract, schema: Any) -> str:
    """An attribute of a patch that holds any text."""
    for name, inner in merged(raw, schema)["properties"].items():
        whole = followed(raw, inner)
        open_ = not {"enum", "format", "pattern", "maxLength"} & set(whole)
        if whole.get("type") == "string" and open_ and name not in ("id", "href", "@type"):
            return str(name)
    return ""


def told(api: Api, database: str) -> int:
    """How many events were made; each is checked by the schema that the contract has for it."""
    resources = [*api.resources.values(), *(nested.resource for nested in api.nested.values())]
    types = [event for each in resources for event in each.events.values()]
    schemas = {event.name: event.schema for event in types}
    rows = select(database, "SELECT api, type, document FROM event")
    mine = [(type_, text) for path, type_, text in rows if path == api.base_path]
    for type_, text in mine:
        api.schemas.shape(schemas[type_]).check(json.loads(text))
    return len(mine)


def live_all(files: Sequence[Path], database: str, **settings: Any) -> Mapping[str, Life]:
    """Runs a server of these contracts and lives the lives of all; gives them by file name."""

    async def all_lives() -> dict[str, Life]:
        chosen = Settings(
            specs=tuple(str(file) for file in files), database=database, deliver=False,
            callback_networks="127.0.0.0/8", **settings,
        )  # fmt: skip
        server = Server(replace(make_plan(chosen), handlers={}))
        await server.start()
        lives = {}
        try:
            transport = httpx.ASGITransport(server)
            async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
                for api in server._plan.apis:
                    life = Life(client, api, loader.read(api.file))
                    await life.live()
                    lives[api.file.name] = life
        finally:
            await server.stop()
        return lives

    return asyncio.run(all_lives())
