import pytest
from hypothesis import given
from hypothesis import strategies as st

from tmfserver.query.ast import (
    And,
    Call,
    Compared,
    Comparison,
    Constant,
    Descend,
    Every,
    Exists,
    Name,
    Not,
    Or,
    Reach,
    Reached,
    Where,
)
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


# left, operator, right, whether it holds; each side's values, None for nothing reached
PAIRS = [
    ([5], "eq", [5.0], True),
    ([5], "eq", ["5"], False),
    ([1], "eq", [True], False),
    ([True], "eq", [True], True),
    ([None], "eq", [None], True),
    ([None], "eq", [False], False),
    ([], "eq", [], True),
    ([], "eq", [None], False),
    ([], "ne", [], False),
    ([], "ne", [1], True),
    ([1, 2], "eq", [3, 2], True),
    ([1, 2], "ne", [3, 2], False),
    ([1, 2], "ne", [3, 4], True),
    ([{"x": [1, {}]}], "eq", [{"x": [1.0, {}]}], True),
    ([{"x": [1]}], "eq", [{"x": [True]}], False),
    ([{"x": 1}], "eq", [{"x": 1, "y": 1}], False),
    ([[1, 2]], "eq", [[2, 1]], False),
    ([[]], "eq", [{}], False),
    ([2], "gt", [1.5], True),
    (["b"], "gt", ["a"], True),
    (["\U00010000"], "gt", ["\uffff"], True),
    (["2"], "gt", [1], False),
    ([True], "gt", [False], False),
    ([None], "gt", [None], False),
    ([None], "lte", [None], True),
    ([True], "gte", [True], True),
    ([{}], "gte", [{}], True),
    ([[2]], "gt", [[1]], False),
    ([], "gte", [], True),
    ([], "gt", [], False),
    ([], "lt", [1], False),
    ([1, 9], "lt", [2], True),
    ([10**22 + 1], "eq", [1e22], False),
]


def reaching(name, values):
    """What reaches these values, and the attribute in which they stand."""
    return Reach((Name(name), Every())), {name: values}


@pytest.mark.parametrize(("left", "operator", "right", "holds"), PAIRS)
def test_values_compare_by_their_own_types(left, operator, right, holds):
    """Values compare as RFC 9535 (2.3.5.2.2) has it; of several, any pair will do."""
    (one, ours), (other, theirs) = reaching("l", left), reaching("r", right)
    assert matches(Compared(one, operator, other), ours | theirs) is holds


# a document's values, operator, the query's text, whether it holds
MOMENTS = [
    (["2026-01-01T01:00:00+01:00"], "eq", "2026-01-01T00:00:00Z", True),
    (["2026-01-01T01:00:00+01:00"], "eq", "2026-01-01", True),
    (["2026-01-01T00:00:01Z"], "gt", "2026-01-01", True),
    (["2026-01-01T00:00:00Z"], "gte", "2026-01-01", True),
    (["2026-01-02T00:00:00+02:00"], "lt", "2026-01-01T23:00:00Z", True),
    (["soon"], "eq", "soon", True),
    (["soon"], "eq", "2026-01-01", False),
    (["2026-01-01"], "eq", "2026-01-01", True),
    (["2026-01-01"], "gt", "2025-01-01", False),
    (["z"], "gt", "a", False),
    (["a"], "lte", "a", True),
    ([7], "gt", "2026-01-01", False),
    ([None], "ne", "2026-01-01", True),
    ([], "eq", "2026-01-01", False),
]


@pytest.mark.parametrize(("left", "operator", "right", "holds"), MOMENTS)
def test_moments(left, operator, right, holds):
    """Where the contract has a date-time, strings that are such are moments, all else is not."""
    reach, document = reaching("l", left)
    asked = Compared(reach, operator, Constant(right), "date-time")
    assert matches(asked, document) is holds
    mirrored = {"gt": "lt", "gte": "lte", "lt": "gt", "lte": "gte"}.get(operator, operator)
    assert matches(Compared(Constant(right), mirrored, reach, "date-time"), document) is holds


def test_two_moments_of_a_document():
    """Two attributes compare as moments if the contract has a date-time on either side; there a
    date alone is no moment."""
    one, other = Reach((Name("a"),)), Reach((Name("b"),))
    same = {"a": "2026-01-01T01:00:00+01:00", "b": "2026-01-01T00:00:00Z"}
    assert matches(Compared(one, "eq", other, "date-time"), same)
    assert not matches(Compared(one, "eq", other), same)
    assert not matches(Compared(one, "eq", other, "date-time"), {**same, "b": "2026-01-01"})


# a function, the values reached, what it gives
CALLS = [
    ("length", ["é!"], [2]),
    ("length", [[1, None]], [2]),
    ("length", [{"x": 1}], [1]),
    ("length", [5], []),
    ("length", [None], []),
    ("length", [], []),
    ("length", ["a", "b"], []),
    ("count", [], [0]),
    ("count", [None, [1, 2]], [2]),
    ("value", ["x"], ["x"]),
    ("value", [None], [None]),
    ("value", [1, 2], []),
    ("value", [], []),
    ("min", [3, 1.5, "0", True, None], [1.5]),
    ("max", [[1, 7, "9"]], [7]),
    ("max", [[1], [2]], []),
    ("avg", [1, 2], [1.5]),
    ("avg", [[]], []),
    ("avg", [10**400, 10**400], [10**400]),
    ("min", ["a"], []),
]


@pytest.mark.parametrize(("function", "values", "given"), CALLS)
def test_functions(function, values, given):
    """A function gives one value of what its argument reaches, or none."""
    reach, document = reaching("l", values)
    for asked in given or [None, 0, ""]:
        called = Compared(Call(function, reach), "eq", Constant(asked))
        assert matches(called, document) is bool(given)
    assert (
        matches(Compared(Call(function, reach), "eq", Reach((Name("x"),))), document) is not given
    )


def test_regular_expressions():
    """Strings alone have what a regular expression finds, and any one will do."""
    reach, document = reaching("l", [15, "a1", None, ["5"]])
    assert matches(Compared(reach, "regex", Constant("1$")), document)
    assert not matches(Compared(reach, "regex", Constant("5")), document)


def test_constants_are_told_apart():
    """true is not 1, however often either was asked for."""
    one, true = (Compared(Reach((Name("a"),)), "eq", Constant(each)) for each in (1, True))
    for document in ({"a": 1}, {"a": True}):
        assert matches(one, document) is not matches(true, document)


def test_what_a_document_has_of_itself():
    """`$` in a condition is the whole document, `@` what is chosen."""
    chosen = Where(Compared(Reach((Name("x"),)), "eq", Reach((Name("y"),), root=True)))
    node = Reached(Reach((Name("a"), chosen, Name("z"))))
    assert matches(node, {"a": [{"x": 1}, {"x": 2, "z": None}], "y": 2})
    assert not matches(node, {"a": [{"x": 1, "z": 1}, {"x": 2}], "y": 2})


def test_deep_jsonpath():
    """A document of 20,000 levels can be looked through, and compared."""
    value = end = []
    for _ in range(20_000):
        value = [value]
    everything = Reach((Name("a"), Descend()))
    assert matches(Compared(Call("count", everything), "eq", Constant(20_001)), {"a": value})
    end.append("x")
    assert matches(Compared(everything, "eq", Constant("x")), {"a": value})
    again = ["x"]
    for _ in range(20_000):
        again = [again]
    same = Compared(Reach((Name("a"),)), "eq", Reach((Name("b"),)))
    assert matches(same, {"a": value, "b": again})


def test_root_is_looked_at_once():
    """Conditions within conditions that go back to `$` do not multiply what is looked at."""
    node = Reached(Reach((Every(),), root=True))
    for _ in range(10):
        node = Reached(Reach((Every(), Where(And((node, Not(node))))), root=True))
    assert not matches(Reached(Reach((Every(), Where(node)))), {str(n): [n] for n in range(100)})


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


@given(comparisons, documents)
def test_not(node, document):
    """Not holds when its part does not."""
    assert matches(Not(node), document) is not matches(node, document)


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
