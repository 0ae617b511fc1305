"""The text of a handler module to begin with, by what a contract says of a resource."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from tmfserver.changes import Collection
from tmfserver.listing import is_filtered_by
from tmfserver.spec import Api
from tmfserver.spec.facts import Facts, facts_of
from tmfserver.spec.flat import Flat, elements, flatten

_WIDTH = 88  # what formatters break lines at, unless they are told otherwise
_DEEPEST = 3  # levels that references are looked for in


def handler_text(api: Api, resource: str, collections: Mapping[str, Collection]) -> str:
    """A module that serves as it is: every step of the life cycle is allowed until some are taken
    away. collections: all that are served, for references lead to them."""
    facts = facts_of(api)
    whole = flatten(facts.resources[resource]["whole"], facts.schemas)
    collection = collections[api.collection_name(resource)]
    indexed = [path for path in collection.types if is_filtered_by(path, collection)]
    names = {each.resource.lower(): each.resource for each in collections.values()}
    references = dict(_references(whole, facts, names, ()))
    states = _states(api, resource, whole, facts)
    arguments = [*_lifecycle(*states), *_indexed(indexed), *_referred(references)]
    imported = "Lifecycle, Rules" if states[1] else "Rules"
    head = f'"""{resource} ({api.title} {api.version}): what is allowed beyond its contract."""'
    rules = ["rules = Rules(", *(f"    {line}" for line in arguments), ")"]
    lines = [
        head,
        "",
        f"from tmfserver.rules import {imported}",
        "",
        "# What the contract says of it:",
        "#",
        *_table(whole, facts, api.resources[resource].kept),
        *(rules if arguments else ["rules = Rules()"]),
        "",
        "# A check refuses a change that the contract allows; `old` is None on a create:",
        "#",
        "# @rules.check",
        "# def what_must_hold(old, new):",
        "#     if ...:",
        '#         raise RuleViolation("say what is wrong")  # from tmfserver.errors',
    ]
    return "\n".join(lines) + "\n"


def _table(whole: Flat, facts: Facts, kept: Iterable[str]) -> Iterator[str]:
    rows = []
    for name, schema in whole.properties.items():
        says = ["mandatory"] if name in whole.required else []
        says += ["not to be changed by a patch"] if name in {*kept} else []
        rows.append((name, _type(flatten(schema, facts.schemas), facts), ", ".join(says)))
    widths = [max((len(row[at]) for row in rows), default=0) for at in (0, 1)]
    for name, type_, said in rows:
        yield f"# {name.ljust(widths[0])}  {type_.ljust(widths[1])}  {said}".rstrip()


def _type(flat: Flat, facts: Facts) -> str:
    if flat.items is not None and "array" in flat.types:
        return f"array of {_type(flatten(flat.items, facts.schemas), facts)}"
    named = flat.refs[0] if flat.refs and "object" in flat.types else ""
    return named or flat.format or " or ".join(sorted(flat.types)) or "anything"


def _states(api: Api, resource: str, whole: Flat, facts: Facts) -> tuple[str, list[str]]:
    attribute = api.resources[resource].state or ""
    flat = flatten(whole.properties.get(attribute, {}), facts.schemas)
    return attribute, [value for value in flat.values or () if isinstance(value, str)]


def _lifecycle(attribute: str, states: list[str]) -> Iterator[str]:
    if not states:
        return
    yield "# Every step is allowed: take away those that are not."
    yield "lifecycle=Lifecycle("
    yield f"    {_text(attribute)},"
    yield "    {"
    for state in states:
        others = [_text(other) for other in states if other != state]
        line = f"{_text(state)}: {{{', '.join(others)}}}," if others else f"{_text(state)}: set(),"
        if len(line) + 12 <= _WIDTH:
            yield f"        {line}"
        else:
            yield f"        {_text(state)}: {{"
            yield from (f"            {other}," for other in others)
            yield "        },"
    yield "    },"
    yield "),"


def _indexed(paths: Sequence[str]) -> Iterator[str]:
    """Only what a formatter leaves as it is: one to a line."""
    if paths:
        yield "# Clients are likely to filter by these; each index makes a write a little longer."
        yield "indexed=["
        yield from (f"    {_text(path)}," for path in paths)
        yield "],"


def _referred(references: Mapping[str, str]) -> Iterator[str]:
    if references:
        yield "# Where references to what is served here stand; see the setting `references`."
        yield "references={"
        yield from (f"    {_text(path)}: {_text(name)}," for path, name in references.items())
        yield "},"


def _references(
    flat: Flat, facts: Facts, names: Mapping[str, str], above: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    """(dotted path, resource) of what has an id and is called as a resource that is served, by its
    attribute or by its definition."""
    if len(above) >= _DEEPEST:
        return
    for name, schema in flat.properties.items():
        inner = elements(flatten(schema, facts.schemas), facts.schemas)
        called = [name, *(each.removesuffix("Ref") for each in inner.refs)]
        known = next((names[each.lower()] for each in called if each.lower() in names), None)
        path = (*above, name)
        if known and {"id", "href"} <= inner.properties.keys():
            yield ".".join(path), known
        else:
            yield from _references(inner, facts, names, path)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
