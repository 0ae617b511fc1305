"""What imports and exports are of: a collection, as people name it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tmfserver.changes import Collection, Present
from tmfserver.engine.nested import (
    NOBODY,
    Holding,
    head_of,
    held,
    holding,
    key_of,
    naming,
    place_of,
)
from tmfserver.errors import Invalid, NotFound
from tmfserver.query.ast import Query
from tmfserver.repository import Store
from tmfserver.spec import JOBS, Api
from tmfserver.spec.adaptations import ID_PATTERN
from tmfserver.spec.verbs import is_parameter

_ID = re.compile(ID_PATTERN)


@dataclass(frozen=True)
class Target:
    """A collection to import to or export from.

    place: its path below the base path, e.g. /thing, or /thing/{thingId}/part where it stands in
    documents that `holders` names by their ids, the outermost first; holding: what these are.
    attribute: where it is those documents of a collection that name the one holder, by this.
    """

    api: Api
    name: str
    collection: Collection
    place: str
    holding: Holding = NOBODY
    holders: tuple[str, ...] = ()
    attribute: str = ""

    @property
    def path(self) -> str:
        """Where its documents are, with the base path, e.g. /tmf-api/x/v4/thing/1/part."""
        if self.attribute:
            return f"{self.api.base_path}/{self.name}"
        return f"{self.api.base_path}{place_of(self.place, self.holders)}"

    def base(self, base_url: str) -> str:
        """The collection's URL with its slash; base_url: scheme and host."""
        return f"{base_url}{self.path}/"

    @property
    def holder(self) -> str:
        """The key of what the collection stands in; "" where it stands in nothing."""
        return key_of(self.holders)

    @property
    def is_within(self) -> bool:
        """Whether its documents stand in others, and have keys by these."""
        return bool(self.holders) and not self.attribute

    @property
    def head(self) -> str:
        """What the keys of its documents begin with."""
        return head_of(self.holder) if self.is_within else ""

    def narrow(self, query: Query) -> Query:
        """What a list of it asks of the collection."""
        return naming(query, self.attribute, self.holder) if self.attribute else query

    def take(self, document: Any) -> Any:
        """A new document as it is to be there. Raises ServerSet."""
        if not self.attribute or not isinstance(document, dict):
            return document
        is_list = self.attribute in self.collection.arrays
        return held(document, self.attribute, self.holder, is_list=is_list)

    @property
    def present(self) -> list[Present]:
        """What a new document there counts on."""
        return self.holding.present(self.holders)

    async def check(self, store: Store) -> None:
        """Raises NotFound where what it stands in is not there."""
        await self.holding.check(store, self.holders)

    @property
    def whole(self) -> str:
        """How it is named among all APIs', e.g. x/v4/thing or x/v4/thing/{thingId}/part."""
        return f"{self.api.base_path}{self.place}".strip("/").removeprefix("tmf-api/")

    @property
    def task(self) -> dict[str, Any]:
        """What a job's task says of it."""
        told = {"target": self.collection.name, "holders": self.holders}
        return {**told, "attribute": self.attribute}


class Targets:
    """All collections that a server keeps, but for jobs."""

    def __init__(self, apis: Sequence[Api], collections: Mapping[str, Collection]) -> None:
        self._all = [
            target
            for api in apis
            for target in _targets(api, collections)
            if target.name not in JOBS
        ]

    def find(self, text: str, home: str | None = None) -> Target:
        """The collection that a text names: "thing" (of the API whose base path is `home`, if one
        is given), or "thingManagement/v4/thing", with a slash or /tmf-api/ in front or not; one
        that stands in a document with the id of that, as in "thing/1/part".

        Raises errors.Invalid.
        """
        named = text.partition("?")[0].strip("/").removeprefix("tmf-api/")
        found = [
            replace(each, holders=ids)
            for each in self._all
            for place in {each.whole, each.place.strip("/")}
            if place == each.whole or home in (None, each.api.base_path)
            if (ids := _ids(place, named)) is not None
        ]
        if len(found) == 1:
            return found[0]
        names = ", ".join(each.whole for each in found or self._all)
        problem = f"got '{text[:200]}', expected one of {names}"
        raise Invalid(attribute="path", problem=problem)

    async def find_there(self, text: str, home: str, store: Store) -> Target:
        """The same, what it stands in included. Raises errors.Invalid."""
        target = self.find(text, home)
        try:
            await target.check(store)
        except NotFound as failure:
            problem = f"got '{text[:200]}', but {_begun_small(str(failure))}"
            raise Invalid(attribute="path", problem=problem.removesuffix(".")) from None
        return target

    def named(self, task: Mapping[str, Any]) -> Target | None:
        """The one that a job's task is about; None if it is not served any more."""
        meant = task["target"], task.get("attribute", "")
        for each in self._all:
            if (each.collection.name, each.attribute) == meant:
                return replace(each, holders=tuple(task.get("holders", ())))
        return None


def _targets(api: Api, collections: Mapping[str, Collection]) -> Iterator[Target]:
    called = api.collection_name
    for name in api.resources:
        yield Target(api, name, collections[called(name)], f"/{name}")
    for name, nested in api.nested.items():
        place, held_in = nested.place, holding(name, collections, called)
        yield Target(api, name, collections[called(name)], place, held_in)
    for each in api.operations:
        if each.holder and each.verb == "list":
            name = each.resource or ""
            yield Target(api, name, collections[called(name)], each.path, attribute=each.holder)


def _ids(place: str, path: str) -> tuple[str, ...] | None:
    """What a path has for the variables of a place; None where it leads elsewhere."""
    wanted, given = place.split("/"), path.split("/")
    if len(wanted) != len(given):
        return None
    ids = []
    for step, each in zip(wanted, given, strict=True):
        if not (_ID.match(each) if is_parameter(step) else each == step):
            return None
        if is_parameter(step):
            ids.append(each)
    return tuple(ids)


def _begun_small(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
