import copy

import pytest
from hypothesis import given
from json_values import documents, nested

from tmfserver.document.changes import changed_paths
from tmfserver.exact import equal

CASES = [
    ({"a": 1}, {"a": 1}, []),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}, []),
    ({"a": 1}, {"a": 1.0}, []),
    ({"a": 1}, {"a": True}, ["a"]),
    ({"a": 0}, {"a": False}, ["a"]),
    ({"a": None}, {}, ["a"]),
    ({}, {"a": None}, ["a"]),
    ({"a": 1, "b": 1}, {"b": 2, "a": 2, "c": 3}, ["a", "b", "c"]),
    ({"validFor": {"end": 1, "start": 1}}, {"validFor": {"end": 2, "start": 1}}, ["validFor.end"]),
    ({"a": {"b": {"c": 1}}}, {"a": {"b": {"d": 1}}}, ["a.b.c", "a.b.d"]),
    ({"a": {}}, {"a": {"b": 1}}, ["a.b"]),
    ({"a": {"b": 1}}, {}, ["a"]),
    ({}, {"a": {"b": 1}}, ["a"]),
    ({"a": {"b": 1}}, {"a": [1]}, ["a"]),
    ({"p": [{"id": 1}]}, {"p": [{"id": 2}]}, ["p"]),
    ({"p": [{"id": 1}]}, {"p": [{"id": 1.0}]}, []),
    ({"p": [1, 2]}, {"p": [2, 1]}, ["p"]),
    ({"p": [1]}, {"p": [True]}, ["p"]),
]


@pytest.mark.parametrize(("old", "new", "paths"), CASES)
def test_cases(old, new, paths):
    """What differs is named: attributes of objects one by one, arrays as a whole."""
    assert changed_paths(old, new) == paths


@given(documents)
def test_nothing(document):
    """A document does not differ from its copy."""
    assert changed_paths(document, copy.deepcopy(document)) == []


@given(documents, documents)
def test_something(old, new):
    """Paths are named exactly when the documents differ, and the same from either side."""
    paths = changed_paths(old, new)
    assert bool(paths) is not equal(old, new)
    assert sorted(paths) == sorted(changed_paths(new, old))


def test_depth():
    """Documents of 100,000 levels are compared like any others."""
    old, new = nested(100_000), nested(100_000, inner=2)
    assert changed_paths(old, new) == [".".join("a" * 100_000)]
