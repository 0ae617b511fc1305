"""What imports and exports are of: a resource, as people name it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tmfserver.changes import Collection
from tmfserver.errors import Invalid
from tmfserver.spec import JOBS, Api


@dataclass(frozen=True)
class Target:
    """A resource to import to or export from. path: its collection's, e.g. /tmf-api/x/v4/thing."""

    api: Api
    name: str
    collection: Collection

    @property
    def path(self) -> str:
        return f"{self.api.base_path}/{self.name}"

    def base(self, base_url: str) -> str:
        """The collection's URL with its slash; base_url: scheme and host."""
        return f"{base_url}{self.path}/"


class Targets:
    """All resources that a server keeps, but for jobs."""

    def __init__(self, apis: Sequence[Api], collections: Mapping[str, Collection]) -> None:
        self._all = [
            Target(api, name, collections[api.collection_name(name)])
            for api in apis
            for name in api.resources
            if name not in JOBS
        ]

    def find(self, text: str, home: str | None = None) -> Target:
        """The resource that a text names: "thing" (of the API whose base path is `home`, if one is
        given), or "thingManagement/v4/thing", with a slash or /tmf-api/ in front or not.

        Raises errors.Invalid.
        """
        named = text.partition("?")[0].strip("/").removeprefix("tmf-api/")
        found = [
            each
            for each in self._all
            if named in (each.collection.name, each.path.strip("/"))
            or (named == each.name and home in (None, each.api.base_path))
        ]
        if len(found) == 1:
            return found[0]
        names = ", ".join(each.collection.name for each in found or self._all)
        problem = f"got '{text[:200]}', expected one of {names}"
        raise Invalid(attribute="path", problem=problem)

    def named(self, collection: str) -> Target | None:
        """By its collection's name; None if it is not served any more."""
        return next((each for each in self._all if each.collection.name == collection), None)
