"""JSON Patch (RFC 6902): a document changed by a list of operations, all of them or none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tmfserver.document.draft import Draft, NoSuchPlaceError, find, read_pointer, shown
from tmfserver.errors import Malformed, PatchDoesNotApply
from tmfserver.exact import equal

EXPECTED = "a JSON Patch (RFC 6902)"
MOST_WORK = 10_000_000
_MEMBERS = {
    "add": ("value",),
    "remove": (),
    "replace": ("value",),
    "move": ("from",),
    "copy": ("from",),
    "test": ("value",),
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as it came: its pointers as text, its place in the patch for messages."""

    index: int
    op: str
    path: str
    source: str = ""
    value: Any = None

    @property
    def pointers(self) -> tuple[str, ...]:
        return (self.path, self.source) if "from" in _MEMBERS[self.op] else (self.path,)

    def malformed(self, problem: object) -> Malformed:
        """What to raise when this is no operation."""
        return Malformed(expected=EXPECTED, problem=f"operation {self.index}: {problem}")

    def fails(self, problem: object) -> PatchDoesNotApply:
        """What to raise when the document is not such that this can be done."""
        where = f"operation {self.index} ({self.op} {shown(self.path)})"
        return PatchDoesNotApply(problem=f"{where}: {problem}")


class Budget:
    """How much a patch may still do: copies of copies could make a small patch a huge document."""

    def __init__(self, most: int = MOST_WORK) -> None:
        self._left = most

    def spend(self, operation: Operation, amount: int) -> None:
        """Raises errors.PatchDoesNotApply when there is not that much left."""
        self._left -= amount
        if self._left < 0:
            raise operation.fails("the patch copies or searches more than this server allows")

    def spend_copies(self, operation: Operation, value: Any, times: int = 1) -> None:
        """The same, by what so many copies of a value would add to the document."""
        todo = [value]
        while todo and times:
            part = todo.pop()
            size = len(part) if isinstance(part, (str, dict, list)) else 0
            self.spend(operation, times * (1 + size))
            if isinstance(part, dict):
                self.spend(operation, times * sum(map(len, part)))
                todo.extend(part.values())
            elif isinstance(part, list):
                todo.extend(part)


def json_patch(document: Any, operations: Any) -> Any:
    """The document as the patch makes it; the one given is left as it is.

    Raises errors.Malformed for what is no JSON Patch, errors.PatchDoesNotApply for one that does
    not fit the document.
    """
    steps = read_operations(operations)
    for step in steps:
        for text in step.pointers:
            try:
                read_pointer(text)
            except ValueError as problem:
                raise step.malformed(problem) from None
    draft, budget = Draft(document), Budget()
    for step in steps:
        apply(draft, step, budget)
    return draft.document


def read_operations(operations: Any) -> list[Operation]:
    """The operations of a patch, each with its members; the pointers are not looked at yet."""
    if not isinstance(operations, list):
        raise Malformed(expected=EXPECTED, problem="it is not an array")
    return [_operation(index, each) for index, each in enumerate(operations)]


def _operation(index: int, members: Any) -> Operation:
    unread = Operation(index, "test", "")
    if not isinstance(members, dict):
        raise unread.malformed("it is not an object")
    op = members.get("op")
    if not isinstance(op, str) or op not in _MEMBERS:
        came = shown(op) if isinstance(op, str) else "missing or no text"
        raise unread.malformed(f"'op' is {came}, expected one of {', '.join(_MEMBERS)}")
    for name in ("path", *_MEMBERS[op]):
        if name not in members:
            raise unread.malformed(f"'{name}' is missing")
        if name != "value" and not isinstance(members[name], str):
            raise unread.malformed(f"'{name}' is not a text")
    return Operation(index, op, members["path"], members.get("from", ""), members.get("value"))


def apply(draft: Draft, operation: Operation, budget: Budget) -> None:
    """Carries out one operation whose pointers are in order."""
    path = read_pointer(operation.path)
    try:
        match operation.op:
            case "add":
                draft.add(path, operation.value)
            case "remove":
                draft.remove(path)
            case "replace":
                draft.replace(path, operation.value)
            case "test":
                _test(draft, operation)
            case "move":
                _move(draft, operation)
            case "copy":
                value = find(draft.document, read_pointer(operation.source))
                budget.spend_copies(operation, value)
                draft.share()
                draft.add(path, value)
    except NoSuchPlaceError as problem:
        raise operation.fails(problem) from None


def _test(draft: Draft, operation: Operation) -> None:
    if not equal(find(draft.document, read_pointer(operation.path)), operation.value):
        raise operation.fails("the value there is another")


def _move(draft: Draft, operation: Operation) -> None:
    source, path = read_pointer(operation.source), read_pointer(operation.path)
    if source == path:
        find(draft.document, path)
    elif path[: len(source)] == source:
        raise operation.fails("nothing can be moved into itself")
    else:
        draft.add(path, draft.remove(source))
