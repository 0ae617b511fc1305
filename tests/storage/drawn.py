"""Documents and queries on them, drawn by chance so that most queries fit some of the documents."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.storage.databases import THINGS
from tmfserver.exact import Exact
from tmfserver.query.ast import (
    And,
    AnyOf,
    Call,
    Compared,
    Comparison,
    Constant,
    Descend,
    Every,
    Exists,
    Index,
    Name,
    Node,
    Not,
    Or,
    Path,
    Query,
    Reach,
    Reached,
    Slice,
    SortKey,
    Step,
    Where,
)

TEXTS = [
    "", "a", "b", "A", "ab", "a_b", "a%", "é", "🙂", "\U0010ffff", "'", '"', "\\", "5", "-1.5",
    "12.0", "true", "false", "null", "2026-01-01", "2026-01-01T00:00:00Z", "x" * 300, "x" * 299,
    "2026-01-01T02:00:00.000+02:00", "2026-01-01t00:00:00.0000009", "2026-06-30T23:59:60Z",
]  # fmt: skip
MOMENTS = [
    "2026-01-01T00:00:00Z", "2026-01-01T02:00:00.000+02:00", "2025-12-31T23:59:59.999999Z",
    "2026-01-01t00:00:00.5z", "2024-02-29T12:00:00-23:59", "0001-01-01T00:00:00Z",
    "2026-06-30T23:59:60Z", "2026-07-01T00:00:00+00:00", "2026-01-01T00:00:00.1234567Z",
]  # fmt: skip
NUMBERS = [
    *range(-3, 6), 1, 1.0, 2, 3.0, 0.5, -1.5, 12.0, 12, 1e-9, 1e15, 2**53 + 1, -(2**62), 0.1, 1 / 3,
    Exact("12.00"), Exact("0.10"), Exact("1E1"), Exact("30e-1"),
]  # fmt: skip
NAMES = [
    "a",
    "b",
    "c",
    "a",
    "b",
    'q"',
    "back\\slash",
    "it's",
    "dotted.name",
    "é:x",
    "$",
    "[0]",
    "0",
    "",
]
FREE = ("a", "b", "c", 'q"', "0")
PATHS: list[Path] = [
    ("status",), ("when",), ("amount",), ("done",), ("name",), ("spec", "id"), ("party", "id"),
    ("spec",), ("party",), ("a",), ('q"',), ("0",), ("party", "role"), ("a", "b"), ('q"', "a"),
]  # fmt: skip
TYPES = ["string", "number", "boolean", "date-time", None]
REGEXES = ["", "^a", "[0-9]", "a|b", "(?i)^A", r"\.0", "é", "z$"]
FUNCTIONS = ["length", "count", "min", "max", "avg", "value"]
ORDERS = ["eq", "eq", "ne", "gt", "gte", "lt", "lte"]


class Drawn:
    """Draws from a source of chance."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.one = chance.choice

    def likely(self) -> bool:
        return self.chance.random() < 0.85

    def text(self) -> str:
        return self.one(self.one([TEXTS, TEXTS[1:5], MOMENTS]))

    def scalar(self) -> Any:
        return self.one([self.text(), self.one(NUMBERS), self.one(NUMBERS), self.likely(), None])

    # --- documents

    def documents(self) -> list[dict[str, Any]]:
        """Some that are much alike, so that few filters find all or none."""
        first = self.thing()
        things = [first, self.thing(), *[self.altered(first) for _ in range(3)]]
        return [{"id": f"{n}", **thing} for n, thing in enumerate(things)]

    def altered(self, thing: dict[str, Any]) -> dict[str, Any]:
        """The same with some values of free attributes replaced, left out or wrapped."""
        other = self.thing()
        return {
            name: self.varied(value) if name in FREE else self.one([value, other.get(name)])
            for name, value in thing.items()
            if self.likely()
        }

    def varied(self, value: Any) -> Any:
        if self.chance.random() < 0.1:
            return self.one([self.scalar(), [value], {"a": value}])
        if isinstance(value, list):
            return [self.varied(inner) for inner in value if self.likely()]
        if isinstance(value, dict):
            return {name: self.varied(inner) for name, inner in value.items() if self.likely()}
        return value if self.likely() else self.scalar()

    def thing(self) -> dict[str, Any]:
        """What keeps the contract where it says something, and has any shape elsewhere."""
        thing: dict[str, Any] = {
            "status": self.text(),
            "when": self.one(MOMENTS),
            "amount": self.one(NUMBERS),
            "done": self.chance.random() < 0.5,
            "name": self.text(),
            "spec": {"id": self.text()} if self.likely() else {},
            "party": [self.party() for _ in range(self.chance.randint(0, 3))],
        }
        for name in ("status", "when", "amount", "done", "name"):
            if not self.likely():
                thing[name] = None
        more = {name: self.value(3) for name in FREE}
        return {name: value for name, value in {**thing, **more}.items() if self.likely()}

    def party(self) -> dict[str, Any]:
        party = {"id": self.text(), "role": self.text(), "a": self.value(1)}
        return {name: value for name, value in party.items() if self.likely()}

    def value(self, depth: int) -> Any:
        match self.chance.randint(0, 5) if depth else 0:
            case 0:
                return self.scalar()
            case 1 | 2:
                return [self.value(depth - 1) for _ in range(self.chance.randint(0, 4))]
            case 3:
                return [self.one(NUMBERS) for _ in range(self.chance.randint(0, 4))]
        return {self.one(NAMES): self.value(depth - 1) for _ in range(self.chance.randint(0, 4))}

    # --- queries by name=value

    def query(self, documents: list[dict[str, Any]]) -> Query:
        sort = [self.sort_key(documents) for _ in range(self.chance.randint(0, 2))]
        return Query(self.filter(documents, 2), tuple(sort))

    def filter(self, documents: list[dict[str, Any]], depth: int) -> Node:
        match self.chance.randint(0, 9 if depth else 7):
            case 0 | 1 | 2:
                return self.by_name()
            case 8:
                return And((self.filter(documents, depth - 1), self.filter(documents, depth - 1)))
            case 9:
                some = [self.filter(documents, depth - 1) for _ in range(self.chance.randint(0, 3))]
                return Or(tuple(some))
        document = self.one(documents)
        return Along(self.chance, document).condition(document, 2)

    def by_name(self) -> Node:
        path = self.one(PATHS)
        if not self.likely():
            path = tuple([self.one(NAMES) for _ in range(self.chance.randint(1, 3))])
        if not self.likely():
            return Exists(path, self.likely())
        operator = self.one([*ORDERS, "contains", "startswith", "regex"])
        if operator == "regex":
            return Comparison(path, "regex", self.one(REGEXES))
        text = self.one([self.text(), str(self.one(NUMBERS)), "true"])
        return Comparison(path, operator, text, self.one(TYPES))

    def sort_key(self, documents: list[dict[str, Any]]) -> SortKey:
        descending = self.chance.random() < 0.5
        if self.chance.random() < 0.5:
            path = self.one(PATHS)
            type_ = THINGS.types.get(".".join(path), self.one(TYPES))
            return SortKey(path, descending, type_)
        document = self.one(documents)
        along = Along(self.chance, document)
        reach = along.names(document) if self.likely() else along.reach(document, 1)[0]
        return SortKey((), descending, self.one(TYPES), reach)


class Along(Drawn):
    """Draws JSONPaths and conditions along a document, so that they mostly lead somewhere."""

    def __init__(self, chance: Random, document: dict[str, Any]) -> None:
        super().__init__(chance)
        self.document = document

    def condition(self, value: Any, depth: int) -> Node:
        """A condition with `@` at the value."""
        kinds = ["reached", "constant", "constant", "constant", "call", "pair", "any", "regex"]
        kind = self.one([*kinds, "not", "and", "or"] if depth else kinds)
        match kind:
            case "not":
                return Not(self.condition(value, depth - 1))
            case "and" | "or":
                parts = self.condition(value, depth - 1), self.condition(value, depth - 1)
                return And(parts) if kind == "and" else Or(parts)
        reach, end = self.reach(value, depth)
        left: Any = reach
        match kind:
            case "reached":
                return Reached(reach)
            case "regex":
                return Compared(self.operand(value, depth), "regex", Constant(self.one(REGEXES)))
            case "call":
                left, right = Call(self.one(FUNCTIONS), reach), Constant(self.one(NUMBERS[:14]))
            case "constant":
                right = Constant(self.near(end))
            case "pair":
                left, right = self.names(value), self.names(value)
            case _:
                left, right = self.operand(value, depth), self.operand(value, depth)
        if not self.likely():
            left, right = right, left
        return Compared(left, self.one(ORDERS), right, self.one(TYPES))

    def reach(self, value: Any, depth: int) -> tuple[Reach, Any]:
        """A JSONPath and a value that it may lead to."""
        root = not self.likely()
        at = self.document if root else value
        steps: list[Step] = []
        for _ in range(self.chance.randint(0, 3)):
            more, at = self.steps(at, depth)
            steps += more
        return Reach(tuple(steps), root), at

    def names(self, value: Any) -> Reach:
        """A JSONPath to one value at most."""
        root = not self.likely()
        value = self.document if root else value
        steps: list[Step] = []
        while isinstance(value, (dict, list)) and value and self.likely():
            key = self.key(value)
            value = value[key]
            steps.append(Name(key) if isinstance(key, str) else Index(key))
        return Reach(tuple(steps), root)

    def steps(self, value: Any, depth: int) -> tuple[list[Step], Any]:
        if not isinstance(value, (dict, list)) or not value or not self.likely():
            return [self.aimless()], value
        key = self.key(value)
        inner = value[key]
        steps: list[Step] = [Every()]
        if isinstance(key, str):
            steps += [Name(key)] * 4
        else:
            steps += [Index(key), Index(key - len(value)), self.slice(), self.slice()]
        if depth:
            steps += [Where(self.condition(inner, depth - 1))] * 3
        step = self.one(steps)
        match self.chance.randint(0, 6):
            case 0:
                step = AnyOf(tuple([step, self.aimless(), self.one(steps)][: self.one([0, 2, 3])]))
            case 1:
                return [Descend(), step], inner
        return [step], inner

    def aimless(self) -> Step:
        return self.one([Name(self.one(NAMES)), Index(self.place()), self.slice(), Every()])

    def slice(self) -> Slice:
        ends = [None, self.place(), self.place()]
        return Slice(self.one(ends), self.one(ends), self.one([None, 1, 2, 3, -1, -2, 0, 2**53]))

    def place(self) -> int:
        return self.chance.randint(-4, 4) if self.likely() else self.one([2**31, -(2**53)])

    def key(self, value: Any) -> Any:
        return self.one(list(value) if isinstance(value, dict) else range(len(value)))

    def near(self, value: Any) -> Any:
        """A constant: likely the value itself."""
        if isinstance(value, (dict, list)) or not self.likely():
            return self.scalar()
        return value

    def operand(self, value: Any, depth: int) -> Any:
        reach = self.one([self.reach(value, depth)[0], self.names(value)])
        match self.chance.randint(0, 5):
            case 0:
                return Call(self.one(FUNCTIONS), reach)
            case 1:
                return Call(self.one(FUNCTIONS), Call(self.one(FUNCTIONS), reach))
            case 2:
                return Constant(self.scalar())
        return reach
