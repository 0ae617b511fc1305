"""What the pages with pictures show: a resource's hierarchy as a tree, its days as bars.

Offered for resources whose contract has an operation for it (`x-operation`): hierarchy, summary.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, quote, urlencode

from tmfserver.engine import ResourceEngine
from tmfserver.engine.trees import LEVELS, tree, whole_tree
from tmfserver.errors import NotFound, RequestFailure
from tmfserver.pages.bars import Chart, charts
from tmfserver.pages.treeing import Drawing, draw
from tmfserver.query.parse import parse
from tmfserver.query.summing import read_summing
from tmfserver.spec import Api, Resource
from tmfserver.spec.verbs import OWN

# Where a page's values stand in the ASGI scope, which Flask finds in its environment.
PICTURE = "tmfserver.picture"

HIERARCHY, CHARTS = "/hierarchy/", "/charts/"
PATIENCE = 30.0  # seconds that a page waits for the database
_OWN_NAMES = ("date", "sum", "where")


@dataclass(frozen=True)
class Source:
    """A resource that pictures are made of. path: its collection's. attributes: what a hierarchy
    shows of each; dates, amounts: attributes that a chart may go by."""

    path: str
    resource: Resource
    make: Callable[[], ResourceEngine]
    attributes: Sequence[str] = ()

    @cached_property
    def engine(self) -> ResourceEngine:
        return self.make()

    @property
    def name(self) -> str:
        return self.resource.name

    @property
    def dates(self) -> list[str]:
        return [name for name, type in self.resource.types.items() if type == "date-time"]

    @property
    def amounts(self) -> list[str]:
        """Numbers, and amounts that have a unit."""
        types = self.resource.types
        found = [name for name, type in types.items() if type == "number"]
        units = {name.rpartition(".")[0] for name in types if name.endswith((".unit", ".units"))}
        return [name.rpartition(".")[0] if name.rpartition(".")[0] in units else name
                for name in found]  # fmt: skip


@dataclass(frozen=True)
class Tree:
    """The page of a hierarchy. problem: why there is no drawing."""

    source: Source
    id: str
    from_top: bool = True
    drawing: Drawing | None = None
    problem: str = ""
    status: int = 200


@dataclass(frozen=True)
class Days:
    """The page of a chart, and what its form holds."""

    source: Source
    date: str
    sum: str
    where: str
    charts: Sequence[Chart] = ()
    problem: str = ""
    status: int = 200


Picture: TypeAlias = Tree | Days


class Pictures:
    """trees: the resources whose handlers state a hierarchy. make: a resource's engine; it is asked
    for when somebody first looks at a picture of it."""

    def __init__(
        self,
        apis: Sequence[Api],
        trees: Container[str] = (),
        make: Callable[[Api, str], ResourceEngine] | None = None,
    ) -> None:
        self.hierarchies: dict[str, Source] = {}
        self.charts: dict[str, Source] = {}
        self._paths: dict[str, str] = {}
        for api in apis:
            for operation in api.operations:
                name = operation.resource or ""
                if make is None or name not in api.resources:
                    continue
                path, engine = f"{api.base_path}/{name}", partial(make, api, name)
                if operation.verb == "hierarchy" and name in trees:
                    shown = operation.definition[OWN].get("attributes", ())
                    self._paths[api.collection_name(name)] = path
                    self.hierarchies[path] = Source(path, api.resources[name], engine, shown)
                elif operation.verb == "summary":
                    self.charts[path] = Source(path, api.resources[name], engine)

    def find(self, path: str) -> Callable[[str, str], Awaitable[Picture]] | None:
        """What makes the page at a path, of (base URL, query string); None: there is none."""
        for folder, sources in ((HIERARCHY, self.hierarchies), (CHARTS, self.charts)):
            if not path.startswith(folder):
                continue
            rest = path.removeprefix(folder[:-1])
            for own, source in sources.items():
                if folder == HIERARCHY and rest.startswith(f"{own}/"):
                    return partial(self._tree, source, rest.removeprefix(f"{own}/"))
                if rest == own:
                    return partial(self._tree if folder == HIERARCHY else self._days, source, "")
        return None

    async def _tree(self, source: Source, id: str, base: str, query: str) -> Tree:
        given = dict(parse_qsl(query))
        id = id or given.get("id", "").strip()
        from_top = given.get("from") != "here"
        family, place = source.engine.checks.family, source.engine.collection
        if family is None or not id:
            return Tree(source, id, problem="Which one is to be drawn?", status=400)
        grow = whole_tree if from_top else tree
        try:
            async with asyncio.timeout(PATIENCE):
                root = await grow(family, place, id, f"{base}/", LEVELS)
        except (RequestFailure, TimeoutError) as failure:
            status = 404 if isinstance(failure, NotFound) else 503
            return Tree(source, id, from_top, problem=_told(failure), status=status)

        def link(collection: str, id: str) -> str:
            path = self._paths.get(collection)
            return f"{HIERARCHY[:-1]}{path}/{quote(id, safe='')}" if path else ""

        return Tree(source, id, from_top, draw(root, id, source.attributes, link))

    async def _days(self, source: Source, _id: str, base: str, query: str) -> Days:
        given = parse_qsl(query, keep_blank_values=True)
        own = {name: value.strip() for name, value in given if name in _OWN_NAMES}
        others = urlencode([each for each in given if each[0] not in _OWN_NAMES], safe="@[]$?()'*")
        where = "&".join(part for part in (own.get("where", ""), others) if part)
        date = own.get("date") or next(iter(source.dates), "")
        asked = Days(source, date, own.get("sum", ""), where)
        try:
            async with asyncio.timeout(PATIENCE):
                return await _filled(asked, base)
        except (RequestFailure, TimeoutError) as failure:
            status = 503 if isinstance(failure, TimeoutError) else 400
            return Days(source, date, asked.sum, where, problem=_told(failure), status=status)


async def _filled(asked: Days, base: str) -> Days:
    engine = asked.source.engine
    types: Mapping[str, Any] = engine.resource.types
    text = f"groupBy={asked.date}.day" + (f"&sum={asked.sum}" if asked.sum else "")
    summing, _ = read_summing(text, types)
    filter = parse(asked.where, types).filter
    folded = await engine.total(filter, summing, f"{base}{asked.source.path}/")
    return Days(asked.source, asked.date, asked.sum, asked.where, charts(folded, asked.sum))


def _told(failure: Exception) -> str:
    return str(failure) or "The database did not answer in time."
