"""JSON Patch Query (TMF630 Part 5): JSON Patch whose paths choose array elements by conditions.

    /relatedParty?role=Employee           the elements themselves
    /relatedParty?role=Employee/name      an attribute of each
    /relatedParty/name?role=Employee      the same: the query is about the path's last array

The names in a query start at the element, or at the document as in TM Forum's own examples
(/relatedParty/name?relatedParty.role=Employee). "/" in a value is written %2F.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from tmfserver.document.draft import (
    Draft,
    NoSuchPlaceError,
    Pointer,
    find,
    is_index,
    read_pointer,
    shown,
    step,
)
from tmfserver.document.json_patch import Budget, Operation, apply, read_operations
from tmfserver.errors import NotServed

# Whether a query's text chooses an element, which comes as an object.
Choose: TypeAlias = Callable[[str, dict[str, Any]], bool]

# The paths that are read, as the effective contract declares them. What a query may say is beyond a
# pattern; one that means nothing chooses nothing, as one does that no element satisfies.
PATH_PATTERN = r"^(/([^~?/]|~[01])*(\?[^/]+)?)*$"
_SECTION = re.compile(r"([^?]*)(?:\?([^/]*))?")
_LOOK = 100  # what looking at one element costs of a patch's budget


@dataclass(frozen=True, slots=True)
class _Section:
    """A part of a path, and the query at its end if it has one."""

    pointer: Pointer
    query: str | None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a path leads; `chosen`: to an array element that a query chose, not to a part of it."""

    pointer: Pointer
    chosen: bool = False


def json_patch_query(document: Any, operations: Any, choose: Choose) -> Any:
    """The document as the patch makes it; errors as with `json_patch`, and what `choose` raises.

    An operation is done to each element chosen. `add` at a chosen element adds the value's
    attributes to it; `add` of one element at an array inside a chosen element appends.
    """
    steps = read_operations(operations)
    for each in steps:
        for text in each.pointers:
            _sections(text, each)
    draft, budget = Draft(document), Budget()
    for each in steps:
        if any("?" in text for text in each.pointers):
            _Rewriting(draft, each, budget, choose).run()
        else:
            apply(draft, each, budget)
    return draft.document


def _sections(text: str, operation: Operation) -> list[_Section]:
    """A path, read. (TMF630 Part 6 lets JSONPath stand there too, which is not served yet.)"""
    if text.startswith("$"):
        raise NotServed(what="patch by JSONPath")
    if text.startswith("?"):
        raise operation.malformed(f"in {shown(text)} nothing precedes the '?'")
    found = [match for match in _SECTION.finditer(text) if match[0] or not text]
    if any(match[2] == "" for match in found):
        raise operation.malformed(f"in {shown(text)} nothing follows the '?'")
    try:
        return [_Section(read_pointer(match[1]), match[2]) for match in found]
    except ValueError as problem:
        raise operation.malformed(problem) from None


def _text(pointer: Pointer) -> str:
    return "".join("/" + token.replace("~", "~0").replace("/", "~1") for token in pointer)


class _Rewriting:
    """One operation with queries, made plain operations of and carried out."""

    def __init__(self, draft: Draft, operation: Operation, budget: Budget, choose: Choose) -> None:
        self._draft = draft
        self._operation = operation
        self._budget = budget
        self._choose = choose

    def run(self) -> None:
        try:
            if self._operation.op == "move":
                self._move()
            elif self._operation.op == "copy":
                source = _text(self._only_place(self._operation.source).pointer)
                self._apply(self._only_place(self._operation.path).pointer, source=source)
            else:
                self._each()
        except NoSuchPlaceError as problem:
            raise self._operation.fails(problem) from None

    def _each(self) -> None:
        """From the last place to the first, so that what is taken out moves none still to come."""
        places = self._places(self._operation.path)
        if self._operation.op in ("add", "replace"):
            self._budget.spend_copies(self._operation, self._operation.value, len(places) - 1)
        for place in reversed(places):
            if self._operation.op == "add":
                self._add(place)
            else:
                self._apply(place.pointer)

    def _add(self, place: _Place) -> None:
        value = self._operation.value
        if place.chosen:
            element = find(self._draft.document, place.pointer)
            if not isinstance(element, dict) or not isinstance(value, dict):
                raise NoSuchPlaceError(
                    "attributes can be added to a chosen element, no other value"
                )
            for name, part in value.items():
                self._apply((*place.pointer, name), value=part)
            return
        *way, name = place.pointer
        holder = find(self._draft.document, tuple(way))
        held = holder.get(name) if isinstance(holder, dict) else None
        at_end = isinstance(held, list) and not isinstance(value, list)
        self._apply((*place.pointer, "-") if at_end else place.pointer)

    def _move(self) -> None:
        """The target is looked for once the source is gone, as RFC 6902 has it."""
        value = self._draft.remove(self._only_place(self._operation.source).pointer)
        target = self._only_place(self._operation.path).pointer
        apply(
            self._draft,
            replace(self._operation, op="add", path=_text(target), value=value),
            self._budget,
        )

    def _apply(self, pointer: Pointer, **changes: Any) -> None:
        apply(self._draft, replace(self._operation, path=_text(pointer), **changes), self._budget)

    def _only_place(self, text: str) -> _Place:
        places = self._places(text)
        if len(places) > 1:
            raise NoSuchPlaceError(f"{shown(text)} chooses {len(places)} elements, expected one")
        return places[0]

    def _places(self, text: str) -> list[_Place]:
        """Every place that a path leads to, in the document's order; never none."""
        places = [_Place(())]
        for section in _sections(text, self._operation):
            if section.query is None:
                places = [_Place((*place.pointer, *section.pointer)) for place in places]
            else:
                places = [chosen for place in places for chosen in self._chosen(place, section)]
        if not places:
            raise NoSuchPlaceError(f"{shown(text)} chooses no element")
        return places

    def _chosen(self, place: _Place, section: _Section) -> Iterator[_Place]:
        value, way, rest = find(self._draft.document, place.pointer), place.pointer, section.pointer
        while rest and (not isinstance(value, list) or is_index(rest[0])):
            value = value[step(value, rest[0])]
            way, rest = (*way, rest[0]), rest[1:]
        if not isinstance(value, list):
            raise NoSuchPlaceError("there is no array to choose elements from")
        self._budget.spend(self._operation, _LOOK * len(value))
        names = [token for token in way if not is_index(token)]
        for index, element in enumerate(value):
            if self._choose(section.query or "", _seen(element, names)):
                yield _Place((*way, str(index), *rest), chosen=not rest)


def _seen(element: Any, names: list[str]) -> dict[str, Any]:
    """An element as a query sees it: its attributes, and itself under the names that lead to it."""
    seen: Any = element
    for name in reversed(names):
        seen = {name: seen}
    around = seen if names else {}
    own = element if isinstance(element, dict) else {}
    return {names[-1]: element, **around, **own} if names else own
