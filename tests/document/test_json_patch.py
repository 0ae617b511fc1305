import copy
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from json_values import documents, names, nested, values

from tmfserver.document.depth import depth
from tmfserver.document.json_patch import json_patch
from tmfserver.errors import Malformed, PatchDoesNotApply
from tmfserver.exact import equal

TEN = {"op": "test", "path": "/~01", "value": 10}

# RFC 6902, appendix A: title, document, patch, result
EXAMPLES = [
    (
        "A.1",
        {"foo": "bar"},
        [{"op": "add", "path": "/baz", "value": "qux"}],
        {"baz": "qux", "foo": "bar"},
    ),
    (
        "A.2",
        {"foo": ["bar", "baz"]},
        [{"op": "add", "path": "/foo/1", "value": "qux"}],
        {"foo": ["bar", "qux", "baz"]},
    ),
    ("A.3", {"baz": "qux", "foo": "bar"}, [{"op": "remove", "path": "/baz"}], {"foo": "bar"}),
    (
        "A.4",
        {"foo": ["bar", "qux", "baz"]},
        [{"op": "remove", "path": "/foo/1"}],
        {"foo": ["bar", "baz"]},
    ),
    (
        "A.5",
        {"baz": "qux", "foo": "bar"},
        [{"op": "replace", "path": "/baz", "value": "boo"}],
        {"baz": "boo", "foo": "bar"},
    ),
    (
        "A.6",
        {"foo": {"bar": "baz", "waldo": "fred"}, "qux": {"corge": "grault"}},
        [{"op": "move", "from": "/foo/waldo", "path": "/qux/thud"}],
        {"foo": {"bar": "baz"}, "qux": {"corge": "grault", "thud": "fred"}},
    ),
    (
        "A.7",
        {"foo": ["all", "grass", "cows", "eat"]},
        [{"op": "move", "from": "/foo/1", "path": "/foo/3"}],
        {"foo": ["all", "cows", "eat", "grass"]},
    ),
    (
        "A.8",
        {"baz": "qux", "foo": ["a", 2, "c"]},
        [
            {"op": "test", "path": "/baz", "value": "qux"},
            {"op": "test", "path": "/foo/1", "value": 2},
        ],
        {"baz": "qux", "foo": ["a", 2, "c"]},
    ),
    (
        "A.10",
        {"foo": "bar"},
        [{"op": "add", "path": "/child", "value": {"grandchild": {}}}],
        {"foo": "bar", "child": {"grandchild": {}}},
    ),
    (
        "A.11",
        {"foo": "bar"},
        [{"op": "add", "path": "/baz", "value": "qux", "xyz": 123}],
        {"foo": "bar", "baz": "qux"},
    ),
    ("A.14", {"/": 9, "~1": 10}, [TEN], {"/": 9, "~1": 10}),
    (
        "A.16",
        {"foo": ["bar"]},
        [{"op": "add", "path": "/foo/-", "value": ["abc", "def"]}],
        {"foo": ["bar", ["abc", "def"]]},
    ),
]

# Beyond the appendix: what is done, document, patch, result
MORE = [
    ("no operation", {"a": 1}, [], {"a": 1}),
    ("the document", {"a": 1}, [{"op": "replace", "path": "", "value": [2]}], [2]),
    ("added over", {"a": 1}, [{"op": "add", "path": "", "value": 2}], 2),
    ("an attribute over", {"a": 1}, [{"op": "add", "path": "/a", "value": 2}], {"a": 2}),
    ("no name", {}, [{"op": "add", "path": "/", "value": 2}], {"": 2}),
    ("at the end", {"a": [1]}, [{"op": "add", "path": "/a/1", "value": 2}], {"a": [1, 2]}),
    ("null is a value", {"a": 1}, [{"op": "replace", "path": "/a", "value": None}], {"a": None}),
    ("copied", {"a": [1]}, [{"op": "copy", "from": "/a", "path": "/b"}], {"a": [1], "b": [1]}),
    ("onto itself", {"a": 1}, [{"op": "move", "from": "/a", "path": "/a"}], {"a": 1}),
    ("up", {"a": {"b": 1}}, [{"op": "move", "from": "/a/b", "path": "/a"}], {"a": 1}),
    ("to the top", {"a": {"b": 1}}, [{"op": "move", "from": "/a", "path": ""}], {"b": 1}),
    ("an escaped name", {"a/b": 1}, [{"op": "remove", "path": "/a~1b"}], {}),
    ("numbers by value", {"a": 1}, [{"op": "test", "path": "/a", "value": 1.0}], {"a": 1}),
    (
        "names in any order",
        {"a": {"x": 1, "y": [2]}},
        [{"op": "test", "path": "/a", "value": {"y": [2.0], "x": 1}}],
        {"a": {"x": 1, "y": [2]}},
    ),
    (
        "a copy is its own",
        {"a": {"x": [1]}},
        [
            {"op": "add", "path": "/a/x/-", "value": 2},
            {"op": "copy", "from": "/a", "path": "/b"},
            {"op": "add", "path": "/a/x/-", "value": 3},
            {"op": "add", "path": "/b/x/-", "value": 4},
        ],
        {"a": {"x": [1, 2, 3]}, "b": {"x": [1, 2, 4]}},
    ),
]

# document, last operation, what the message says
UNFIT = [
    ({"baz": "qux"}, {"op": "test", "path": "/baz", "value": "bar"}, "the value there is another"),
    ({"foo": "bar"}, {"op": "add", "path": "/baz/bat", "value": 1}, "there is no 'baz'"),
    ({"/": 9, "~1": 10}, {"op": "test", "path": "/~01", "value": "10"}, "another"),
    ({"a": 1}, {"op": "test", "path": "/a", "value": True}, "another"),
    ({"a": True}, {"op": "test", "path": "/a", "value": 1}, "another"),
    ({"a": [True]}, {"op": "test", "path": "/a", "value": [1]}, "another"),
    ({"a": {}}, {"op": "test", "path": "/a", "value": []}, "another"),
    ({"a": []}, {"op": "test", "path": "/a", "value": ""}, "another"),
    ({"a": [1]}, {"op": "test", "path": "/a", "value": [1, 2]}, "another"),
    ({"a": {"b": 1}}, {"op": "test", "path": "/a", "value": {"c": 1}}, "another"),
    ({"a": 1}, {"op": "remove", "path": "/b"}, "there is no 'b'"),
    ({"a": 1}, {"op": "replace", "path": "/b", "value": 1}, "there is no 'b'"),
    ({"a": 1}, {"op": "remove", "path": ""}, "the whole document cannot be taken away"),
    ({"a": [1]}, {"op": "remove", "path": "/a/1"}, "index 1 is out of range"),
    ({"a": [1]}, {"op": "add", "path": "/a/2", "value": 1}, "index 2 is out of range"),
    ({"a": [1]}, {"op": "replace", "path": "/a/-", "value": 1}, "'-' is not the index"),
    ({"a": [1]}, {"op": "test", "path": "/a/00", "value": 1}, "'00' is not the index"),
    ({"a": [1]}, {"op": "test", "path": "/a/-1", "value": 1}, "'-1' is not the index"),
    ({"a": [1]}, {"op": "test", "path": "/a/١", "value": 1}, "is not the index"),
    ({"a": [1]}, {"op": "remove", "path": "/a/" + "9" * 5000}, "is not the index"),
    ({"a": "x"}, {"op": "add", "path": "/a/b", "value": 1}, "neither an object nor an array"),
    ({"a": "x"}, {"op": "test", "path": "/a/0", "value": "x"}, "neither an object nor an array"),
    ({"a": "x"}, {"op": "remove", "path": "/a/0"}, "neither an object nor an array"),
    ({"a": 1}, {"op": "replace", "path": "/a/b", "value": 1}, "neither an object nor an array"),
    ({"a": 1}, {"op": "move", "from": "/a/b", "path": "/c"}, "neither an object nor an array"),
    ({"a": {}}, {"op": "move", "from": "/a", "path": "/a/b"}, "moved into itself"),
    ({"a": {}}, {"op": "move", "from": "", "path": "/a"}, "moved into itself"),
    ({"a": {}}, {"op": "move", "from": "/b", "path": "/b"}, "there is no 'b'"),
    ({"a": {}}, {"op": "copy", "from": "/b", "path": "/a"}, "there is no 'b'"),
]

# the patch, what the message says
MALFORMED = [
    ({"op": "add", "path": "/a", "value": 1}, "it is not an array"),
    ("add", "it is not an array"),
    (None, "it is not an array"),
    (["add"], "operation 0: it is not an object"),
    ([TEN, {"path": "/a"}], "operation 1: 'op' is missing"),
    ([{"op": 1, "path": "/a"}], "operation 0: 'op' is missing or no text"),
    ([{"op": "spam", "path": "/a"}], "operation 0: 'op' is 'spam', expected one of add, remove"),
    ([{"op": "remove"}], "operation 0: 'path' is missing"),
    ([{"op": "remove", "path": 1}], "operation 0: 'path' is not a text"),
    ([{"op": "add", "path": "/a"}], "operation 0: 'value' is missing"),
    ([{"op": "replace", "path": "/a"}], "operation 0: 'value' is missing"),
    ([{"op": "test", "path": "/a"}], "operation 0: 'value' is missing"),
    ([{"op": "move", "path": "/a"}], "operation 0: 'from' is missing"),
    ([{"op": "copy", "path": "/a"}], "operation 0: 'from' is missing"),
    ([{"op": "copy", "path": "/a", "from": None}], "operation 0: 'from' is not a text"),
    ([{"op": "remove", "path": "a"}], "operation 0: 'a' is no JSON Pointer"),
    ([{"op": "remove", "path": "/a~2"}], "operation 0: '/a~2' is no JSON Pointer"),
    ([{"op": "remove", "path": "/a~"}], "operation 0: '/a~' is no JSON Pointer"),
    ([{"op": "move", "path": "/a", "from": "b"}], "operation 0: 'b' is no JSON Pointer"),
]


@pytest.mark.parametrize(("title", "document", "patch", "result"), EXAMPLES)
def test_examples(title, document, patch, result):
    """Every example of RFC 6902's appendix A that applies gives what is printed there."""
    assert json_patch(document, patch) == result


@pytest.mark.parametrize(("title", "document", "patch", "result"), MORE)
def test_more(title, document, patch, result):
    """Operations do what RFC 6902 section 4 says, at the edges too."""
    assert json_patch(document, patch) == result


@pytest.mark.parametrize(("document", "operation", "words"), UNFIT)
def test_unfit(document, operation, words):
    """A patch that does not fit is refused as a conflict, names its operation, changes nothing."""
    before = copy.deepcopy(document)
    first = {"op": "add", "path": "/new", "value": 1}
    with pytest.raises(PatchDoesNotApply) as raised:
        json_patch(document, [first, operation])
    assert f"operation 1 ({operation['op']}" in str(raised.value)
    assert words in str(raised.value)
    assert document == before


@pytest.mark.parametrize(("patch", "words"), MALFORMED)
def test_malformed(patch, words):
    """What is no JSON Patch is refused as such before anything is done, the operation named."""
    with pytest.raises(Malformed) as raised:
        json_patch({"~1": 10}, patch)
    assert f"The body is not a JSON Patch (RFC 6902): {words}" in str(raised.value)


def test_copies_of_copies():
    """A small patch cannot make a document that grows without end."""
    patch = [{"op": "copy", "from": "", "path": f"/{number}"} for number in range(60)]
    with pytest.raises(PatchDoesNotApply, match="copies or searches more than this server allows"):
        json_patch({"a": "x" * 1000}, patch)


def test_depth():
    """A document of 100,000 levels is patched like any other."""
    document = nested(100_000)
    patch = [
        {"op": "test", "path": "/a", "value": nested(99_999)},
        {"op": "add", "path": "/b", "value": 1},
    ]
    assert depth(json_patch(document, patch)) == 100_000


def test_many_operations():
    """Twenty thousand changes to one array take one copy of it, not one each."""
    document = {"a": list(range(20_000))}
    patch = [{"op": "replace", "path": f"/a/{at}", "value": 0} for at in range(20_000)]
    assert json_patch(document, patch) == {"a": [0] * 20_000}
    assert document["a"][1] == 1


def pointer(*tokens):
    return "".join("/" + str(token).replace("~", "~0").replace("/", "~1") for token in tokens)


@given(documents, names, values)
def test_added_then_removed(document, name, value):
    """Removing what was added at a new name gives the document back."""
    patch = [
        {"op": "add", "path": pointer(name + "new"), "value": value},
        {"op": "test", "path": pointer(name + "new"), "value": value},
        {"op": "remove", "path": pointer(name + "new")},
    ]
    assert json_patch(document, patch) == document


@given(st.lists(values, max_size=4), st.integers(0, 4), values)
def test_inserted_then_removed(elements, index, value):
    """Removing what was put into an array gives the array back."""
    index = min(index, len(elements))
    patch = [
        {"op": "add", "path": pointer(index), "value": value},
        {"op": "test", "path": pointer(index), "value": value},
        {"op": "remove", "path": pointer(index)},
    ]
    assert equal(json_patch(elements, patch), elements)


@given(documents, values)
def test_replacing_twice_is_once(document, value):
    """Replacing a second time changes nothing."""
    patch = [{"op": "replace", "path": pointer(name), "value": value} for name in document]
    once = json_patch(document, patch)
    assert json_patch(once, patch) == once
    assert list(once) == list(document)


tokens = st.sampled_from(["a", "b", "0", "1", "-"])
pointers = st.lists(tokens, max_size=3).map(lambda each: pointer(*each))
small = st.recursive(
    st.sampled_from([1, "x", None]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    ),
    max_leaves=6,
)
operations = st.fixed_dictionaries(
    {
        "op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"]),
        "path": pointers,
        "from": pointers,
        "value": small,
    }
)


@settings(max_examples=400)
@given(small, st.lists(operations, max_size=3))
def test_any_operations(document, patch):
    """Whatever a patch does where, it either applies or is refused, and changes no input."""
    before = copy.deepcopy([document, patch])
    with suppress(PatchDoesNotApply):
        json_patch(document, patch)
    assert equal([document, patch], before)


@given(values, values | st.lists(documents | st.just({"op": "add", "path": 1})))
def test_any_patch(document, patch):
    """Whatever comes as a patch either applies or is refused, and changes no input."""
    before = copy.deepcopy([document, patch])
    with suppress(Malformed, PatchDoesNotApply):
        json_patch(document, patch)
    assert equal([document, patch], before)
