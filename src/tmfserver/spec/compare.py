"""What a newer contract gains, loses and breaks, for clients and for documents that are stored.

Resources are compared by name and operations by method and path, whatever the base paths are, and
schemas by what they say, whatever their definitions are called. What many attributes share is told
once, at its shallowest place in each resource.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from tmfserver.spec.compare_schemas import Seen, compare_schemas
from tmfserver.spec.difference import Difference, worse
from tmfserver.spec.facts import Facts
from tmfserver.spec.flat import flatten


def compare(old: Facts, new: Facts) -> list[Difference]:
    """What differs, breaking differences first: for documents, then for clients."""
    found: list[Difference] = []
    if old.base_path.rstrip("/") != new.base_path.rstrip("/"):
        text = f"is {new.base_path} now: clients ask there, and documents have other tables"
        found.append(Difference("base path", old.base_path, text, "breaking"))
    found += _resources(old, new)
    found += _operations(old, new)
    for name in old.resources.keys() & new.resources.keys():
        found += _events(name, old.resources[name]["events"], new.resources[name]["events"])
        found += _attributes(name, old, new)
    return sorted(
        found,
        key=lambda each: (each.for_documents, each.for_clients, each.place, each.kind, each.text),
    )


def _resources(old: Facts, new: Facts) -> Iterable[Difference]:
    for name in old.resources.keys() - new.resources.keys():
        text = "is gone: its documents stay in their table, and nothing serves them"
        yield Difference("resource", name, text, "breaking", "breaking")
    for name in new.resources.keys() - old.resources.keys():
        yield Difference("resource", name, "is new")


def _operations(old: Facts, new: Facts) -> Iterable[Difference]:
    """Those of resources that came or went are told by their resource."""
    shared = {None, *(old.resources.keys() & new.resources.keys())}
    for key, before in old.operations.items():
        after = new.operations.get(key)
        if after is not None:
            yield from _operation(_shown(key, before), before, after)
        elif before["resource"] in shared:
            yield Difference("operation", _shown(key, before), "is gone", "breaking")
    for key, after in new.operations.items():
        if key not in old.operations and after["resource"] in shared:
            yield Difference("operation", _shown(key, after), "is new")


def _shown(key: str, operation: Mapping[str, Any]) -> str:
    return f"{key.split(' ', 1)[0]} {operation['path']}"


def _operation(
    place: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterable[Difference]:
    told, tells = before["parameters"], after["parameters"]
    for name in told.keys() - tells.keys():
        yield Difference("parameter", place, f"takes no {_named(name)} any more", "breaking")
    for name, mandatory in tells.items():
        if mandatory and not told.get(name):
            yield Difference("parameter", place, f"wants {_named(name)}", "breaking")
        elif name not in told:
            yield Difference("parameter", place, f"takes {_named(name)}")
        elif told[name] and not mandatory:
            yield Difference("parameter", place, f"can do without {_named(name)}")
    yield from _sets("media type", place, "takes", before["takes"], after["takes"])
    good, better = ([s for s in each["statuses"] if s[:1] == "2"] for each in (before, after))
    yield from _sets("status", place, "answers", good, better)


def _named(parameter: str) -> str:
    place, name = parameter.split(" ", 1)
    return f"the {place} parameter '{name}'"


def _sets(
    kind: str, place: str, verb: str, old: Iterable[str], new: Iterable[str]
) -> Iterable[Difference]:
    if lost := sorted({*old} - {*new}):
        yield Difference(kind, place, f"{verb} no {', '.join(lost)} any more", "breaking")
    if gained := sorted({*new} - {*old}):
        yield Difference(kind, place, f"{verb} {', '.join(gained)} too")


def _events(resource: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterable[Difference]:
    for kind in old.keys() - new.keys():
        yield Difference("event", resource, f"{old[kind]['name']} is gone", "breaking")
    for kind in new.keys() - old.keys():
        yield Difference("event", resource, f"{new[kind]['name']} is new")
    for kind in old.keys() & new.keys():
        name = new[kind]["name"]
        if name != old[kind]["name"]:
            text = f"{old[kind]['name']} is called {name} now"
            yield Difference("event", resource, text, "breaking")
        before, after = {*old[kind]["attributes"]}, {*new[kind]["attributes"]}
        if lost := sorted(before - after):
            yield Difference("event", resource, f"{name} loses {', '.join(lost)}", "breaking")
        if gained := sorted(after - before):
            yield Difference("event", resource, f"{name} gains {', '.join(gained)}")


def _attributes(name: str, old: Facts, new: Facts) -> Iterable[Difference]:
    before, after = old.resources[name], new.resources[name]
    found: dict[tuple[str, str, str], Difference] = {}
    came_or_went: set[str] = set()
    seen: Seen = set()
    for part in ("whole", "created"):
        if not (before[part] and after[part]):
            continue
        pair = before[part], after[part]
        for each in compare_schemas(*pair, old.schemas, new.schemas, part, seen):
            place = f"{name}.{each.place}" if each.place else name
            if each.kind == "attribute" and part == "created" and place in came_or_went:
                continue
            if each.kind == "attribute":
                came_or_went.add(place)
            made = replace(each, place=place)
            key = (each.kind, place, each.text)
            found[key] = worse(found.get(key, made), made)
    yield from found.values()
    shared = _top(before, old) & _top(after, new)
    kept, keeps = set(before["kept"]) & shared, set(after["kept"]) & shared
    for attribute in keeps - kept:
        text = "can no longer be changed by a patch"
        yield Difference("patch", f"{name}.{attribute}", text, "breaking")
    for attribute in kept - keeps:
        yield Difference("patch", f"{name}.{attribute}", "can be changed by a patch")


def _top(resource: Mapping[str, Any], facts: Facts) -> set[str]:
    return {*flatten(resource["whole"], facts.schemas).properties}
