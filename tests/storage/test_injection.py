from __future__ import annotations

import pytest

from tests.storage.databases import THINGS, Database, document, ids, insert, opened
from tmfserver import errors
from tmfserver.changes import Collection, Remove
from tmfserver.query.ast import (
    AnyOf,
    Call,
    Compared,
    Comparison,
    Constant,
    Every,
    Exists,
    Name,
    Node,
    Not,
    Operator,
    Query,
    Reach,
    Reached,
    SortKey,
    ValueType,
    Where,
)
from tmfserver.repository import Store

OPERATORS: tuple[Operator, ...] = ("eq", "contains", "startswith", "gte")
TYPES: tuple[ValueType | None, ...] = ("string", None)

NASTY = [
    "'",
    "''; DROP TABLE listener; --",
    '"',
    '") OR 1=1 --',
    "\\",
    "\\'",
    "%",
    "_",
    "%s",
    "%(v0)s",
    ":v0",
    "$1",
    "{}",
    "{0}",
    "?",
    "$.a",
    "a[0]",
    "a.b",
    "[*]",
    "\n\t\r\x01\x7f",
    "\u2028 \ufeff é 🙂",
    " ",
    'it\'s "quoted" \\\\ twice',
    "x" * 65_536,
    "".join(chr(0x4E00 + n * 7919 % 20000) for n in range(20_000)),
]


async def test_any_text_is_a_value_and_a_name(database: Database) -> None:
    """Any text is only itself as a value or a name: it finds its document and no other."""
    types: dict[str, ValueType] = {"status": "string"}
    collections = {
        nasty: Collection(
            f"api/v1/known{n}", "known", (nasty, "status"), {nasty: "string", **types}
        )
        for n, nasty in enumerate(NASTY)
    }
    async with opened(database, *collections.values()) as store:
        for nasty, known in collections.items():
            await _is_only_itself(store, nasty, known)


async def _is_only_itself(store: Store, nasty: str, known: Collection) -> None:
    mine = {"id": "mine", "status": nasty, "free": [nasty], nasty: {"inner": nasty}}
    other = {"id": "other", "status": "z", "free": ["z"], "z": {"inner": "z"}}
    await store.commit([insert(mine, known), insert(other, known)])
    assert await document(store, "mine", known) == mine
    for path in (("status",), ("free",), (nasty, "inner")):
        for operator in OPERATORS:
            for type_ in TYPES:
                asked = Comparison(path, operator, nasty, type_)
                found = await ids(store, Query(asked), known)
                assert "mine" in found, asked
                assert operator == "gte" or found == ["mine"], asked
        unlike = Comparison(path, "ne", nasty, "string")
        assert await ids(store, Query(unlike), known) == ["other"]
    assert await ids(store, Query(Exists((nasty,))), known) == ["mine"]
    sort = (SortKey((nasty, "inner")), SortKey((nasty,), descending=True, type="string"))
    assert await ids(store, Query(sort=sort), known) == ["mine", "other"]


async def test_any_text_is_a_value_and_a_name_in_a_jsonpath(database: Database) -> None:
    """Any text in a JSONPath is only itself: it finds its document and no other."""
    async with opened(database) as store:
        for nasty in NASTY:
            mine = {"id": "mine", "status": nasty, "free": [{nasty: [nasty]}], nasty: {"a": nasty}}
            other = {"id": "other", "status": "z", "free": [{"z": ["z"]}], "z": {"a": "z"}}
            await store.commit([insert(mine), insert(other)])
            for node in jsonpaths(nasty):
                assert await ids(store, Query(node)) == ["mine"], node
                assert await ids(store, Query(Not(node))) == ["other"], node
            sort = (SortKey((), reach=Reach((Name(nasty), Name("a")))),)
            assert await ids(store, Query(sort=sort)) == ["mine", "other"]
            await store.commit([Remove(THINGS, "mine", 1), Remove(THINGS, "other", 1)])


def jsonpaths(nasty: str) -> list[Node]:
    """Conditions in which the text stands everywhere that a client can write one."""
    name, text = Name(nasty), Constant(nasty)
    inner = Reach((name, Every()))
    return [
        Reached(Reach((name,))),
        Reached(Reach((name, Name("a")))),
        Reached(Reach((AnyOf((name, Name(nasty + "!"))), Name("a")))),
        Reached(Reach((Name("free"), Where(Reached(inner))))),
        Reached(Reach((Name("free"), Where(Compared(inner, "eq", text))))),
        Compared(Reach((Name("status"),)), "eq", text),
        Compared(Reach((Name("status"),)), "eq", text, "date-time"),
        Compared(Reach((name, Name("a"))), "eq", Reach((Name("status"),))),
        Compared(Reach((Name("status"),)), "eq", Reach((name, Name("a")))),
        Compared(Call("length", Reach((name, Name("a")))), "eq", Constant(len(nasty))),
        Compared(Call("count", Reach((name, Every()))), "gt", Constant(0)),
    ]


async def test_any_text_is_an_id(database: Database) -> None:
    """Any text is an id like another."""
    async with opened(database) as store:
        await store.commit([insert({"id": "other"})])
        for nasty in NASTY[:-2]:
            await store.commit([insert({"id": nasty})])
            assert await document(store, nasty) == {"id": nasty}
            assert await ids(store, Query(Comparison(("id",), "eq", nasty))) == [nasty]
            with pytest.raises(errors.Taken):
                await store.commit([insert({"id": nasty})])


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
async def test_texts_that_no_document_has(database: Database, text: str) -> None:
    """A query with a text that cannot be stored is refused as a bad query."""
    async with opened(database) as store:
        for asked in (
            Comparison(("a",), "eq", text),
            Exists((text,)),
            Comparison((text,), "ne", ""),
            Reached(Reach((Name(text),))),
            Compared(Reach((Name("a"),)), "ne", Constant(text)),
            Reached(Reach((Name("a"), Where(Reached(Reach((AnyOf((Name(text),)),))))))),
        ):
            with pytest.raises(errors.BadQuery):
                await store.find(Collection("thingManagement/v4/other", "o"), Query(asked))
        assert await store.ping() is None


async def test_long_texts_in_indexed_attributes(database: Database) -> None:
    """Texts beyond what an index holds are told apart by their ends."""
    start = "".join(chr(33 + n * 7919 % 90) for n in range(70_000)).replace("\\", "/")
    async with opened(database) as store:
        for end in "ab":
            await store.commit([insert({"id": end, "status": start + end})])
        for end in "ab":
            asked = Comparison(("status",), "eq", start + end, "string")
            assert await ids(store, Query(asked)) == [end]
        beyond = Comparison(("status",), "gt", start + "a", "string")
        assert await ids(store, Query(beyond)) == ["b"]
        assert await ids(store, Query(Comparison(("status",), "startswith", start))) == ["a", "b"]
