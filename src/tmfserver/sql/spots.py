"""How SQLite and PostgreSQL step about in a JSON document, as JSONPath does."""

# ruff: noqa: S608 - SQL text is what this module is for; values are bound

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, Protocol, TypeAlias

from tmfserver.sql.dialects import Value

Fetch: TypeAlias = Literal["path", "name", "index", "index back"]
Extreme: TypeAlias = Literal["min", "max"]


class Spot(NamedTuple):
    """SQL for one JSON value in a document: as conditions read it, and as JSON functions take it.

    at: on SQLite, where in the holder's JSON text the value stands.
    """

    value: Value
    holder: str
    at: str = ""


class Source(NamedTuple):
    """Rows of a FROM clause, one for each of some values; key and place tell members apart."""

    rows: str
    spot: Spot
    key: str = ""
    place: str = ""


class Spots(Protocol):
    """One database's way to step from value to value."""

    def document(self) -> Spot: ...

    def fetch(self, spot: Spot, how: Fetch, bound: str) -> Spot:
        """The one value that a name, a place or a path leads to."""
        ...

    def members(self, spot: Spot, alias: str) -> Source:
        """The elements of an array, the values of an object."""
        ...

    def everything(self, spot: Spot, alias: str) -> Source:
        """An array or object and all that is in it."""
        ...

    def elements(self, spot: Spot) -> str:
        """How many elements an array has; NULL for another value."""
        ...

    def size(self, spot: Spot) -> str:
        """JSONPath's length(): characters, elements or attributes; NULL where there are none."""
        ...

    def number(self, spot: Spot) -> str:
        """The value as a number, or NULL."""
        ...

    def extreme(self, function: Extreme, spot: Spot) -> str:
        """The value as a number, or the smallest or largest of the numbers in an array."""
        ...

    def same(self, left: Spot, right: Spot) -> str:
        """Equal as JSON, arrays and objects deeply, or neither there."""
        ...

    def remainder(self, number: str, by: str) -> str: ...

    def place(self, bound: str) -> str:
        """A bound value as a place in an array."""
        ...


class SqliteSpots:
    """Paths of JSON1, json_each and json_tree."""

    def document(self) -> Spot:
        return Spot(Value("'object'", "document"), "document")

    def fetch(self, spot: Spot, how: Fetch, bound: str) -> Spot:
        del how
        inside = spot.holder if spot == self.document() else self._container(spot)
        value = Value(f"json_type({inside}, :{bound})", f"json_extract({inside}, :{bound})")
        return Spot(value, inside, f", :{bound}")

    def members(self, spot: Spot, alias: str) -> Source:
        rows = f"json_each({self._container(spot)}{spot.at}) AS {alias}"
        return Source(rows, _row(alias), f"{alias}.key", f"{alias}.key")

    def everything(self, spot: Spot, alias: str) -> Source:
        return Source(f"json_tree({self._container(spot)}{spot.at}) AS {alias}", _row(alias))

    def elements(self, spot: Spot) -> str:
        count = f"json_array_length({spot.holder}{spot.at})"
        return f"CASE WHEN {spot.value.kind} = 'array' THEN {count} END"

    def size(self, spot: Spot) -> str:
        kind, content = spot.value
        return (
            f"CASE {kind} WHEN 'text' THEN length({content})"
            f" WHEN 'array' THEN json_array_length({spot.holder}{spot.at})"
            f" WHEN 'object' THEN (SELECT count(*) FROM json_each({spot.holder}{spot.at})) END"
        )

    def number(self, spot: Spot) -> str:
        return _sqlite_number(spot.value)

    def extreme(self, function: Extreme, spot: Spot) -> str:
        inner = _sqlite_number(Value("n.type", "n.value"))
        numbers = f"SELECT {function}({inner}) FROM json_each({spot.holder}{spot.at}) AS n"
        return (
            f"CASE WHEN {spot.value.kind} = 'array' THEN ({numbers}) ELSE {self.number(spot)} END"
        )

    def same(self, left: Spot, right: Spot) -> str:
        one, other = left.value, right.value
        deeply = (
            f"NOT EXISTS ({_leaves(one)} EXCEPT {_leaves(other)})"
            f" AND NOT EXISTS ({_leaves(other)} EXCEPT {_leaves(one)})"
        )
        return (
            f"CASE WHEN {one.kind} IN ('integer', 'real')"
            f" THEN {other.kind} IN ('integer', 'real') AND {one.content} = {other.content}"
            f" WHEN {one.kind} IN ('array', 'object') AND {one.kind} = {other.kind} THEN {deeply}"
            f" WHEN {one.kind} = 'text' THEN {other.kind} = 'text'"
            f" AND {one.content} = {other.content}"
            f" WHEN {one.kind} IN ('array', 'object') THEN 0"
            f" ELSE {one.kind} IS {other.kind} END"
        )

    def remainder(self, number: str, by: str) -> str:
        return f"({number}) % {by}"

    def place(self, bound: str) -> str:
        return f":{bound}"

    def _container(self, spot: Spot) -> str:
        return f"CASE WHEN {spot.value.kind} IN ('array', 'object') THEN {spot.holder} END"


class PostgresSpots:
    """Operators and functions of jsonb; the holder is the value itself."""

    def document(self) -> Spot:
        return _jsonb("document")

    def fetch(self, spot: Spot, how: Fetch, bound: str) -> Spot:
        if how == "name":
            return _jsonb(f"({spot.holder} -> CAST(:{bound} AS text))")
        # Not `->`, for which a string or number is an array of one.
        place = "$[last + 1 + $i]" if how == "index back" else "$[$i]"
        values = f"jsonb_build_object('i', {self.place(bound)})"
        return _jsonb(f"jsonb_path_query_first({spot.holder}, 'strict {place}', {values}, true)")

    def members(self, spot: Spot, alias: str) -> Source:
        kind, json = spot.value.kind, spot.holder
        rows = (
            "LATERAL (SELECT e.key, CAST(NULL AS bigint) AS place, e.value"
            f" FROM jsonb_each(CASE WHEN {kind} = 'object' THEN {json} END) AS e"
            " UNION ALL SELECT NULL, e.place - 1, e.value"
            f" FROM jsonb_array_elements(CASE WHEN {kind} = 'array' THEN {json} END)"
            f" WITH ORDINALITY AS e(value, place)) AS {alias}"
        )
        return Source(rows, _jsonb(f"{alias}.value"), f"{alias}.key", f"{alias}.place")

    def everything(self, spot: Spot, alias: str) -> Source:
        rows = f"jsonb_path_query({spot.holder}, 'strict $.**') AS {alias}(value)"
        return Source(rows, _jsonb(f"{alias}.value"))

    def elements(self, spot: Spot) -> str:
        array = f"CASE WHEN {spot.value.kind} = 'array' THEN {spot.holder} END"
        return f"jsonb_array_length({array})"

    def size(self, spot: Spot) -> str:
        kind, content = spot.value
        attributes = f"jsonb_object_keys(CASE WHEN {kind} = 'object' THEN {spot.holder} END)"
        return (
            f"CASE {kind} WHEN 'string' THEN char_length({content})"
            f" WHEN 'array' THEN {self.elements(spot)}"
            f" WHEN 'object' THEN (SELECT count(*) FROM {attributes}) END"
        )

    def number(self, spot: Spot) -> str:
        return _postgres_number(spot.value)

    def extreme(self, function: Extreme, spot: Spot) -> str:
        inner = _postgres_number(_jsonb("n.value").value)
        array = f"CASE WHEN {spot.value.kind} = 'array' THEN {spot.holder} END"
        numbers = f"SELECT {function}({inner}) FROM jsonb_array_elements({array}) AS n(value)"
        return (
            f"CASE WHEN {spot.value.kind} = 'array' THEN ({numbers}) ELSE {self.number(spot)} END"
        )

    def same(self, left: Spot, right: Spot) -> str:
        return f"{left.holder} IS NOT DISTINCT FROM {right.holder}"

    def remainder(self, number: str, by: str) -> str:
        return f"mod({number}, {by})"

    def place(self, bound: str) -> str:
        return f"CAST(:{bound} AS integer)"


SPOTS: Mapping[str, Spots] = {"sqlite": SqliteSpots(), "postgresql": PostgresSpots()}


def _row(alias: str) -> Spot:
    return Spot(Value(f"{alias}.type", f"{alias}.value"), f"{alias}.value")


def _leaves(value: Value) -> str:
    """All that is in an array or object, by where it stands, numbers by their value."""
    kind = "CASE type WHEN 'integer' THEN 'real' ELSE type END"
    return f"SELECT fullkey, {kind}, atom FROM json_tree({value.content})"


def _sqlite_number(value: Value) -> str:
    return f"CASE WHEN {value.kind} IN ('integer', 'real') THEN {value.content} END"


def _jsonb(json: str) -> Spot:
    return Spot(Value(f"jsonb_typeof({json})", f"({json} #>> '{{}}')"), json)


def _postgres_number(value: Value) -> str:
    return f"CASE WHEN {value.kind} = 'number' THEN CAST({value.content} AS numeric) END"
