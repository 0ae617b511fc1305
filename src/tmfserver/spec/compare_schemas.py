"""What differs between two schemas, attribute by attribute."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple, TypeAlias

from tmfserver.spec.difference import Difference, Effect
from tmfserver.spec.flat import Flat, elements, flatten
from tmfserver.spec.wording import NOT_BLANK

# Formats that say how a number or a text is kept, and refuse nothing.
_LOOSE = {"", "int32", "int64", "float", "double", "byte", "binary", "base64", "password", "string"}
# What the server itself gives to each document.
_GIVEN = {"id", "href"}

Seen: TypeAlias = set[tuple[tuple[str, ...], tuple[str, ...]]]


class _Pair(NamedTuple):
    place: str
    old: Mapping[str, Any]
    new: Mapping[str, Any]


def compare_schemas(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    olds: Mapping[str, Any],
    news: Mapping[str, Any],
    part: str,
    seen: Seen,
) -> Iterator[Difference]:
    """What differs, level by level, so that what is shared is told at its shallowest place. Places
    are dotted paths, empty for the whole.

    part: "whole" is a resource's document, as it is stored and read; "created" is what clients
    send, which is never stored as such. seen: the pairs of definitions that were told of.
    """
    open_ = deque([_Pair("", old, new)])
    while open_:
        place, before, after = open_.popleft()
        flat, other = flatten(before, olds), flatten(after, news)
        if flat.refs and other.refs:
            if place and (flat.refs, other.refs) in seen:
                continue
            seen.add((flat.refs, other.refs))
        if part == "whole" and place in _GIVEN:
            continue
        for found in _level(place, flat, other, part):
            yield found if part == "whole" else replace(found, for_documents="compatible")
        if flat.types and other.types and not _shared(flat.types, other.types):
            continue
        inner, further = elements(flat, olds), elements(other, news)
        if inner is not flat and further is not other and flat.items and other.items:
            open_.append(_Pair(place, flat.items, other.items))
            continue
        for name in flat.properties.keys() & other.properties.keys():
            path = f"{place}.{name}" if place else name
            open_.append(_Pair(path, flat.properties[name], other.properties[name]))


def _level(place: str, old: Flat, new: Flat, part: str) -> Iterator[Difference]:
    changed = list(_types(place, old, new))
    yield from changed
    if not changed:
        yield from _formats(place, old, new)
        yield from _limits(place, old, new)
    yield from _values(place, old, new)
    yield from _attributes(place, old, new, part)
    yield from _mandatory(place, old, new, part)
    yield from _conditions(place, old, new)
    if new.closed and not old.closed:
        yield Difference("attribute", place, "takes no other attributes", "breaking", "breaking")


def _attributes(place: str, old: Flat, new: Flat, part: str) -> Iterator[Difference]:
    on_create = part == "created"
    if old.types and new.types and "object" not in old.types & new.types:
        return
    for name in old.properties.keys() - new.properties.keys():
        text = "can no longer be given on create" if on_create else "is gone"
        documents: Effect = "breaking" if new.closed else "compatible"
        yield Difference("attribute", _below(place, name), text, "breaking", documents)
    for name in new.properties.keys() - old.properties.keys():
        text = "can be given on create" if on_create else "is new"
        yield Difference("attribute", _below(place, name), text)


def _mandatory(place: str, old: Flat, new: Flat, part: str) -> Iterator[Difference]:
    for name in sorted(new.required - old.required):
        if part == "whole" and not place and name in _GIVEN:
            continue
        # What stands within is what clients send, too; of the top, the create schema tells.
        clients: Effect = "breaking" if place or part == "created" else "compatible"
        yield Difference("mandatory", _below(place, name), "is mandatory now", clients, "breaking")
    for name in sorted((old.required - new.required) & new.properties.keys()):
        yield Difference("mandatory", _below(place, name), "is optional now")


def _types(place: str, old: Flat, new: Flat) -> Iterator[Difference]:
    if old.types == new.types:
        return
    text = f"was {_any_of(old.types)}, is {_any_of(new.types)}"
    narrower = bool(new.types) and (not old.types or not _covers(new.types, old.types))
    documents: Effect = "breaking" if narrower else "compatible"
    yield Difference("type", place, text, "breaking", documents)


def _shared(old: frozenset[str], new: frozenset[str]) -> bool:
    return bool(old & new) or {"integer", "number"} <= old | new


def _covers(new: frozenset[str], old: frozenset[str]) -> bool:
    return old <= (new | {"integer"} if "number" in new else new)


def _any_of(types: Iterable[str]) -> str:
    return " or ".join(sorted(types)) or "anything"


def _formats(place: str, old: Flat, new: Flat) -> Iterator[Difference]:
    before, after = ("" if each in _LOOSE else each for each in (old.format, new.format))
    if before == after:
        return
    text = f"was {_form(before)}, is {_form(after)}"
    effect: Effect = "breaking" if after else "compatible"
    yield Difference("format", place, text, effect, effect)


def _form(name: str) -> str:
    return f"of the format {name}" if name else "of any format"


def _limits(place: str, old: Flat, new: Flat) -> Iterator[Difference]:
    for name in sorted(old.limits.keys() | new.limits.keys()):
        before, after = old.limits.get(name), new.limits.get(name)
        if before == after or NOT_BLANK in (before, after):
            continue
        text = f"{name} was {_told(before)}, is {_told(after)}"
        effect: Effect = "breaking" if _is_tighter(name, before, after) else "compatible"
        yield Difference("limit", place, text, effect, effect)


def _is_tighter(name: str, old: Any, new: Any) -> bool:
    if new is None or new is False:
        return False
    if old is None or name in ("pattern", "uniqueItems"):
        return True
    return bool(new > old if name.startswith("min") else new < old)


def _values(place: str, old: Flat, new: Flat) -> Iterator[Difference]:
    if new.values is None:
        if old.values is not None:
            yield Difference("values", place, "may have any value, no longer those of a list")
        return
    if old.values is None:
        text = f"may only be {_listed(new.values)}"
        yield Difference("values", place, text, "breaking", "breaking")
        return
    if lost := [each for each in old.values if each not in new.values]:
        yield Difference("values", place, f"loses {_listed(lost)}", "breaking", "breaking")
    if gained := [each for each in new.values if each not in old.values]:
        yield Difference("values", place, f"gains {_listed(gained)}")


def _conditions(place: str, old: Flat, new: Flat) -> Iterator[Difference]:
    before, after = old.conditions, new.conditions
    names = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
    if names:
        effect: Effect = "breaking" if after else "compatible"
        text = f"has other conditions: {', '.join(names)}"
        yield Difference("conditions", place, text, effect, effect)


def _listed(values: Iterable[Any]) -> str:
    return ", ".join(_told(each) for each in values)


def _told(value: Any) -> str:
    if value is None:
        return "none"
    return f"'{value}'" if isinstance(value, str) else json.dumps(value)


def _below(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name
