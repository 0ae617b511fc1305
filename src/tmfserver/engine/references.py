"""Whether what a document refers to exists: a policy, since much of it is not this server's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tmfserver.errors import UnresolvedReference
from tmfserver.repository import Collection, Store
from tmfserver.rules import Rules


class References:
    """Checks references to the resources of this server's own APIs.

    policy: off, warn or strict. A reference whose href leads to another host, or that holds a
    value instead (`isRef` false), is left alone.
    """

    def __init__(
        self, policy: str, store: Store, collections: Mapping[str, Sequence[Collection]]
    ) -> None:
        self._policy, self._store, self._collections = policy, store, collections

    async def check(
        self, rules: Rules, old: Mapping[str, Any] | None, new: Mapping[str, Any], base: str
    ) -> list[str]:
        """Warnings; raises UnresolvedReference instead when the policy is strict."""
        if self._policy == "off" or not rules.references:
            return []
        warnings = []
        for path, resources in rules.references.items():
            names = [resources] if isinstance(resources, str) else list(resources)
            known = {id for id, _ in _references(old or {}, path.split("."))}
            for id, href in _references(new, path.split(".")):
                if id in known or not _is_ours(href, base) or await self._exists(names, id):
                    continue
                failure = UnresolvedReference(attribute=path, resource=" or ".join(names), id=id)
                if self._policy == "strict":
                    raise failure
                warnings.append(str(failure))
        return warnings

    async def _exists(self, names: Sequence[str], id: str) -> bool:
        places = [place for name in names for place in self._collections.get(name, ())]
        if not places:
            return True
        for place in places:
            if await self._store.get(place, id) is not None:
                return True
        return False


def _references(value: Any, path: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """(id, href) of the references at the end of a path, through objects and arrays."""
    if isinstance(value, list):
        for element in value:
            yield from _references(element, path)
    elif isinstance(value, Mapping):
        if path:
            yield from _references(value.get(path[0]), path[1:])
        elif isinstance(value.get("id"), str) and value.get("isRef") is not False:
            yield value["id"], value.get("href")


def _is_ours(href: object, base: str) -> bool:
    """No href, a relative one, or one to the host that this request came to."""
    if not isinstance(href, str) or "://" not in href:
        return True
    return href.split("/")[2] == base.split("/")[2]
