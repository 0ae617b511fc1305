"""The references in documents: where they are, and whether what they refer to exists.

Whether it must is a policy, since much of it is not this server's.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from tmfserver import exact
from tmfserver.changes import Collection
from tmfserver.engine.newcomers import Newcomers
from tmfserver.errors import StillReferredTo, UnresolvedReference
from tmfserver.query.ast import Comparison, Path, Query
from tmfserver.repository import Store
from tmfserver.rules import Rules
from tmfserver.spec import Api, Operation, changed
from tmfserver.spec.additions import declare_expansion

MOST_NAMED = 5  # of those that refer to what is to be deleted


class References:
    """Checks references to the resources of this server's own APIs.

    policy: off, warn or strict. A reference whose href leads to another host, or that holds a
    value instead (`isRef` false), is left alone. rules: those of each resource.
    """

    def __init__(
        self,
        policy: str,
        store: Store,
        collections: Mapping[str, Sequence[Collection]],
        rules: Mapping[str, Rules],
    ) -> None:
        self._policy, self._store, self._collections = policy, store, collections
        self._leading_to: dict[str, list[tuple[str, Collection]]] = {}
        for resource, each in rules.items() if policy == "strict" else ():
            for path, targets in each.references.items():
                for target in _names(targets):
                    leading = self._leading_to.setdefault(target, [])
                    leading += [(path, place) for place in collections.get(resource, ())]

    async def check(
        self,
        rules: Rules,
        old: Mapping[str, Any] | None,
        new: Mapping[str, Any],
        base: str,
        beside: Newcomers | None = None,
    ) -> list[str]:
        """Warnings; raises UnresolvedReference instead when the policy is strict. beside: new
        documents that come with this one, before it."""
        if self._policy == "off" or not rules.references:
            return []
        warnings = []
        for path, resources in rules.references.items():
            names = _names(resources)
            known = {reference["id"] for reference in references(old or {}, path.split("."))}
            for reference in references(new, path.split(".")):
                id, href = reference["id"], reference.get("href")
                if id in known or not is_ours(href, base):
                    continue
                if (beside and beside.has(names, id)) or await self._exists(names, id):
                    continue
                failure = UnresolvedReference(attribute=path, resource=" or ".join(names), id=id)
                if self._policy == "strict":
                    raise failure
                warnings.append(str(failure))
        return warnings

    async def refuse_deletion(self, own: Collection, id: str, base: str) -> None:
        """Raises StillReferredTo, naming some, when others refer to a document and the policy is
        strict."""
        found: dict[str, None] = {}
        for path, place in self._leading_to.get(own.resource, ()):
            dotted = f"{path}.id"
            named = Comparison(tuple(dotted.split(".")), "eq", id, place.types.get(dotted))
            page = await self._store.find(place, Query(named, limit=MOST_NAMED + 2))
            for row in page.rows:
                if (place.name, row[0]) != (own.name, id) and any(
                    each["id"] == id and is_ours(each.get("href"), base)
                    for each in references(exact.loads(row[1]), path.split("."))
                ):
                    found[f"{place.resource} '{row[0]}'"] = None
        if found:
            by = ", ".join([*found][:MOST_NAMED])
            more = " and others" if len(found) > MOST_NAMED else ""
            raise StillReferredTo(resource=own.resource, id=id, by=by + more)

    async def _exists(self, names: Sequence[str], id: str) -> bool:
        places = [place for name in names for place in self._collections.get(name, ())]
        if not places:
            return True
        for place in places:
            if await self._store.get(place, id) is not None:
                return True
        return False


def references(value: Any, path: Sequence[str]) -> Iterator[Any]:
    """The references at the end of a path, through objects and arrays: objects with an id that
    do not hold a value instead (`isRef` false). They are the document's own, not copies."""
    if isinstance(value, list):
        for element in value:
            yield from references(element, path)
    elif isinstance(value, Mapping):
        if path:
            yield from references(value.get(path[0]), path[1:])
        elif isinstance(value.get("id"), str) and value.get("isRef") not in (False, "false"):
            yield value


def is_ours(href: object, base: str) -> bool:
    """No href, a relative one, or one to the host that this request came to."""
    if not isinstance(href, str) or "://" not in href:
        return True
    return href.split("/")[2] == base.split("/")[2]


class ReferencePaths:
    """Where each resource's references are, as its rules declare them, and where they lead."""

    def __init__(self, rules: Mapping[str, Rules]) -> None:
        self._declared: dict[str, dict[Path, list[str]]] = {
            resource: {
                tuple(path.split(".")): _names(names) for path, names in each.references.items()
            }
            for resource, each in rules.items()
        }

    def of(self, resource: str) -> Mapping[Path, Sequence[str]]:
        """Path by path, the resources that a resource's references lead to."""
        return self._declared.get(resource, {})

    def two_levels(self, resource: str) -> list[str]:
        """The dotted paths of a resource's references, and of those in what they lead to."""
        found = {".".join(path): None for path in self.of(resource)}
        for path, targets in self.of(resource).items():
            for target in targets:
                found |= {".".join(path + more): None for more in self.of(target)}
        return list(found)

    def leads_somewhere(self, resource: str, path: Path) -> bool:
        """A path that ends at a reference, perhaps through other references."""
        waiting = {(resource, path)}
        while waiting:
            if any(rest in self.of(name) for name, rest in waiting):
                return True
            waiting = {
                (target, rest[len(known) :])
                for name, rest in waiting
                for known, targets in self.of(name).items()
                if rest[: len(known)] == known
                for target in targets
            }
        return False


def _names(resources: str | Sequence[str]) -> list[str]:
    return [resources] if isinstance(resources, str) else list(resources)


def declare_references(apis: Iterable[Api], declared: ReferencePaths) -> None:
    """The effective contracts tell which references `expand` can name: the handlers' rules do."""
    for api in apis:
        for operation in api.operations:
            name = operation.resource or ""
            paths = declared.two_levels(name.rpartition("/")[2])
            if paths and operation.verb in ("list", "retrieve"):
                known = api.resource(name).types
                changed(api.document, partial(_declare, operation, paths, known))


def _declare(
    operation: Operation,
    paths: Sequence[str],
    known: Container[str],
    document: Mapping[str, Any],
) -> None:
    declare_expansion(document["paths"][operation.path][operation.method], paths, known)
