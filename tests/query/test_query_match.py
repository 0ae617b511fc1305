import pytest
from hypothesis import given
from hypothesis import strategies as st

from tmfserver.query.ast import And, Comparison, Exists, Or
from tmfserver.query.match import compile_match, matches, values

DOCUMENT = {
    "a": 1,
    "none": None,
    "list": [1, [2, [3]], None, {"x": 4}, {"x": [5, None]}],
    "object": {"x": {"y": "z"}},
    "empty": [],
}


@pytest.mark.parametrize(
    ("path", "reached"),
    [
        ("a", [1]),
        ("none", []),
        ("missing", []),
        ("a.b", []),
        ("empty", []),
        ("list", [1, 2, 3, {"x": 4}, {"x": [5, None]}]),
        ("list.x", [4, 5]),
        ("object", [{"x": {"y": "z"}}]),
        ("object.x.y", ["z"]),
    ],
)
def test_values(path, reached):
    """A path reaches what stands at its end, through arrays at every level; null is not there."""
    assert list(values(DOCUMENT, tuple(path.split(".")))) == reached


# operator, type, text, the values that satisfy it, those that do not
CASES = [
    ("eq", "string", "5", ["5"], [5, "5.0", True, {}, []]),
    ("eq", "number", "5", [5, 5.0], ["5", 6, True]),
    ("eq", "number", "1", [1, 1.0], [True]),
    ("eq", "number", "five", [], ["five", 5]),
    ("eq", "number", "10000000000000000000001", [10**22 + 1], [1e22, 10**22]),
    ("eq", "boolean", "true", [True], ["true", 1]),
    ("eq", "boolean", "TRUE", [], [True, "TRUE"]),
    ("eq", "date-time", "2026-01-01", ["2026-01-01T00:00:00Z"], ["2026-01-02T00:00:00Z", 5]),
    ("eq", "date-time", "2026-01-01", ["2026-01-01"], ["2026-01-01 "]),
    ("eq", "date-time", "soon", ["soon"], ["2026-01-01T00:00:00Z", "SOON"]),
    ("eq", None, "5", [5, 5.0, "5"], [50, "5.0"]),
    ("eq", None, "true", [True, "true"], [1, False]),
    ("eq", None, "null", ["null"], [None]),
    ("ne", "string", "5", ["6", 5, None, ["6"]], ["5", ["6", "5"]]),
    ("ne", "number", "x", [1, "x", None], []),
    ("gt", "string", "b", ["c", "ba", "é"], ["b", "a", "B", 5]),
    ("gt", "string", "\uffff", ["\U00010000"], ["\uff00"]),
    ("gt", "number", "5", [5.5, 10**30], [5, "6", True]),
    ("lt", "number", "1e999", [10**400], []),
    ("gte", "date-time", "2026-01-01", ["2026-01-01T01:00:00+01:00"], ["z", "2026-01-02"]),
    ("lt", "date-time", "2026-01-01", ["2026-01-01T00:00:00+00:01"], ["2026-01-01T00:00:00Z"]),
    ("gt", None, "0", [1, "1", "true"], [True, -1]),
    ("lte", None, "x", ["x", "a"], [1, "y", True]),
    ("gt", "boolean", "false", [], [True, False]),
    ("regex", "string", "^a.c$", ["abc"], ["xabc", 5]),
    ("regex", "number", "5", ["15"], [5]),
    ("contains", None, "b", ["abc"], ["aBc", 5, True]),
    ("startswith", "date-time", "2026", ["2026-01-01T00:00:00Z"], ["x2026", 2026]),
]


@pytest.mark.parametrize(("operator", "type_", "text", "good", "bad"), CASES)
def test_comparisons(operator, type_, text, good, bad):
    """Values compare by the type that the contract gives, or else by their own."""
    node = Comparison(("a",), operator, text, type_)
    assert [value for value in good if not matches(node, {"a": value})] == []
    assert [value for value in bad if matches(node, {"a": value})] == []


def test_absent():
    """An attribute that is not there satisfies no comparison but `ne`."""
    operators = ["eq", "ne", "gt", "gte", "lt", "lte", "regex", "contains", "startswith"]
    for document in ({}, {"a": None}, {"a": []}, {"a": [None]}):
        holding = [each for each in operators if matches(Comparison(("a",), each, ""), document)]
        assert holding == ["ne"]


def test_exists():
    """Objects exist, null and empty arrays do not."""
    there = [name for name in DOCUMENT if matches(Exists((name,)), DOCUMENT)]
    assert there == ["a", "list", "object"]
    gone = [name for name in DOCUMENT if matches(Exists((name,), present=False), DOCUMENT)]
    assert gone == ["none", "empty"]


def test_none():
    """Without a filter every document is found."""
    assert matches(None, {})


def test_compiled_once():
    """A filter that was met before is not read again."""
    assert compile_match(Exists(("a",))) is compile_match(Exists(("a",)))


def test_deep():
    """A document of 100,000 levels is matched like any other."""
    value = "x"
    for _ in range(100_000):
        value = [value]
    assert matches(Comparison(("a",), "eq", "x"), {"a": value})
    assert not matches(Comparison(("a", "b"), "eq", "x"), {"a": value})


scalars = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["a", "b", "1", 0.5])
documents = st.dictionaries(
    st.sampled_from("abc"), scalars | st.lists(scalars, max_size=3), max_size=3
)
comparisons = st.builds(
    Comparison,
    st.sampled_from([("a",), ("b",)]),
    st.sampled_from(["eq", "ne", "gt", "gte", "lt", "lte"]),
    st.sampled_from(["a", "1", "true", "0.5"]),
    st.sampled_from(["string", "number", "boolean", None]),
)


@given(comparisons, documents)
def test_ne_is_not_eq(node, document):
    """`ne` holds exactly when `eq` does not."""
    equal = Comparison(node.path, "eq", node.value, node.type)
    unequal = Comparison(node.path, "ne", node.value, node.type)
    assert matches(equal, document) is not matches(unequal, document)


@given(comparisons, comparisons, documents)
def test_and_or(one, other, document):
    """And needs all its parts, Or needs one."""
    both = matches(one, document), matches(other, document)
    assert matches(And((one, other)), document) is all(both)
    assert matches(Or((one, other)), document) is any(both)


@given(comparisons, documents)
def test_gte_is_gt_or_eq(node, document):
    """`gte` is `gt` or `eq`, and `lte` is `lt` or `eq`, where there is an order."""
    if node.type != "boolean" and node.value != "true":
        for with_equal, without in (("gte", "gt"), ("lte", "lt")):
            either = [
                Comparison(node.path, each, node.value, node.type) for each in (without, "eq")
            ]
            whole = Comparison(node.path, with_equal, node.value, node.type)
            assert matches(whole, document) is matches(Or(tuple(either)), document)
