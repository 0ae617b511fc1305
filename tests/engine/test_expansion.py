"""Which references are followed, where they lead, and where following them ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from tmfserver.changes import Collection
from tmfserver.engine import expansion
from tmfserver.engine.expansion import Expansions, Place
from tmfserver.engine.references import ReferencePaths
from tmfserver.errors import BadQuery
from tmfserver.query.expansion import Expansion, read_expansion
from tmfserver.repository import Page, Row
from tmfserver.rules import Rules

BASE = "http://host"
BOOKS, OLD_BOOKS, AUTHORS, SHOPS = (
    Place(Collection(f"{path}/{name}", name), f"/{path}/{name}")
    for path, name in (
        ("books/v2", "book"), ("books/v1", "book"), ("people/v1", "author"), ("people/v1", "shop"),
    )
)  # fmt: skip
RULES = {
    "book": Rules(references={"author": "author", "sold.by": ("shop", "author")}),
    "author": Rules(references={"best": "book", "friend": "author"}),
}


class Shelf:
    """A store of a few documents that remembers what was asked of it."""

    def __init__(self, *documents: tuple[Place, dict[str, Any]]) -> None:
        self.rows: dict[tuple[str, str], Row] = {
            (place.collection.name, document["id"]): (document["id"], json.dumps(document), 1)
            for place, document in documents
        }
        self.asked: list[tuple[str, str]] = []

    async def get(self, collection: Collection, id: str) -> Row | None:
        self.asked.append((collection.name, id))
        await asyncio.sleep(0)
        return self.rows.get((collection.name, id))


def expansions(shelf: Any) -> Expansions:
    places = {"book": [OLD_BOOKS, BOOKS], "author": [AUTHORS], "shop": [SHOPS]}
    return Expansions(shelf, places, ReferencePaths(RULES))


def row(document: dict[str, Any]) -> Row:
    return document["id"], json.dumps(document), 7, "place"


def expanded(
    shelf: Shelf, *documents: dict[str, Any], place: Place = BOOKS, text: str = "depth=1"
) -> list[Any]:
    """The documents as an answer has them."""
    asked = read_expansion(text)
    assert asked is not None
    expanding = expansions(shelf).begin(place, asked, BASE)
    rows = asyncio.run(expanding.rows([row(document) for document in documents]))
    assert [(each[0], *each[2:]) for each in rows] == [
        (each["id"], 7, "place") for each in documents
    ]
    return [json.loads(each[1]) for each in rows]


ADA = {"id": "ada", "name": "Ada", "best": {"id": "b"}, "friend": [{"id": "bo"}, {"id": "ada"}]}
BO = {"id": "bo", "name": "Bo", "friend": {"id": "ada"}}


def test_what_a_reference_leads_to_takes_its_place() -> None:
    """The representation, with its own id and href; the reference's other attributes stay."""
    reference = {"id": "ada", "href": "old", "name": "A.", "role": "x", "@referredType": "Author"}
    shelf = Shelf((AUTHORS, ADA))
    (book,) = expanded(shelf, {"id": "1", "author": reference})
    assert book["author"] == {
        **ADA, "href": f"{BASE}/people/v1/author/ada", "role": "x", "@referredType": "Author",
    }  # fmt: skip


def test_references_in_arrays_are_followed() -> None:
    """A dotted path goes through arrays; one that is not asked for stays a reference."""
    sold = [{"by": {"id": "s"}, "price": 3}, {"by": [{"id": "bo"}, {"id": "nobody"}]}, {"price": 4}]
    shelf = Shelf((SHOPS, {"id": "s", "open": True}), (AUTHORS, BO))
    (book,) = expanded(
        shelf, {"id": "1", "author": {"id": "bo"}, "sold": sold}, text="expand=sold.by"
    )
    first, second, third = book["sold"]
    assert first == {
        "by": {"id": "s", "href": f"{BASE}/people/v1/shop/s", "open": True},
        "price": 3,
    }
    assert [each.get("name") for each in second["by"]] == ["Bo", None]
    assert third == {"price": 4}
    assert book["author"] == {"id": "bo"}


def test_depth_counts_levels_and_cycles_are_cut() -> None:
    """`depth=N` follows N levels; what is on the way down already stays a reference."""
    shelf = Shelf((AUTHORS, ADA), (AUTHORS, BO), (BOOKS, {"id": "b", "author": {"id": "ada"}}))
    asked = {"id": "b", "author": {"id": "ada"}}
    (one,) = expanded(shelf, asked, text="depth=1")
    assert one["author"]["friend"] == [{"id": "bo"}, {"id": "ada"}]
    (two,) = expanded(shelf, asked, text="depth=2")
    bo, ada = two["author"]["friend"]
    assert bo == {**BO, "href": f"{BASE}/people/v1/author/bo"}
    assert ada == {"id": "ada"}
    (five,) = expanded(shelf, asked, text="depth=5")
    assert five["author"]["friend"][0]["friend"] == {"id": "ada"}
    assert expanded(shelf, asked, text="depth=0&expand=author") == [one]


def test_a_path_goes_on_within_what_came_in() -> None:
    """`expand=author.friend` follows both references, and no other."""
    shelf = Shelf((AUTHORS, ADA), (AUTHORS, BO), (OLD_BOOKS, {"id": "b"}))
    (book,) = expanded(shelf, {"id": "1", "author": {"id": "ada"}}, text="expand=author.friend")
    assert book["author"]["friend"][0]["name"] == "Bo"
    assert book["author"]["best"] == {"id": "b"}


@pytest.mark.parametrize(
    "reference",
    [
        {"id": "nobody"},
        {"id": "ada", "href": "https://elsewhere.example/people/v1/author/ada"},
        {"id": "ada", "isRef": False},
        {"id": "ada", "isRef": "false"},
        {"id": 5},
        {"name": "Ada"},
        "ada",
        None,
    ],
)
def test_what_cannot_be_followed_stays(reference: Any) -> None:
    """What does not exist, is another host's or no reference is left as it was."""
    document = {"id": "1", "author": reference}
    assert expanded(Shelf((AUTHORS, ADA)), document) == [document]


def test_where_a_reference_leads() -> None:
    """The href's collection, else the @referredType's, else the same API's, else any."""
    shelf = Shelf(
        (BOOKS, {"id": "b", "of": "v2"}), (OLD_BOOKS, {"id": "b", "of": "v1"}),
        (AUTHORS, {"id": "x", "of": "author"}), (SHOPS, {"id": "x", "of": "shop"}),
    )  # fmt: skip

    def found(path: str, place: Place, **reference: str) -> Any:
        document = {"id": "1", "best": reference, "sold": {"by": reference}}
        (whole,) = expanded(shelf, document, place=place, text=f"expand={path}")
        return (whole["best"] if path == "best" else whole["sold"]["by"]).get("of")

    assert found("best", AUTHORS, id="b") == "v1"
    assert found("best", AUTHORS, id="b", href=f"{BASE}/books/v2/book/b") == "v2"
    assert found("best", AUTHORS, id="b", href="/books/v2/book/b") == "v2"
    assert found("sold.by", BOOKS, id="x") == "shop"
    assert found("sold.by", BOOKS, id="x", **{"@referredType": "Author"}) == "author"
    assert found("sold.by", BOOKS, id="b", **{"@referredType": "Author"}) is None


def test_each_document_is_read_once() -> None:
    """What many references lead to is asked of the database once in an answer."""
    shelf = Shelf((AUTHORS, ADA), (AUTHORS, BO))
    books = [{"id": str(n), "author": {"id": id}} for n in range(200) for id in ("ada", "bo", "no")]
    whole = expanded(shelf, *books)
    assert sorted(shelf.asked) == [(AUTHORS.collection.name, id) for id in ("ada", "bo", "no")]
    assert [book["author"].get("name") for book in whole] == ["Ada", "Bo", None] * 200


def test_an_answer_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond 1,000 references, or 32 MiB of what they lead to, references stay as they are."""
    assert (expansion.MOST_FOLLOWED, expansion.MOST_TEXT) == (1000, 32 * 1024 * 1024)
    monkeypatch.setattr(expansion, "MOST_FOLLOWED", 4)
    shelf = Shelf((AUTHORS, ADA), (AUTHORS, BO))
    books = [{"id": n, "author": {"id": "ada"}} for n in "123456"]
    expanding = expansions(shelf).begin(BOOKS, Expansion(depth=2), BASE)

    async def both() -> list[Row]:
        rows = [row(book) for book in books]
        return [*await expanding.rows(rows[:2]), *await expanding.rows(rows[2:])]

    whole = [json.loads(text) for _, text, *_ in asyncio.run(both())]
    assert ["name" in book["author"] for book in whole] == [True] * 2 + [False] * 4
    assert [each.get("name") for each in whole[0]["author"]["friend"]] == ["Bo", None]
    monkeypatch.setattr(expansion, "MOST_FOLLOWED", 1000)
    monkeypatch.setattr(expansion, "MOST_TEXT", 2 * len(json.dumps(ADA)))
    whole = expanded(shelf, *books)
    assert ["name" in book["author"] for book in whole] == [True] * 2 + [False] * 4


def test_what_would_be_nested_too_deep_stays() -> None:
    """A document that cannot be printed with what its references lead to stays as it was."""
    deep: Any = "end"
    for _ in range(200):
        deep = [deep]
    far: Any = {"id": "s"}
    for _ in range(100):
        far = [far]
    document = {"id": "1", "sold": {"by": far}}
    assert expanded(Shelf((SHOPS, {"id": "s", "deep": deep})), document) == [document]


@pytest.mark.parametrize(
    ("path", "came", "expected"),
    [
        ("title", "'title'", "one of author, sold.by, author.best, author.friend"),
        ("sold", "'sold'", "one of author, sold.by"),
        ("author.name", "'author.name'", "one of author"),
        (".".join(["author", *["friend"] * 40, "x"]), "author.friend", "one of author"),
        ("a..b", "'a..b'", "attribute names"),
    ],
)
def test_a_path_without_a_reference_is_refused(path: str, came: str, expected: str) -> None:
    """400 for what is no reference, with the list of those that there are."""
    with pytest.raises(BadQuery) as raised:
        expanded(Shelf(), {"id": "1"}, text=f"expand={path}")
    assert "'expand'" in str(raised.value)
    assert came in str(raised.value)
    assert expected in str(raised.value)
    with pytest.raises(BadQuery, match="shop has no references"):
        expanded(Shelf(), {"id": "1"}, place=SHOPS, text="expand=author")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("depth=0&expand=", None),
        ("name=depth&expand.eq=x&depth%3E3", None),
        ("a.depth=2", None),
        ("depth=2", Expansion(2)),
        ("%64epth=002&depth=2", Expansion(2)),
        ("expand=a.b,%20c&expand=c,d", Expansion(0, (("a", "b"), ("c",), ("d",)))),
        ("depth=5&expand=a", Expansion(5, (("a",),))),
    ],
)
def test_what_a_query_string_asks_for(text: str, expected: Expansion | None) -> None:
    """`depth` is a number of levels; `expand` lists paths, with commas or repeated."""
    assert read_expansion(text) == expected


def test_an_attribute_of_that_name_is_filtered_by() -> None:
    """Where the contract has an attribute named `depth`, `depth=7` is a filter."""
    assert read_expansion("depth=7", {"depth": "number"}) is None
    assert read_expansion("depth=7&expand=a", {"depth": "number"}) == Expansion(0, (("a",),))


@pytest.mark.parametrize("depth", ["6", "-1", "", "1.5", "x", "%D9%A1", "1&depth=2", "9" * 5000])
def test_a_depth_that_is_none_is_refused(depth: str) -> None:
    """400 for what is no whole number from 0 to 5, or several of them."""
    with pytest.raises(BadQuery, match=r"'depth': got .* expected one whole number from 0 to 5"):
        read_expansion(f"depth={depth}")
    assert read_expansion("depth=" + "0" * 60_000) is None


class Rest:
    """The rest of a long page, and whether it was closed."""

    def __init__(self, *batches: Sequence[Row]) -> None:
        self._batches = batches
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[Sequence[Row]]:
        for batch in self._batches:
            yield batch

    async def aclose(self) -> None:
        self.closed = True


def test_a_long_page_is_expanded_batch_by_batch() -> None:
    """What is not read yet is expanded when it is read."""
    shelf = Shelf((AUTHORS, ADA), (AUTHORS, BO))
    books = [row({"id": id, "author": {"id": id}}) for id in ("ada", "bo", "ada")]
    rest = Rest(books[1:2], books[2:])

    async def read() -> list[Row]:
        expanding = expansions(shelf).begin(BOOKS, Expansion(depth=1), BASE)
        page = await expanding.page(Page(3, 3, books[:1], rest))
        assert shelf.asked == [(AUTHORS.collection.name, "ada")]
        assert page.more is not None
        rows = [*page.rows, *[each async for batch in page.more for each in batch]]
        await page.more.aclose()
        return rows

    names = [json.loads(text)["author"]["name"] for _, text, *_ in asyncio.run(read())]
    assert names == ["Ada", "Bo", "Ada"]
    assert rest.closed


def test_a_page_is_closed_when_following_fails() -> None:
    """A database that fails while references are followed leaves no page open."""

    class Broken(Shelf):
        async def get(self, collection: Collection, id: str) -> Row | None:
            raise OSError

    rest = Rest()
    expanding = expansions(Broken()).begin(BOOKS, Expansion(depth=1), BASE)
    page = Page(2, 2, [row({"id": "1", "author": [{"id": "ada"}, {"id": "bo"}]})], rest)
    with pytest.raises(OSError):
        asyncio.run(expanding.page(page))
    assert rest.closed
