import pytest
from hypothesis import given
from json_values import nested, values

from tmfserver.document.depth import depth, find_text


@pytest.mark.parametrize(
    ("value", "levels"),
    [(1, 0), ("x", 0), (None, 0), ({}, 1), ([], 1), ({"a": 1}, 1), ([[], {"a": [1]}], 3)],
)
def test_depth(value, levels):
    """Depth counts the objects and arrays that stand inside one another."""
    assert depth(value) == levels


@given(values)
def test_one_more(value):
    """An array around a value is one level more."""
    assert depth([value]) == depth(value) + 1


def has_nul(text):
    return "\0" in text


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({}, None),
        ({"a": "b", "c": [1, None, True]}, None),
        ("\0", ""),
        ({"name": "a\0b"}, "name"),
        ({"relatedParty": [{"name": "\0"}]}, "relatedParty.0.name"),
        ({"a": ["x", "y", "\0"], "b": "\0"}, "a.2"),
        ({"a": {"x\0": 1}}, "a.x\0"),
        ({"a": {"b": "\0"}, "c\0": 1}, "c\0"),
    ],
)
def test_find_text(value, path):
    """The first text that is looked for is named by the path to it, names of attributes too."""
    assert find_text(value, has_nul) == path


def test_deep():
    """100,000 levels are no trouble."""
    assert depth(nested(100_000)) == 100_000
    assert find_text(nested(100_000, inner="\0"), has_nul) == ".".join("a" * 100_000)
    assert find_text(nested(100_000), has_nul) is None


@given(values)
def test_finds_what_is_there(value):
    """A text is found exactly when the printed value holds it."""
    found = find_text(value, lambda text: "x" in text)
    assert (found is not None) is ("x" in repr(value))
