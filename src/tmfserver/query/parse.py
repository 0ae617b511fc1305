"""The query string of TMF630 (4.3 fields, 4.4 filters, 4.5 paging, 4.7 sort) as a Query."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from tmfserver.errors import BadQuery, NotServed
from tmfserver.query.ast import Fields, Node, Path, Query, SortKey, ValueType
from tmfserver.query.conditions import RESERVED, Conditions, both, either, equated
from tmfserver.query.names import read_path
from tmfserver.query.spelling import decoded, shown

LONGEST = 64 * 1024
MOST_SORT_KEYS = 20

# What `fields` and `sort` may name; the effective contract declares both, so that a client can
# tell beforehand. A filter's attribute may be named by any text.
_PART = r"[A-Za-z0-9_@:][A-Za-z0-9_@:-]*"
_NAME = rf"{_PART}(\.{_PART})*"
_KEY = rf" *[-+]? *{_NAME} *"
FIELDS_PATTERN = rf"^ *({_NAME} *)?(, *({_NAME} *)?)*$"
SORT_PATTERN = rf"^{_KEY}(,{_KEY}){{0,{MOST_SORT_KEYS - 1}}}$"

_LARGEST_NUMBER = 2**63 - 1
_NAMED = re.compile(rf"^{_NAME}\Z").match


def parse(
    text: str, types: Mapping[str, ValueType], *, limit: int = 100, largest: int = 1000
) -> Query:
    """What a list request asks for; raises errors.BadQuery or errors.NotServed, and nothing else.

    text: the query string as it stands in the URL; bytes that are not UTF-8 as surrogate escapes.
    types: what the contract says of an attribute's values, by dotted path.
    limit, largest: the page size where none is asked for, and the largest that anyone gets.
    """
    if len(text) > LONGEST:
        came = f"{len(text)} characters"
        raise BadQuery(parameter="(all)", came=came, expected=f"at most {LONGEST}")
    reserved: dict[str, list[str]] = {}
    conditions = Conditions(types)
    nodes = []
    for part in filter(None, text.split("&")):
        plain = decoded(part)
        name, equals, value = plain.partition("=")
        if equals and name.strip() in RESERVED:
            reserved.setdefault(name.strip(), []).append(value)
        else:
            nodes.append(conditions.read(plain))
    if "filter" in reserved:
        raise NotServed(what="'filter' by JSONPath")
    return Query(
        filter=_all_of(nodes),
        sort=_sort(reserved.get("sort", ()), types),
        offset=_whole_number("offset", reserved.get("offset", ["0"])),
        limit=min(_whole_number("limit", reserved.get("limit", [str(limit)])), largest),
        fields=_fields(reserved.get("fields", ())),
    )


def _all_of(nodes: Iterable[Node]) -> Node | None:
    """All conditions at once, but a name that is repeated asks for any of its values."""
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
    return both(parts) if parts else None


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


def _sort(texts: Sequence[str], types: Mapping[str, ValueType]) -> tuple[SortKey, ...]:
    keys = tuple(_sort_key(item, types) for text in texts for item in text.split(","))
    if len(keys) > MOST_SORT_KEYS:
        expected = f"at most {MOST_SORT_KEYS} attributes"
        raise BadQuery(parameter="sort", came=f"{len(keys)}", expected=expected)
    return keys


def _sort_key(item: str, types: Mapping[str, ValueType]) -> SortKey:
    name = item.strip(" ")
    path = _selector("sort", name[1:].strip(" ") if name[:1] in ("-", "+") else name)
    return SortKey(path, name.startswith("-"), types.get(".".join(path)))


def _fields(texts: Sequence[str]) -> Fields | None:
    """None, that is everything, where nothing is named; no paths for `none` alone."""
    names = [name for text in texts for item in text.split(",") if (name := item.strip(" "))]
    if not names:
        return None
    return Fields(
        tuple(dict.fromkeys(_selector("fields", name) for name in names if name != "none"))
    )


def _selector(parameter: str, name: str) -> Path:
    """A dotted name; JSONPath (TMF630 Part 6) is understood to be meant, but not served yet."""
    if name.startswith("$"):
        raise NotServed(what=f"'{parameter}' by JSONPath")
    path = read_path(name, parameter)
    if not _NAMED(name):
        expected = "attribute names of letters, digits and _ @ : -, with dots between them"
        raise BadQuery(parameter=parameter, came=shown(name), expected=expected)
    return path
