"""How each resource's documents are kept: what its rules and policies ask of a database."""

from __future__ import annotations

from collections.abc import Iterator

from tmfserver.changes import Collection, UniqueKey
from tmfserver.rules import Rules
from tmfserver.spec import Api


def collection_of(api: Api, name: str, rules: Rules, *, deletions: bool) -> Collection:
    """name: the resource's, or a nested one's. deletions: each asks who refers to what is to go,
    so references have indexes."""
    resource = api.resource(name)
    indexed = dict.fromkeys(rules.indexed)
    if deletions:
        indexed |= dict.fromkeys([f"{path}.id" for path in rules.references])
    return Collection(
        name=api.collection_name(name),
        resource=resource.name,
        indexed=tuple(indexed),
        types=resource.types,
        arrays=resource.arrays,
        keys=tuple(_keys(rules)),
        nested=name in api.nested,
    )


def _keys(rules: Rules) -> Iterator[UniqueKey]:
    """Those of attributes, then the one that a specification makes of characteristics."""
    for paths in rules.unique:
        yield UniqueKey(" + ".join(paths), tuple(paths))
    if rules.characteristics is not None:
        yield UniqueKey(f"{rules.characteristics.values} of {rules.characteristics.specification}")
