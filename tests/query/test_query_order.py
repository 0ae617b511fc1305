import random
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tmfserver.query.ast import Every, Index, Name, Reach, SortKey
from tmfserver.query.order import order

RANKED = [-1, 0.5, 2, "", "B", "a", "é", False, True]
UNRANKED = [None, {}, [], {"b": 1}, [{}]]


def sorted_values(values, key):
    return [document["a"] for document in order([{"a": value} for value in values], [key])]


def test_ascending():
    """Numbers come before strings, strings before booleans, what has no value last."""
    mixed = RANKED + UNRANKED
    random.Random(1).shuffle(mixed)
    result = sorted_values(mixed, SortKey(("a",)))
    assert list(map(repr, result[: len(RANKED)])) == list(map(repr, RANKED))


def test_descending():
    """Descending is the reverse, but what has no value stays last, the newest first."""
    mixed = UNRANKED + RANKED
    result = sorted_values(mixed, SortKey(("a",), descending=True))
    assert list(map(repr, result)) == list(map(repr, RANKED[::-1] + UNRANKED[::-1]))


def test_moments():
    """Moments are in the order of time, whatever their offset; other texts come after them."""
    moments = ["2026-01-01T03:00:00+02:00", "2026-01-01T02:00:00Z", "2026-01-01T01:59:59.5-03:00"]
    mixed = ["0", moments[2], moments[0], "later", moments[1]]
    assert sorted_values(mixed, SortKey(("a",), type="date-time")) == [*moments, "0", "later"]


def test_many_values():
    """Of several values the smallest counts when ascending, the largest when descending."""
    many = [[5, 1], [3], [{"x": 1}, 4, 2]]
    assert sorted_values(many, SortKey(("a",))) == [many[0], many[2], many[1]]
    assert sorted_values(many, SortKey(("a",), descending=True)) == [many[0], many[2], many[1]]


def test_keys_in_turn():
    """A later key decides only where the earlier ones do not."""
    documents = [{"a": 1, "b": 1}, {"a": 2, "b": 2}, {"a": 1, "b": 3}]
    keys = [SortKey(("a",), descending=True), SortKey(("b",), descending=True)]
    assert [document["b"] for document in order(documents, keys)] == [2, 3, 1]


@given(st.lists(st.sampled_from([None, 1, 2, "x"])), st.booleans(), st.booleans())
def test_ties(values, first, last):
    """Documents that the keys do not tell apart come oldest first, but newest first if the last
    key descends."""
    documents = [{"a": value, "at": at} for at, value in enumerate(values)]
    result = order(documents, [SortKey(("a",), first), SortKey(("b",), last)])
    assert sorted(document["at"] for document in result) == list(range(len(values)))
    for one, other in pairwise(result):
        assert one["a"] != other["a"] or (one["at"] > other["at"]) is last


def test_reach():
    """A JSONPath orders by what it reaches, as strictly as RFC 9535 has it."""
    documents = [{"a": [{"b": 2}, {"b": 9}]}, {"a": [{"b": 3}]}, {"a": {"b": 1}}, {"a": [{}]}]
    second = SortKey((), reach=Reach((Name("a"), Index(-1), Name("b"))))
    assert order(documents, [second]) == [documents[at] for at in (1, 0, 2, 3)]
    every = SortKey((), descending=True, reach=Reach((Name("a"), Every(), Name("b"))))
    assert order(documents, [every]) == [documents[at] for at in (0, 1, 3, 2)]
