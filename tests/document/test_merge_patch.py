import copy

import pytest
from hypothesis import given
from json_values import documents, nested, values

from tmfserver.document.depth import depth
from tmfserver.document.merge_patch import merge_patch
from tmfserver.exact import equal

# RFC 7386, appendix A, row by row
APPENDIX = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


def difference(old, new):
    """The merge patch from one object to another, where it can be said: null cannot be set."""
    patch = {name: None for name in old if name not in new}
    for name, value in new.items():
        before = old.get(name)
        if isinstance(value, dict) and isinstance(before, dict):
            patch[name] = difference(before, value)
        elif name not in old or not equal(before, value):
            patch[name] = value
    return patch


def without_null(value):
    if isinstance(value, dict):
        return {name: without_null(part) for name, part in value.items() if part is not None}
    return value


@pytest.mark.parametrize(("target", "patch", "result"), APPENDIX)
def test_appendix(target, patch, result):
    """Every example of RFC 7386's appendix A comes out as printed there."""
    assert merge_patch(target, patch) == result


def test_appendix_is_whole():
    """The appendix has fifteen examples."""
    assert len(APPENDIX) == 15


def test_worked_example():
    """RFC 7386, section 3: an author loses a name, a tag list is replaced as a whole."""
    target = {
        "title": "Goodbye!",
        "author": {"givenName": "John", "familyName": "Doe"},
        "tags": ["example", "sample"],
        "content": "This will be unchanged",
    }
    patch = {
        "title": "Hello!",
        "phoneNumber": "+01-123-456-7890",
        "author": {"familyName": None},
        "tags": ["example"],
    }
    assert merge_patch(target, patch) == {
        "title": "Hello!",
        "author": {"givenName": "John"},
        "tags": ["example"],
        "content": "This will be unchanged",
        "phoneNumber": "+01-123-456-7890",
    }


@given(values, values)
def test_leaves_both_as_they_were(target, patch):
    """Neither the target nor the patch is changed by merging them."""
    before = copy.deepcopy((target, patch))
    merge_patch(target, patch)
    assert (target, patch) == before


@given(values, values)
def test_twice_is_once(target, patch):
    """Merging the same patch a second time changes nothing."""
    once = merge_patch(target, patch)
    assert equal(merge_patch(once, patch), once)


@given(documents, documents)
def test_difference_leads_there(old, new):
    """The patch that says how two documents differ makes the second of the first."""
    new = without_null(new)
    assert equal(merge_patch(old, difference(old, new)), new)


@given(documents)
def test_empty_patch(document):
    """An empty patch changes nothing."""
    assert equal(merge_patch(document, {}), document)


def test_depth():
    """A patch of 100,000 levels is merged like any other."""
    merged = merge_patch(nested(100_000), nested(100_000, inner=2))
    assert depth(merged) == 100_000
