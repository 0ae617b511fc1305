"""The query string of TMF630 (4.3 fields, 4.4 filters, 4.5 paging, 4.7 sort) as a Query."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from tmfserver.errors import BadQuery
from tmfserver.query.ast import Fields, Node, Path, Query, SortKey, ValueType
from tmfserver.query.conditions import (
    RESERVED_UNLESS_KNOWN,
    Conditions,
    both,
    either,
    equated,
    is_reserved,
)
from tmfserver.query.names import read_path
from tmfserver.query.spelling import decoded, shown

if TYPE_CHECKING:
    from tmfserver.query.jsonpath import Expressions

_Later: TypeAlias = "Callable[[], Expressions]"

LONGEST = 64 * 1024
MOST_SORT_KEYS = 20

# What `fields` and `sort` may name; the effective contract declares both, so that a client can
# tell beforehand. Of JSONPath it has names, `*` and elements; conditions are beyond a pattern. A
# filter's attribute may be named by any text.
_PART = r"[A-Za-z0-9_@:][A-Za-z0-9_@:-]*"
_STEP = r"(\.(@?[A-Za-z_][A-Za-z0-9_-]*|\*)|\[(\*|0|[1-9][0-9]{0,8})\])"
NAME = rf"{_PART}(\.{_PART})*"
_ITEM = rf"({NAME}|\${_STEP}{{1,5}})"
_KEY = rf" *[-+]? *{_ITEM} *"
FIELDS_PATTERN = rf"^ *({_ITEM} *)?(, *({_ITEM} *)?)*$"
SORT_PATTERN = rf"^{_KEY}(,{_KEY}){{0,{MOST_SORT_KEYS - 1}}}$"

_LARGEST_NUMBER = 2**63 - 1
_NAMED = re.compile(rf"^{NAME}\Z").match


def parse(
    text: str,
    types: Mapping[str, ValueType],
    *,
    limit: int = 100,
    largest: int = 1000,
    whole: bool = False,
) -> Query:
    """What a list request asks for; raises errors.BadQuery or errors.NotServed, and nothing else.

    text: the query string as it stands in the URL; bytes that are not UTF-8 as surrogate escapes.
    types: what the contract says of an attribute's values, by dotted path.
    limit, largest: the page size where none is asked for, and the largest that anyone gets.
    whole: that all is given at once, as it is stored, so that other pages and references that lead
    elsewhere cannot be asked for.
    """
    if len(text) > LONGEST:
        came = f"{len(text)} characters"
        raise BadQuery(parameter="(all)", came=came, expected=f"at most {LONGEST}")
    reserved: dict[str, list[str]] = {}
    conditions, expressions = Conditions(types), _expressions(types)
    nodes = []
    parts = text.split("&")
    for part, following in zip(parts, [*parts[1:], None], strict=True):
        if not part:
            continue
        plain = decoded(part)
        name, equals, value = plain.partition("=")
        if equals and is_reserved(name.strip(), types):
            if following == "":
                _check_whole(name.strip(), value)
            reserved.setdefault(name.strip(), []).append(value)
        else:
            nodes.append(conditions.read(plain))
    for name in sorted(RESERVED_UNLESS_KNOWN & reserved.keys()) if whole else ():
        expected = "filters, sort, fields, offset and limit alone"
        raise BadQuery(parameter=name, came=shown(reserved[name][-1]), expected=expected)
    nodes = _united(nodes)
    nodes.extend(expressions().condition(each) for each in reserved.get("filter", ()))
    return Query(
        filter=both(nodes) if nodes else None,
        sort=_sort(reserved.get("sort", ()), types, expressions),
        offset=_whole_number("offset", reserved.get("offset", ["0"])),
        limit=min(_whole_number("limit", reserved.get("limit", [str(limit)])), largest),
        fields=_fields(reserved.get("fields", ()), expressions),
    )


def _check_whole(parameter: str, text: str) -> None:
    """Refuses a JSONPath that was cut at a bare `&&`: what follows is no condition of its own."""
    if text.count("[") > text.count("]"):
        expected = "%26%26 in a URL, or the word 'and'"
        raise BadQuery(parameter=parameter, came="'&&' within brackets", expected=expected)


def _united(nodes: Iterable[Node]) -> list[Node]:
    """The conditions that must all hold; a name that is repeated asks for any of its values."""
    parts: list[Node] = []
    places: dict[Path, int] = {}
    for node in nodes:
        path = equated(node)
        if path is None or path not in places:
            if path is not None:
                places[path] = len(parts)
            parts.append(node)
        else:
            parts[places[path]] = either([parts[places[path]], node])
    return parts


def _whole_number(name: str, texts: Sequence[str]) -> int:
    text = texts[0]
    if any(other != text for other in texts):
        came = f"{shown(text)} and {shown(next(other for other in texts if other != text))}"
        raise BadQuery(parameter=name, came=came, expected="one value")
    digits = text.lstrip("0") or text[:1]
    expected = f"a whole number from 0 to {_LARGEST_NUMBER}"
    if not (digits.isascii() and digits.isdigit() and len(digits) <= len(str(_LARGEST_NUMBER))):
        raise BadQuery(parameter=name, came=shown(text), expected=expected)
    if int(digits) > _LARGEST_NUMBER:
        raise BadQuery(parameter=name, came=shown(text), expected=expected)
    return int(digits)


def _expressions(types: Mapping[str, ValueType]) -> _Later:
    """Most query strings hold no JSONPath, and its parser takes long to import."""

    @cache
    def read() -> Expressions:
        from tmfserver.query.jsonpath import Expressions

        return Expressions(types)

    return read


def _sort(
    texts: Sequence[str], types: Mapping[str, ValueType], expressions: _Later
) -> tuple[SortKey, ...]:
    keys = tuple(_sort_key(item, types, expressions) for text in texts for item in _items(text))
    if len(keys) > MOST_SORT_KEYS:
        expected = f"at most {MOST_SORT_KEYS} attributes"
        raise BadQuery(parameter="sort", came=f"{len(keys)}", expected=expected)
    return keys


def _sort_key(item: str, types: Mapping[str, ValueType], expressions: _Later) -> SortKey:
    text = item.strip(" ")
    name = text[1:].strip(" ") if text[:1] in ("-", "+") else text
    descending = text.startswith("-")
    if not name.startswith("$"):
        path = _name("sort", name)
        return SortKey(path, descending, types.get(".".join(path)))
    from tmfserver.query.jsonpath import names_alone

    reach, type_ = expressions().key(name, "sort")
    names = names_alone(reach)
    return SortKey(names or (), descending, type_, None if names else reach)


def _fields(texts: Sequence[str], expressions: _Later) -> Fields | None:
    """None, that is everything, where nothing is named; no paths for `none` alone."""
    names = [name for text in texts for item in _items(text) if (name := item.strip(" "))]
    if not names:
        return None
    paths, reaches = [], []
    for name in names:
        if name.startswith("$"):
            from tmfserver.query.jsonpath import names_alone

            reach, _ = expressions().key(name, "fields")
            alone = names_alone(reach)
            paths.extend([alone] if alone else [])
            reaches.extend([] if alone else [reach])
        elif name != "none":
            paths.append(_name("fields", name))
    return Fields(tuple(dict.fromkeys(paths)), tuple(dict.fromkeys(reaches)))


def _items(text: str) -> list[str]:
    """A list's items: with a JSONPath in it, not every comma parts two."""
    if "$" not in text:
        return text.split(",")
    from tmfserver.query.jsonpath import items

    return items(text)


def _name(parameter: str, name: str) -> Path:
    path = read_path(name, parameter)
    if not _NAMED(name):
        expected = "attribute names of letters, digits and _ @ : -, with dots between them"
        raise BadQuery(parameter=parameter, came=shown(name), expected=expected)
    return path
