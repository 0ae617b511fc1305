"""Filters by JSONPath, found by each database: texts as clients write them, beside the documents
that they find; and what of them is not for SQL to say."""

from __future__ import annotations

from typing import Any

import pytest

from tests.storage.databases import THINGS, Database, ids, insert, opened
from tmfserver.changes import Collection
from tmfserver.query.ast import (
    And,
    AnyOf,
    Comparison,
    Exists,
    Index,
    Name,
    Node,
    Not,
    Or,
    Query,
    Reach,
    Reached,
    Slice,
    SortKey,
    Where,
)
from tmfserver.query.jsonpath import Expressions
from tmfserver.query.match import matches
from tmfserver.query.order import order
from tmfserver.sql.dialects import Json, PostgresJson, SqliteJson
from tmfserver.sql.rest import implied, split, split_sort

DOCUMENTS: list[dict[str, Any]] = [
    {
        "id": "1",
        "status": "active",
        "when": "2026-01-01T00:00:00Z",
        "amount": 12.0,
        "done": True,
        "party": [{"id": "x", "role": "buyer"}, {"id": "y", "role": "seller", "rank": 2}],
        "free": 5,
        "list": [3, 1, 2],
        "odd names": {'q"': 1, "a.b": {"it's": [True]}},
    },
    {
        "id": "2",
        "status": "Active",
        "when": "2026-01-01T02:00:00.000+02:00",
        "amount": 3,
        "done": False,
        "party": [{"id": "y", "role": "buyer", "rank": 1}],
        "free": "5",
        "list": [10, "10", None],
        "other": {"a": 1, "b": [1.0, {"c": 2}]},
        "same": {"b": [1, {"c": 2.0}], "a": 1.0},
    },
    {
        "id": "3",
        "status": "éa",
        "when": "2025-12-31T23:59:59.999999Z",
        "amount": 100,
        "party": [],
        "free": None,
        "list": [[1, 2], [3, [4]]],
    },
    {"id": "4", "free": {"5": 5, "list": [1]}, "amount": -0.5, "list": {"a": 1, "b": 5}},
    {"id": "5", "party": [{"name": "no id"}], "list": [], "free": "naïve", "other": [1]},
]

FOUND = """
$.free                                             12345
$.free.list                                        4
$.list[0]                                          123
$.list[-1]                                         123
$.list[3]
$.list[-3]                                         12
$.list[9007199254740991]
$.list[*]                                          1234
$.list[1:]                                         123
$.list[:-2]                                        12
$.list[2:0:-1]                                     123
$.list[::-1]                                       123
$.list[1::2]                                       123
$.list[-1:0:-2]                                    123
$.list[0:0]
$.list[::0]
[?@.list[-1:0:-2] == 2]                            1
[?@.list[-1:0:-2] == 1]
[?@.list[::-2] == 3]                               1
[?@.list[::-2] == 1]
[?@.list[1::2] == 1]                               1
[?@.list[::2] == 1]
[?@.list[-2:] == 10]
[?@.list[:-2] == 10]                               2
party[?@["id", "name"] == "no id"]                 5
list[?@[1, -2] == 1]                               3
$.list[*][*]                                       3
$.list[*][1][0]                                    3
$..c                                               2
$..id                                              12345
$..[?@ == 4]                                       3
$..list[?@ == 1]                                   14
$['list', 'other'].a                               24
$['free', 'other'][0]                              5
$["odd names"]                                     1
$["odd names"]['q"']                               1
$["odd names"]["a.b"]["it's"][0]                   1
$["odd names"]["a.b"]["it's"][?@ == true]          1
party[?@.id == "y"]                                12
party[?(@.id == "y" && @.role == "buyer")]         2
party[?@.id == "y"][?@ == "buyer"]                 2
party[?@.id == "x" || @.rank == 1]                 12
party[?!@.id]                                      5
party[?!(@.rank >= 1)]                             15
party[?@.rank]                                     12
party[?@.role =~ "ell"]                            1
party[?@.role =~ /^BUY/i]                          12
party[?length(@.role) == 6]                        1
party[?@.rank > $.amount]
party[?@.rank < $.amount]                          12
list[?@ > 2]                                       124
list[?@ == "10"]                                   2
list[?@ == null]                                   2
list[?@[?@ == 3]]                                  3
list[?@[?@[?@ == 4]]]                              3
[?@.status == "active"]                            1
[?@.status != "active"]                            2345
[?@.status > "B"]                                  13
[?@.free == 5]                                     1
[?@.free == "5"]                                   2
[?@.free == null]                                  3
[?@.free <= null]                                  3
[?@.free == 5.0]                                   1
[?@.done == true]                                  1
[?@.done >= false]                                 2
[?@.done > false]
[?@.amount >= 3 && @.amount < 100]                 12
[?3 <= @.amount]                                   123
[?@.when == "2026-01-01T01:00:00+01:00"]           12
[?@.when >= "2026-01-01"]                          12
[?@.when < "2026-01-01"]                           3
[?@.other == @.same]                               1234
[?@.other == @.same && @.same]                     2
[?@.other != @.same]                               5
[?@.status == @.name]                              45
[?@.amount > @.list[0]]                            1
[?@.list[0] < @.list[1]]
[?@.party[0].role == @.party[1].role]              345
[?@.party == @.list]
[?length(@.free) == 1]                             2
[?length(@.free) == 2]                             4
[?length(@.free) == 5]                             5
[?length(@.list) == 3]                             12
[?length(@.status) == 2]                           3
[?count(@.party[*]) == 0]                          34
[?count(@.party[*].rank) == 1]                     12
[?count($..rank) >= 1]                             12
[?count(@.party[?@.role == "buyer"]) == 1]         12
[?min(@.list) == 1]                                1
[?max(@.list) >= 10]                               2
[?max(@.list[*]) > 2]                              124
[?min(@.party[*].rank) == 1]                       2
[?max(@.list[*]) == 4]
[?avg(@.list) == 2]                                1
[?avg(@.list[*]) == 3]                             4
[?value(@.party[*].rank) == 2]                     1
[?value(@.amount) == 3]                            2
"""
CASES = [(line[:50].strip(), line[50:].strip()) for line in FOUND.strip().splitlines()]


def read(text: str) -> Node:
    return Expressions(THINGS.types).condition(text)


async def test_what_jsonpaths_find(database: Database) -> None:
    """Each JSONPath of a table finds the documents that stand beside it, and match agrees."""
    async with opened(database) as store:
        for document in DOCUMENTS:
            await store.commit([insert(document)])
        for text, expected in CASES:
            node = read(text)
            told = "".join(each["id"] for each in DOCUMENTS if matches(node, each))
            assert told == expected, text
            assert "".join(await ids(store, Query(node))) == expected, text


@pytest.mark.parametrize("json", [SqliteJson(), PostgresJson()], ids=lambda json: json.name)
def test_what_sql_says_whole(json: Json) -> None:
    """Of the table only averages, the value of many, and on PostgreSQL regular expressions are left
    to be looked for in the documents."""
    for text, _ in CASES:
        rest = split(read(text), json)[1]
        left = "avg(" in text or "value(@.party" in text
        assert (rest is not None) is (left or ("=~" in text and json.name == "postgresql")), text


def _regex(name: str) -> Node:
    return read(f'[?@.{name} =~ "a"]')


SPLITS: list[tuple[Node, Node | None]] = [
    (Comparison(("status",), "regex", "a"), Exists(("status",))),
    (_regex("a"), read("$.a")),
    (And((_regex("a"), read("$.b"))), And((read("$.a"), read("$.b")))),
    (Or((_regex("a"), read("$.b"))), Or((read("$.a"), read("$.b")))),
    (Not(_regex("a")), None),
    (Or((Not(_regex("a")), read("$.b"))), None),
    (read('a[?@.b == 1 && @.c =~ "x"].d'), read("a[?@.b == 1 && @.c].d")),
    (read('a[?!(@.c =~ "x")].d'), read("a[*].d")),
    (read('a[?@.b =~ "x"].c == 1'.replace(" == 1", "")), read("a[?@.b].c")),
    (read("[?avg(@.a[*]) > 1]"), read("$.a[*]")),
    (read("[?1 < avg(@.a[*])]"), read("$.a[*]")),
    (read("[?@.a[*] > @.b[*]]"), And((read("$.a[*]"), read("$.b[*]")))),
    (read("[?@.a[*] >= @.b[*]]"), None),
    (read("[?@.a[*] == @.b[*]]"), None),
    (read("[?avg(@.a) != 1]"), None),
    (read("[?count(@['a', 'b']) > 1]"), None),
]


@pytest.mark.parametrize(("node", "found"), SPLITS)
def test_what_sql_finds_of_what_it_cannot_say(node: Node, found: Node | None) -> None:
    """SQL finds a weaker condition where there is one, and the whole is left to be looked for."""
    part, rest = split(node, PostgresJson())
    assert part == found
    whole = node.parts[0] if isinstance(node, And) else node
    assert rest == whole


def test_exact_parts_are_not_looked_for_again() -> None:
    """Of an And only what SQL cannot say is left."""
    exact, other = Comparison(("status",), "eq", "a"), _regex("a")
    assert split(And((exact, read("$.b"))), PostgresJson()) == (And((exact, read("$.b"))), None)
    assert split(And((exact, other)), PostgresJson())[1] == other
    assert split(other, SqliteJson()) == (other, None)


async def test_conditions_in_conditions(database: Database) -> None:
    """However deep conditions stand in each other, their documents are found."""
    deepest = Reached(Reach((Name("list"), Slice(0, 2, 1))))
    document: dict[str, Any] = {"id": "1", "list": [{"list": [{"list": [{"list": [1]}]}]}], "z": 1}
    wraps = [
        Not,
        lambda node: Or((Reached(Reach((Name("y"),))), node)),
        lambda node: And((Reached(Reach((Name("list"),))), node)),
        lambda node: Reached(Reach((Name("list"), Where(node)))),
        lambda node: Reached(Reach((Name("list"), AnyOf((Slice(1, 3, -2), Where(node)))))),
    ]
    async with opened(database) as store:
        await store.commit([insert(document)])
        for first in wraps:
            for second in wraps:
                node: Node = deepest
                for depth in range(28):
                    node = (first if depth % 2 else second)(node)
                    expected = ["1"] if matches(node, document) else []
                    assert await ids(store, Query(node)) == expected, (first, second, depth)


async def test_long_chains(database: Database) -> None:
    """However many steps there are, what they lead to is found."""
    value: Any = 1
    for _ in range(50):
        value = {"a": [value]}
    async with opened(database) as store:
        await store.commit([insert({"id": "1", "v": value}), insert({"id": "2", "v": 1})])
        for length in (5, 19, 21, 25):
            for path in ("$.v" + ".a[*]" * length, "$.v" + ".a[0]" * length):
                assert await ids(store, Query(read(path))) == ["1"], path


async def test_sort_by_jsonpath(database: Database) -> None:
    """A list can be sorted by any JSONPath; SQL does it where it leads to one value at most."""
    sorts = {
        "$.list[0]": True,
        "$.list[-1]": True,
        "$.party[0].rank": True,
        "$.when": True,
        "$.list[*]": False,
        "$.party[?@.role == 'buyer'].rank": False,
        "$..rank": False,
    }
    async with opened(database) as store:
        for document in DOCUMENTS:
            await store.commit([insert(document)])
        for text, there in sorts.items():
            for descending in (False, True):
                reach, type_ = Expressions(THINGS.types).key(text, "sort")
                sort = (SortKey((), descending, type_, reach),)
                assert split_sort(sort, database.json) is there, text
                told = [each["id"] for each in order(DOCUMENTS, sort)]
                assert await ids(store, Query(sort=sort)) == told, text


INDEXED = Collection(
    "thingManagement/v4/indexed",
    "indexed",
    indexed=("status", "when", "amount", "done", "party.id", "tag"),
    types={**THINGS.types, "party.role": "string", "tag": "string"},
    arrays=frozenset({"party", "tag"}),
)


def by(path: str, operator: Any, value: str) -> Comparison:
    return Comparison(tuple(path.split(".")), operator, value, INDEXED.types.get(path, "string"))


IMPLIED: list[tuple[str, list[Node]]] = [
    ('party[?@.id == "x" && @.role == "y"]', [by("party.id", "eq", "x")]),
    ('$.party[*][?@ == "x"]', []),
    ('$.party[*].id[?@ == "x"]', []),
    ('party[?@.id == "x" || @.role == "y"]', []),
    ('party[?!(@.id == "x")]', []),
    ('party[?@.id != "x"]', []),
    ("party[?@.id == 1]", []),
    ('party[1:][?@.id == "x"]', []),
    ('[?@.party[0].id == "x"]', [by("party.id", "eq", "x")]),
    ('[?@.party[*].id == "x"]', [by("party.id", "eq", "x")]),
    ('[?"x" < @.party[*].id]', [by("party.id", "gt", "x")]),
    ('[?@.party.id == "x"]', [by("party.id", "eq", "x")]),
    ('[?@.party[?@.id == "x"].role == "y"]', [by("party.id", "eq", "x")]),
    ('party[?$.status == "a"]', [by("status", "eq", "a")]),
    ('tag[?@ == "a"]', [by("tag", "eq", "a")]),
    ('status[?@ == "a"]', []),
    ('$..party[?@.id == "x"]', []),
    ('[?@["party", "free"][*].id == "x"]', []),
    ('[?@.status == "a" && @.free == 1]', [by("status", "eq", "a")]),
    ('[?@.status =~ "a"]', []),
    ("[?@.status == null]", []),
    ("[?@.amount > 1.5]", [by("amount", "gt", "1.5")]),
    ("[?@.amount == 10]", [by("amount", "eq", "10")]),
    ("[?@.done == true]", [by("done", "eq", "true")]),
    ('[?@.id == "7"]', [by("id", "eq", "7")]),
    (
        '[?@.when >= "2026-01-01T00:00:00Z" && @.when < "2026-02-01"]',
        [by("when", "gte", "2026-01-01T00:00:00Z"), by("when", "lt", "2026-02-01")],
    ),
    (
        '[?@.when >= "2026-01-01"]',
        [Or((by("when", "gte", "2026-01-01"), by("when", "eq", "2026-01-01")))],
    ),
]


@pytest.mark.parametrize(("text", "expected"), IMPLIED)
def test_what_an_index_can_find(text: str, expected: list[Node]) -> None:
    """A condition on an indexed attribute gives one by name=value, for an index to narrow."""
    assert list(implied(Expressions(INDEXED.types).condition(text), INDEXED)) == expected


def test_a_place_in_an_array_is_no_path() -> None:
    """What stands in an element of an array of arrays is not looked for by an index."""
    node = Reached(Reach((Name("party"), Index(0), Where(read('[?@.id == "x"]')))))
    assert implied(node, INDEXED) == ()
