"""What `tmfserver check NEW --against OLD` tells: what a newer contract gains, loses and breaks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tmfserver import handling, spec
from tmfserver.engine.sharing import Sharing, between, kept_in, parse_sharings
from tmfserver.errors import NothingToCompare
from tmfserver.examining import Examined, examine, told
from tmfserver.handling import Handler
from tmfserver.planning import bundled_specs
from tmfserver.settings import Settings, read_base_paths
from tmfserver.spec import Api
from tmfserver.spec.compare import compare
from tmfserver.spec.difference import Difference, breaks_clients, breaks_documents
from tmfserver.spec.facts import Facts, facts_of, rename
from tmfserver.spec.flat import at, elements

COMPATIBLE, CLIENTS, DOCUMENTS = 0, 3, 4
_VERDICTS = {
    COMPATIBLE: "Compatible: clients and stored documents can go on.",
    CLIENTS: "Breaking for clients; stored documents can go on.",
    DOCUMENTS: "Breaking for stored documents.",
}
_PLACES = 6  # places that a line names


@dataclass(frozen=True)
class Upgrade:
    """One contract beside the one before it. stored: with a database, what became of its documents,
    None without. handlers: sentences on rules that lose what they are about. shared: the resources
    that both keep in one table, though their base paths differ."""

    old: Facts
    new: Facts
    differences: list[Difference]
    stored: list[Examined] | None
    handlers: list[str]
    shared: list[str]

    @property
    def code(self) -> int:
        """The exit code. What a database holds goes before what it might hold."""
        broken = breaks_documents(self.differences)
        if self.stored is not None:
            broken = any(each.failing for each in self.stored)
        if broken:
            return DOCUMENTS
        return CLIENTS if breaks_clients(self.differences) else COMPATIBLE


def check(
    settings: Settings, against: str, database: str | None, *, as_json: bool
) -> tuple[str, int]:
    """(what to print, exit code). Raises NothingToCompare, and as reading contracts does."""
    places = [Path(place) for place in settings.specs] or [bundled_specs()]
    older, newer = spec.files([Path(against)]), spec.files(places)
    chosen = read_base_paths(settings.base_paths, [file.name for file in (*older, *newer)])
    olds, news = (spec.read(*files, base_paths=chosen) for files in (older, newer))
    pairs = [(old, new) for new in news if (old := _before(new, olds)) is not None]
    if not pairs:
        names = ", ".join(str(place) for place in places)
        raise NothingToCompare(new=names, old=against)
    handlers = handling.load([old for old, _ in pairs], settings.handlers, bundled=False)
    sharings = parse_sharings(settings.shared_tables)
    upgrades = []
    for old, new in pairs:
        stored = None if database is None else list(_stored(old, new, sharings, database))
        upgrades.append(_upgrade(old, new, handlers, stored, sharings))
    code = max(each.code for each in upgrades)
    if as_json:
        return json.dumps([_as_json(each) for each in upgrades], indent=2), code
    return "\n\n".join("\n".join(_lines(each)) for each in upgrades), code


def _before(new: Api, olds: Sequence[Api]) -> Api | None:
    """The contract that another takes the place of: of its base path, else of its title, else with
    the most resources of its own."""
    for old in olds:
        if old.base_path == new.base_path:
            return old
    ranked = sorted(olds, key=lambda old: (_alike(old, new), len(_shared(old, new))), reverse=True)
    best = ranked[0]
    return best if _alike(best, new) or _shared(best, new) else None


def _alike(old: Api, new: Api) -> bool:
    one, other = (each.title.lower().removeprefix("api").replace(" ", "") for each in (old, new))
    return one == other


def _shared(old: Api, new: Api) -> set[str]:
    return set(old.resources) & set(new.resources)


def _stored(
    old: Api, new: Api, sharings: Mapping[str, Sharing], database: str
) -> Iterator[Examined]:
    """What becomes of the documents of each resource: by the names that the newer contract has for
    what is in that table, if it shares it."""
    tables = {name: kept_in(sharings, new.collection_name(name)) for name in new.resources}
    for name in old.resources:
        table, names = kept_in(sharings, old.collection_name(name))
        sharing = sorted([each for each in tables if tables[each][0] == table], key=name.__ne__)
        resource = next(iter(sharing), name)
        names = tables[resource][1] if sharing else names
        yield examine(database, table, resource, new, names=names)


def _upgrade(
    old: Api,
    new: Api,
    handlers: Mapping[str, Handler],
    stored: list[Examined] | None,
    sharings: Mapping[str, Sharing],
) -> Upgrade:
    before, after = facts_of(old), facts_of(new)
    names = dict(_called_otherwise(old, new, sharings))
    differences = [
        *(_called(name, *pair) for name, pairs in names.items() for pair in pairs.items()),
        *(_but_for(each, names) for each in compare(rename(before, names), after)),
    ]
    mine = {name: handler for name, handler in handlers.items() if name in old.resources}
    losses = [loss for name, each in mine.items() for loss in _losses(name, each, old, new)]
    return Upgrade(before, after, differences, stored, losses, sorted(names))


def _called_otherwise(
    old: Api, new: Api, sharings: Mapping[str, Sharing]
) -> Iterator[tuple[str, dict[str, str]]]:
    """The resources that both keep in one table, each with the attributes that the newer contract
    calls otherwise: old → new."""
    for name in sorted(_shared(old, new)):
        theirs, ours = old.collection_name(name), new.collection_name(name)
        if theirs != ours and kept_in(sharings, theirs)[0] == kept_in(sharings, ours)[0]:
            names = between(sharings.get(theirs), sharings.get(ours))
            yield name, {before: after for before, after in names.items() if before != after}


def _called(resource: str, old: str, new: str) -> Difference:
    return Difference("attribute", f"{resource}.{old}", f"is called {new} now", "breaking")


def _but_for(found: Difference, shared: Iterable[str]) -> Difference:
    """What another base path is to documents, where some stay in the table that both have."""
    if found.kind != "base path" or not shared:
        return found
    return replace(found, text=f"{found.text}, but for those of {', '.join(shared)}")


def _losses(resource: str, handler: Handler, old: Api, new: Api) -> Iterator[str]:
    """What a handler's rules and functions are about, and the newer contract has not."""
    module, rules = handler.module, handler.rules
    if resource not in new.resources:
        yield f"{module}: there is no {resource} any more"
        return
    names = {each.function_name for each in new.operations if each.resource == resource}
    for name in sorted(handler.functions.keys() - names):
        yield f"{module}: no operationId of {resource} is `{name}` any more"
    before, after = facts_of(old), facts_of(new)

    def lost(path: str) -> bool:
        known, whole = before.resources[resource]["whole"], after.resources[resource]["whole"]
        return bool(at(known, before.schemas, path) and not at(whole, after.schemas, path))

    for path in rules.indexed:
        if lost(path):
            yield f"{module}: `indexed` names '{path}', which is gone"
    for path in rules.references:
        if lost(path):
            yield f"{module}: `references` names '{path}', which is gone"
    if rules.lifecycle is not None:
        yield from _states(handler, after, resource, gone=lost(rules.lifecycle.attribute))


def _states(handler: Handler, new: Facts, resource: str, *, gone: bool) -> Iterator[str]:
    lifecycle = handler.rules.lifecycle
    if lifecycle is None:
        return
    attribute = lifecycle.attribute
    if gone:
        yield f"{handler.module}: the life cycle's '{attribute}' is gone"
        return
    flat = at(new.resources[resource]["whole"], new.schemas, attribute)
    values = elements(flat, new.schemas).values if flat is not None else None
    if values is not None:
        if missing := [state for state in lifecycle.steps if state not in values]:
            yield f"{handler.module}: the life cycle's {_quoted(missing)} is no {attribute} now"
        if more := [value for value in values if value and value not in lifecycle.steps]:
            yield f"{handler.module}: the life cycle has no {_quoted(more)} of {attribute}"


def _quoted(names: Iterable[Any]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _as_json(upgrade: Upgrade) -> dict[str, Any]:
    return {
        **{
            key: {"title": each.title, "version": each.version, "base_path": each.base_path}
            for key, each in (("old", upgrade.old), ("new", upgrade.new))
        },
        "exit_code": upgrade.code,
        "verdict": _VERDICTS[upgrade.code],
        "differences": [asdict(each) for each in upgrade.differences],
        "stored": None if upgrade.stored is None else [asdict(each) for each in upgrade.stored],
        "handlers": upgrade.handlers,
        "shared": upgrade.shared,
    }


def _lines(upgrade: Upgrade) -> Iterator[str]:
    old, new = upgrade.old, upgrade.new
    yield f"{new.title} {new.version} after {old.title} {old.version}"
    yield f"  {_VERDICTS[upgrade.code]}"
    if old.base_path != new.base_path:
        others = f", but for those of {', '.join(upgrade.shared)}," if upgrade.shared else ""
        yield (
            f"  Both can be served at once, at {old.base_path} and {new.base_path}; documents"
            f"{others} stay in the tables of the first until they are carried over"
            " (docs/upgrading-specs.md)."
        )
    for head, chosen in _grouped(upgrade.differences):
        if chosen:
            yield f"  {head}:"
            yield from (f"    {line}" for line in _told(chosen))
    if upgrade.stored is not None:
        yield "  stored documents:"
        yield from (f"    {line}" for each in upgrade.stored for line in _told_stored(each))
    if upgrade.handlers:
        yield "  handlers:"
        yield from (f"    {line}" for line in upgrade.handlers)


def _grouped(differences: list[Difference]) -> Iterator[tuple[str, list[Difference]]]:
    documents = [each for each in differences if each.for_documents == "breaking"]
    clients = [
        each for each in differences if each.for_clients == "breaking" and each not in documents
    ]
    yield "breaking for stored documents", documents
    yield "breaking for clients", clients
    yield "compatible", [each for each in differences if each not in [*documents, *clients]]


def _told(differences: Iterable[Difference]) -> Iterator[str]:
    """One line for what is said of several places that end alike."""
    places: dict[tuple[str, str, str], list[str]] = {}
    for each in differences:
        last = each.place.rpartition(".")[2] if "." in each.place else each.place
        whole = replace(each, place="")
        places.setdefault((whole.kind, last, whole.text), []).append(each.place)
    for (kind, _, text), found in places.items():
        more = f" and {len(found) - _PLACES} more" if len(found) > _PLACES else ""
        yield f"{kind}: {', '.join(found[:_PLACES])}{more}: {text}"


def _told_stored(found: Examined) -> Iterator[str]:
    yield f"{found.resource}: {found.looked_at} looked at, {found.failing} would not hold"
    yield from (f"  {told(found, reason)}" for reason in found.reasons)
