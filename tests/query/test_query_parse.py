import string
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tmfserver.errors import BadQuery, NotServed
from tmfserver.query.ast import (
    And,
    Comparison,
    Every,
    Exists,
    Fields,
    Name,
    Or,
    Query,
    Reach,
    Reached,
    SortKey,
)
from tmfserver.query.match import matches
from tmfserver.query.parse import FIELDS_PATTERN, SORT_PATTERN, parse

TYPES = {"n": "number", "b": "boolean", "at": "date-time", "name": "string", "p.at": "date-time"}


def filter_of(text):
    return parse(text, TYPES).filter


def test_nothing():
    """An empty query string asks for the first page of everything."""
    assert parse("", {}) == Query()


def test_limits():
    """The caller says how big a page is, unasked and at most."""
    assert parse("", {}, limit=7).limit == 7
    assert parse("", {}, limit=7, largest=5).limit == 5
    assert parse("limit=20", {}, limit=7, largest=10).limit == 10
    assert parse("limit=0", {}).limit == 0
    assert parse(f"limit={2**63 - 1}&offset={2**63 - 1}", {}) == Query(limit=1000, offset=2**63 - 1)


def test_types():
    """A comparison carries what the contract says of the attribute, by its dotted path."""
    assert filter_of("p.at.gt=2026-01-01") == Comparison(
        ("p", "at"), "gt", "2026-01-01", "date-time"
    )
    assert filter_of("p.other=1") == Comparison(("p", "other"), "eq", "1", None)
    assert parse("sort=p.at,-x", TYPES).sort == (
        SortKey(("p", "at"), type="date-time"),
        SortKey(("x",), descending=True),
    )


def test_an_impossible_text_is_no_error_in_equality():
    """Text that the attribute can never have finds nothing, it is not refused."""
    assert filter_of("n=x") == Comparison(("n",), "eq", "x", "number")
    assert filter_of("b!=maybe") == Comparison(("b",), "ne", "maybe", "boolean")


def test_the_contract_goes_first():
    """A name that ends in an operator's word is an attribute if the contract has it."""
    types = {"x.eq": "number", "x.exists": "string"}
    assert parse("x.eq=1", types).filter == Comparison(("x", "eq"), "eq", "1", "number")
    assert parse("x.eq>1", types).filter == Comparison(("x", "eq"), "gt", "1", "number")
    assert parse("x.exists=no", types).filter == Comparison(("x", "exists"), "eq", "no", "string")
    assert parse("y.eq=1", types).filter == Comparison(("y",), "eq", "1")
    assert parse("gt=1", types).filter == Comparison(("gt",), "eq", "1")


def test_one_condition_stands_alone():
    """A query of one comparison is that comparison, with nothing around it."""
    assert filter_of("name=x&limit=3") == Comparison(("name",), "eq", "x", "string")
    assert filter_of("x.exists=false") == Exists(("x",), present=False)


def test_repetition():
    """A repeated name is one condition, whose values are told once."""
    x, y = (Comparison(("x",), "eq", text) for text in "12")
    assert filter_of("x=1&x=2&x=1") == Or((x, y))
    assert filter_of("x=1&x=1") == x
    z = Comparison(("z",), "eq", "1")
    assert filter_of("x=1&z=1&x=2") == And((Or((x, y)), z))
    assert filter_of("x=1;z=1&x=2").parts[1] == y


def test_commas_also_stand_for_themselves():
    """A text with commas is looked for whole, and by its parts."""
    texts = [each.value for each in filter_of("name=a, b,,c").parts]
    assert texts == ["a, b,,c", "a", "b", "c"]
    assert filter_of("name=,") == Comparison(("name",), "eq", ",", "string")
    assert [each.value for each in filter_of("name!=a,b").parts] == ["a,b", "a", "b"]
    assert isinstance(filter_of("name!=a,b"), And)


def test_numbers_do_not_stand_for_themselves():
    """A list of numbers or moments is looked for by its parts only: whole, it could be none."""
    assert [each.value for each in filter_of('n=1,"2"').parts] == ["1", "2"]
    assert filter_of('at="2026-01-01"').value == "2026-01-01"


def test_a_plus_lost_in_a_moment():
    """A + that was sent bare, and so became a space, is understood in a moment's offset."""
    assert filter_of("at=2026-01-01T00:00:00.5+02:00").value == "2026-01-01T00:00:00.5+02:00"
    assert filter_of("name=2026-01-01T00:00:00+02:00").value == "2026-01-01T00:00:00 02:00"


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("", None),
        ("fields=", None),
        ("fields=,%20", None),
        ("fields=none", Fields(())),
        ("fields=none,a", Fields((("a",),))),
        ("fields=a,b.c", Fields((("a",), ("b", "c")))),
        ("fields=+a+,%20b.c", Fields((("a",), ("b", "c")))),
        ("fields=a&fields=b&fields=a", Fields((("a",), ("b",)))),
        ("fields=@type&fields=", Fields((("@type",),))),
        ("fields=$.a.b,a.b", Fields((("a", "b"),))),
        ("fields=none,$.a[*]", Fields((), (Reach((Name("a"), Every())),))),
        ("fields=$.a,$.a[*]&fields=$.a.*", Fields((("a",),), (Reach((Name("a"), Every())),))),
    ],
)
def test_fields(text, fields):
    """Attribute selection (TMF630 4.3): a list of names, `none`, or nothing for everything."""
    assert parse(text, {}).fields == fields


def test_reserved_names_can_be_filtered():
    """An attribute that is called like a paging parameter is reached with any operator."""
    assert filter_of("limit.eq=3") == Comparison(("limit",), "eq", "3")
    assert filter_of("limit%3E3") == Comparison(("limit",), "gt", "3")


def test_expression():
    """`filter` is JSONPath (TMF630 Part 6); it must hold with all name=value conditions."""
    there = Reached(Reach((Name("a"),)))
    one = Comparison(("a",), "eq", "1")
    assert filter_of("filter=$.a") == there
    assert filter_of("filter=$.a&a=1") == And((one, there))
    assert filter_of("filter=$[?@.a]&filter=a&filter=b") == And(
        (there, Reached(Reach((Name("b"),))))
    )


def test_parameters_of_others():
    """cursor, depth and expand are no filters, unless the contract has such an attribute."""
    assert parse("cursor=x&depth=2&expand=a.b", {}) == Query()
    assert parse("depth=2&expand=a", {"depth": "number"}).filter == Comparison(
        ("depth",), "eq", "2", "number"
    )
    assert parse("a=1;depth=2", {"depth": "number"}).filter is not None
    assert parse("depth.gt=2", {}).filter == Comparison(("depth",), "gt", "2")
    with pytest.raises(BadQuery, match="'depth': got ';' before it"):
        parse("a=1;depth=2", {})


@settings(max_examples=40)
@given(st.from_regex(SORT_PATTERN, fullmatch=True), st.from_regex(FIELDS_PATTERN, fullmatch=True))
def test_declared_patterns(sort, fields):
    """Whatever the effective contract's patterns for `sort` and `fields` allow is accepted."""
    query = parse(f"sort={quote(sort)}&fields={quote(fields)}", {})
    assert len(query.sort) == len(sort.split(","))


def test_too_long():
    """A query string of more than 64 KB is refused."""
    with pytest.raises(BadQuery, match="got 65537 characters, expected at most 65536"):
        parse("a=" + "x" * 65535, {})
    assert parse("a=" + "x" * 65534, {}).filter is not None


@pytest.mark.parametrize(
    "text",
    [
        "&".join(f"a{number}=1" for number in range(201)),
        "a=" + ",".join(map(str, range(201))),
        "a=" + ";".join(map(str, range(201))),
        "a=" + ';b="1"' * 200,
        "a=" + ',"x' * 10_000,
        "&".join(f"a{number}.exists=true" for number in range(201)),
    ],
)
def test_too_many(text):
    """A query string of more than 200 conditions is refused."""
    with pytest.raises(BadQuery, match="got more than 200 conditions, expected at most 200"):
        parse(text, {})


def test_200_conditions():
    """200 conditions are not too many."""
    assert len(filter_of("id=" + ",".join(map(str, range(200)))).parts) == 201


def test_long_expression():
    """A regular expression of more than 2,000 characters is refused."""
    with pytest.raises(BadQuery, match="a regular expression of at most 2000 characters"):
        parse("a.regex=" + "x" * 2001, {})
    assert filter_of("a.regex=" + "x" * 2000) == Comparison(("a",), "regex", "x" * 2000)


def test_too_deep():
    """A path of more than 100 names is refused."""
    with pytest.raises(BadQuery, match="got 101 names, expected a path of at most 100 names"):
        parse(".".join("a" * 101) + "=1", {})
    assert filter_of(".".join("a" * 100) + "=1").path == ("a",) * 100


def test_long_texts_are_cut_in_messages():
    """A message shows the beginning of a long text, on one line."""
    with pytest.raises(BadQuery) as raised:
        parse("n.gt=" + "x%0A" * 1000, TYPES)
    assert len(str(raised.value)) < 300
    assert "\n" not in str(raised.value)


GRAMMAR = 'abn@.,;=<>!*~"%&+ 0123é{}[]()\\|$:-'
WORDS = [*GRAMMAR, "limit", "offset", "sort", "fields", "filter", ".gt", ".exists", "=true", "%3E"]
WORDS += [
    "filter=$[?(@.",
    "$.",
    "[?(@.",
    ")]",
    "%3D%3D",
    "%C3%A9",
    "%FF",
    "%00",
    "at",
    "name",
    ".regex=",
    ".contains=",
    '"a,b"',
    "\ud800",
]


@settings(max_examples=500)
@given(
    st.binary(max_size=60).map(lambda raw: raw.decode("utf-8", "surrogateescape"))
    | st.text(max_size=60)
    | st.lists(st.sampled_from(WORDS), max_size=20).map("".join)
)
@example("a=;=")
@example("a.regex=" + quote("(" * 2000 + ")" * 2000))
@example("n.gt=" + "9" * 60_000)
@example("n.gt=1e" + "9" * 60_000)
@example("limit=" + "0" * 60_000)
@example("a=" + ";" * 199)
def test_any_text(text):
    """Whatever stands in a URL is either a query, which any document can be held against, or
    refused."""
    try:
        query = parse(text, TYPES)
    except (BadQuery, NotServed):
        return
    assert matches(query.filter, {"a": [1, "b"], "n": 2, "at": "x"}) in (True, False)
    assert 0 <= query.limit <= 1000
    assert query.offset >= 0


SYMBOLS = ("=", "~", "<", ">", "!=", "*=")
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"))


@given(texts, st.sampled_from(["name", "free", "a.b"]), st.sampled_from(["=", ".eq=", "%3D%3D"]))
@example('Détail "à/b", 100%', "name", "=")
@example('"a","b"', "name", "=")
@example("a;b=c", "free", "=")
@example(">5", "free", ".eq=")
def test_every_text_can_be_looked_for(text, name, operator):
    """A percent-encoded text finds the document that has it, whatever stands in it, unless it
    begins with an operator's symbol: then `.eq` says that it is meant as it stands."""
    if operator != ".eq=" and text.startswith(SYMBOLS):
        operator = ".eq="
    document = {"name": text, "free": [text], "a": [{"b": text}]}
    try:
        found = filter_of(name + operator + quote(text))
    except BadQuery:
        found = None
    assert matches(found, document)
    assert found or ";" in text


@given(st.text(string.printable + "é", max_size=30), st.sampled_from(["eq", "gt", "startswith"]))
def test_quotes_keep_a_text_together(text, operator):
    """A quoted text is one value, commas and semicolons and all."""
    found = filter_of(f"name.{operator}={quote(chr(34) + text.replace(chr(34), '') + chr(34))}")
    parts = found.parts if isinstance(found, Or) else (found,)
    assert text.replace('"', "") in [part.value for part in parts]
    assert len(parts) <= 2
