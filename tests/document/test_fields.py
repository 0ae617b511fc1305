import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from json_values import documents, names

from tmfserver.document.depth import depth
from tmfserver.document.fields import select

DOCUMENT = {
    "id": "1",
    "validFor": {"start": 1, "end": 2},
    "party": [{"id": "a", "name": "A"}, {"id": "b"}, "text"],
    "grid": [[{"x": 1, "y": 2}], []],
    "none": None,
    "empty": {},
    "zeros": [None, 0],
}
CASES = [
    ("", {}),
    ("id", {"id": "1"}),
    ("none id", {"id": "1", "none": None}),
    ("missing", {}),
    ("missing.too id", {"id": "1"}),
    ("validFor", {"validFor": {"start": 1, "end": 2}}),
    ("validFor.end", {"validFor": {"end": 2}}),
    ("validFor.end validFor.start", {"validFor": {"start": 1, "end": 2}}),
    ("validFor.end validFor", {"validFor": {"start": 1, "end": 2}}),
    ("validFor validFor.end", {"validFor": {"start": 1, "end": 2}}),
    ("validFor.missing", {}),
    ("id.name", {}),
    ("none.name", {}),
    ("empty", {"empty": {}}),
    ("party.id", {"party": [{"id": "a"}, {"id": "b"}]}),
    ("party.name", {"party": [{"name": "A"}, {}]}),
    ("party.missing", {}),
    ("grid.y", {"grid": [[{"y": 2}], []]}),
]


def paths_of(text):
    return [tuple(path.split(".")) for path in text.split()]


@pytest.mark.parametrize(("paths", "selected"), CASES)
def test_cases(paths, selected):
    """Only what is asked for is given, through objects and arrays (TMF630 4.3)."""
    assert select(DOCUMENT, paths_of(paths)) == selected


PLACED = [
    ("", [["party", 1]], {"party": [{"id": "b"}]}),
    ("", [["party", 2], ["party", 0]], {"party": [{"id": "a", "name": "A"}, "text"]}),
    ("", [["party", 0, "name"]], {"party": [{"name": "A"}]}),
    ("", [["party", 0, "name"], ["party", 0]], {"party": [{"id": "a", "name": "A"}]}),
    ("", [["grid", 0, 0, "x"]], {"grid": [[{"x": 1}]]}),
    ("", [["grid", 1]], {"grid": [[]]}),
    ("", [["none"]], {"none": None}),
    ("", [["zeros", 1]], {"zeros": [0]}),
    ("", [["validFor", "end"]], {"validFor": {"end": 2}}),
    ("party.id", [["party", 0]], {"party": [{"id": "a", "name": "A"}, {"id": "b"}]}),
    ("party.name", [["party", 1, "id"]], {"party": [{"name": "A"}, {"id": "b"}]}),
    ("party", [["party", 1]], {"party": DOCUMENT["party"]}),
    ("id validFor.start", [["validFor", "end"]], {"id": "1", "validFor": {"start": 1, "end": 2}}),
    ("party.missing", [["validFor", "end"]], {"validFor": {"end": 2}}),
    ("", [[]], DOCUMENT),
]


@pytest.mark.parametrize(("paths", "places", "selected"), PLACED)
def test_places(paths, places, selected):
    """Values that are chosen one by one stay where they are, and an array keeps them alone."""
    assert select(DOCUMENT, paths_of(paths), places) == selected


def test_order():
    """Attributes come in the document's order, whatever the order they are asked for in."""
    assert list(select(DOCUMENT, paths_of("party.id validFor id"))) == ["id", "validFor", "party"]


def found_in(part, whole):
    """Whether every value of the part stands in the whole too."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(
            name in whole and found_in(value, whole[name]) for name, value in part.items()
        )
    if isinstance(part, list):
        return isinstance(whole, list) and all(
            any(found_in(each, other) for other in whole) for each in part
        )
    return part == whole


any_paths = st.lists(st.lists(names, min_size=1, max_size=3).map(tuple), max_size=4)


@given(documents, any_paths)
def test_invents_nothing(document, paths):
    """What is selected stands in the document, which is left as it was."""
    before = copy.deepcopy(document)
    assert found_in(select(document, paths), document)
    assert document == before


@given(documents, any_paths)
def test_twice_is_once(document, paths):
    """Selecting from what was selected changes nothing."""
    once = select(document, paths)
    assert select(once, paths) == once


@given(documents)
def test_all_names(document):
    """Asking for every first-level name gives the document."""
    assert select(document, [(name,) for name in document]) == document


def test_depth():
    """Arrays nested 100,000 deep are stepped through like any others."""
    value = {"b": 1}
    for _ in range(100_000):
        value = [value]
    assert depth(select({"a": value}, [("a", "b")])) == 100_002
