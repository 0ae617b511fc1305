"""What listeners want to be told (TMF630 10): their queries, read once, in the grammar of GET."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from tmfserver.errors import BadQuery, RequestFailure
from tmfserver.query.ast import And, Comparison, Node, Path, ValueType
from tmfserver.query.comparing import Test, text_test
from tmfserver.query.conditions import alternatives, both
from tmfserver.query.match import compile_match, values
from tmfserver.query.parse import parse
from tmfserver.query.spelling import bare, decoded, shown
from tmfserver.repository import Listeners
from tmfserver.spec import Resource

log = logging.getLogger(__name__)

Holds: TypeAlias = Callable[[dict[str, Any]], bool]
# What a listener is asked of a notification (None: it takes all), and who asks the same.
Asked: TypeAlias = tuple[Holds | None, tuple[str, ...]]

# What GET takes and an event has no use for.
_OF_LISTS = ("offset", "limit", "sort", "cursor", "depth", "expand")


@dataclass(frozen=True)
class Interest:
    """What a query lets through: events of these types (None: of any), in which one attribute
    satisfies any of the `gate` (none: no such condition), and of which `holds` is true."""

    types: frozenset[str] | None = None
    gate: tuple[Comparison, ...] = ()
    holds: Holds | None = None


def notification_types(resources: Iterable[Resource]) -> dict[str, ValueType]:
    """What a contract says of the values in its notifications, by dotted path."""
    types: dict[str, ValueType] = {}
    for resource in resources:
        for event in resource.events.values():
            types.update(event.types)
            before = f"{event.payload}.{resource.name}."
            types.update({before + path: type_ for path, type_ in resource.types.items()})
    return types


def read_interest(query: str, types: Mapping[str, ValueType]) -> Interest:
    """Raises BadQuery, which names the parameter, or NotServed."""
    parsed = parse(query, types)
    for part in query.split("&"):
        name, _, value = decoded(part).partition("=")
        if name.strip() in _OF_LISTS:
            expected = "a hub's query to have filters, `filter` and `fields` only"
            raise BadQuery(parameter=bare(name.strip()), came=shown(value), expected=expected)
    return _interest(parsed.filter)


def _interest(node: Node | None) -> Interest:
    """The event types, and one condition on one attribute, are told from the rest: by them a
    listener is found without asking all of its query."""
    types: frozenset[str] | None = None
    gates, others = [], []
    for part in node.parts if isinstance(node, And) else [node] if node else []:
        gate = _gate(part)
        if _are_texts(gate) and gate[0].path == ("eventType",):
            named = frozenset(one.value for one in gate)
            types = named if types is None else types & named
        elif gate:
            gates.append((part, gate))
        else:
            others.append(part)
    gates.sort(key=lambda each: not _are_texts(each[1]))
    others += [part for part, _ in gates[1:]]
    holds = compile_match(both(others)) if others else None
    return Interest(types, gates[0][1] if gates else (), holds)


def _gate(node: Node) -> tuple[Comparison, ...]:
    """The comparisons of one attribute of which any must hold; none if that is not all."""
    parts = alternatives(node)
    found = tuple([one for one in parts if isinstance(one, Comparison) and one.operator != "ne"])
    one_attribute = len({one.path for one in found}) == 1
    return found if one_attribute and len(found) == len(parts) else ()


def _are_texts(gate: Sequence[Comparison]) -> bool:
    return bool(gate) and all(one.operator == "eq" and one.type == "string" for one in gate)


class Audience:
    """The listeners of one API, by what they want."""

    def __init__(self, interests: Mapping[Interest, Sequence[str]]) -> None:
        self._interests = interests
        self._callers: dict[str, Callers] = {}

    def callers(self, type_: str) -> Callers:
        """Those who may want an event of this type."""
        if type_ not in self._callers:
            self._callers[type_] = Callers(
                (interest, tuple(ids))
                for interest, ids in self._interests.items()
                if interest.types is None or type_ in interest.types
            )
        return self._callers[type_]


class Callers:
    """The listeners that may want one type of event.

    Who seeks a text in an attribute is found by the text, and what else is asked of an attribute
    is asked of values that are read once: many listeners with queries of their own cost little
    more than one.
    """

    def __init__(self, interests: Iterable[tuple[Interest, tuple[str, ...]]]) -> None:
        self._all: list[Asked] = []
        self._by_text: dict[Path, dict[str, list[Asked]]] = {}
        self._by_test: dict[Path, list[tuple[Test, Asked]]] = {}
        for interest, ids in interests:
            asked = (interest.holds, ids)
            if not interest.gate:
                self._all.append(asked)
            elif _are_texts(interest.gate):
                texts = self._by_text.setdefault(interest.gate[0].path, {})
                for one in interest.gate:
                    texts.setdefault(one.value, []).append(asked)
            else:
                tests = self._by_test.setdefault(interest.gate[0].path, [])
                tests += [(text_test(one), asked) for one in interest.gate]

    def __bool__(self) -> bool:
        return bool(self._all or self._by_text or self._by_test)

    def takers(self, notification: dict[str, Any]) -> tuple[str, ...]:
        """The ids of those whose query lets the notification through."""
        asked = list(self._all)
        for path, texts in self._by_text.items():
            for value in values(notification, path):
                if isinstance(value, str):
                    asked += texts.get(value, ())
        for path, tests in self._by_test.items():
            if found := list(values(notification, path)):
                asked += [caller for test, caller in tests if any(map(test, found))]
        return tuple(
            dict.fromkeys(
                id for holds, ids in asked if holds is None or holds(notification) for id in ids
            )
        )


NOBODY = Audience({})


class Interests:
    """Reads the queries of one API's listeners; `types` is what notification_types gives."""

    def __init__(self, api: str, types: Mapping[str, ValueType]) -> None:
        self._api, self._types = api, types
        self._read = lru_cache(maxsize=4096)(self._stored)
        self._known: tuple[Listeners | None, Audience] = (None, NOBODY)

    def check(self, query: str) -> None:
        """Raises BadQuery, which names the parameter, or NotServed."""
        read_interest(query, self._types)

    def audience(self, listeners: Listeners) -> Audience:
        """Those of the listeners that are this API's."""
        if self._known[0] is not listeners:
            found: dict[Interest, list[str]] = {}
            for listener in listeners.all:
                if listener.api == self._api:
                    found.setdefault(self._read(listener.query), []).append(listener.id)
            self._known = (listeners, Audience(found) if found else NOBODY)
        return self._known[1]

    def _stored(self, query: str) -> Interest:
        try:
            return _interest(parse(query, self._types).filter)
        except RequestFailure as failure:
            # It was valid when it was registered: rather too much is told than too little.
            log.warning("A listener's query '%s' is no longer understood: %s", query, failure)
            return Interest()
