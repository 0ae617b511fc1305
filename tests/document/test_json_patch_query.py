import copy
import re
from contextlib import suppress
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from json_values import documents

from tmfserver.document.json_patch import json_patch
from tmfserver.document.json_patch_query import PATH_PATTERN, json_patch_query
from tmfserver.errors import BadQuery, Malformed, NotServed, PatchDoesNotApply
from tmfserver.query.match import matches
from tmfserver.query.parse import parse

PARTIES = {
    "id": "1",
    "relatedParty": [
        {"id": "42", "role": "Employee", "name": "Ann"},
        {
            "id": "7",
            "role": "Owner",
            "name": "Bob/Co",
            "note": [{"author": "me"}, {"author": "you"}],
        },
        {"id": "43", "role": "Employee"},
    ],
    "tag": ["red", "green"],
    "part": {"item": [{"n": 1, "sub": ["x"]}, {"n": 2}]},
}


def choose(query, element):
    """A plain reading of a query: every name=value is the value as text, arrays stepped through."""
    for condition in query.split("&"):
        name, _, value = unquote(condition).partition("=")
        reached = [element]
        for step in name.split("."):
            inner = [
                one for each in reached for one in (each if isinstance(each, list) else [each])
            ]
            reached = [each[step] for each in inner if isinstance(each, dict) and step in each]
        if value not in map(str, reached):
            return False
    return True


def patched(*operations):
    return json_patch_query(PARTIES, list(operations), choose)


def test_replace_attribute_after_the_query():
    """`/relatedParty?role=Employee/name` is the name of every employee."""
    done = patched({"op": "replace", "path": "/relatedParty?id=42/name", "value": "Eve"})
    assert [party.get("name") for party in done["relatedParty"]] == ["Eve", "Bob/Co", None]


def test_replace_attribute_before_the_query():
    """`/relatedParty/role?id=42`: a query at the end is about the path's last array."""
    done = patched({"op": "replace", "path": "/relatedParty/role?id=42", "value": "Guest"})
    assert [party["role"] for party in done["relatedParty"]] == ["Guest", "Owner", "Employee"]


def test_replace_elements():
    """A path that ends at the query is each chosen element, which the value replaces."""
    done = patched({"op": "replace", "path": "/relatedParty?role=Employee", "value": {"id": "0"}})
    assert [party["id"] for party in done["relatedParty"]] == ["0", "7", "0"]


def test_add_attribute():
    """An attribute is added to every element chosen."""
    done = patched({"op": "add", "path": "/relatedParty/name?role=Employee", "value": "X"})
    assert [party["name"] for party in done["relatedParty"]] == ["X", "Bob/Co", "X"]


def test_add_attributes():
    """Adding an object at a chosen element adds its attributes to it."""
    done = patched({"op": "add", "path": "/relatedParty?id=43", "value": {"name": "C", "x": 1}})
    assert done["relatedParty"][2] == {"id": "43", "role": "Employee", "name": "C", "x": 1}


def test_add_to_inner_array():
    """Adding one element at an array inside a chosen element appends to that array."""
    done = patched({"op": "add", "path": "/part/item/sub?n=1", "value": "y"})
    assert done["part"]["item"][0]["sub"] == ["x", "y"]


def test_add_array_over_inner_array():
    """Adding an array where one stands replaces it, as RFC 6902 has it."""
    done = patched({"op": "add", "path": "/part/item/sub?n=1", "value": ["y"]})
    assert done["part"]["item"][0]["sub"] == ["y"]


def test_remove_elements():
    """Removals take out exactly the chosen elements."""
    done = patched({"op": "remove", "path": "/relatedParty?role=Employee"})
    assert [party["id"] for party in done["relatedParty"]] == ["7"]


def test_remove_attribute():
    """An attribute is removed from the chosen elements only."""
    done = patched({"op": "remove", "path": "/relatedParty/name?id=42"})
    assert [sorted(party) for party in done["relatedParty"]] == [
        ["id", "role"],
        ["id", "name", "note", "role"],
        ["id", "role"],
    ]


def test_and():
    """`&` in a query means both conditions."""
    done = patched({"op": "remove", "path": "/relatedParty?role=Employee&id=43"})
    assert [party["id"] for party in done["relatedParty"]] == ["42", "7"]


def test_names_from_the_document():
    """A query may name attributes from the document on, as TM Forum's examples do."""
    path = "/relatedParty/role?relatedParty.role=Employee&relatedParty.name=Ann"
    done = patched({"op": "replace", "path": path, "value": "Boss"})
    assert [party["role"] for party in done["relatedParty"]] == ["Boss", "Owner", "Employee"]


def test_names_from_the_document_below_objects():
    """An array inside an object is named with the object, or by itself."""
    by_all = patched({"op": "remove", "path": "/part/item?part.item.n=1"})
    by_own = patched({"op": "remove", "path": "/part/item?item.n=1"})
    assert by_all["part"] == by_own["part"] == {"item": [{"n": 2}]}


def test_percent_encoded_value():
    """The query comes to the matcher as it stood, so that a value may hold an encoded slash."""
    done = patched({"op": "remove", "path": "/relatedParty?name=Bob%2FCo"})
    assert [party["id"] for party in done["relatedParty"]] == ["42", "43"]


def test_query_inside_query():
    """Each array on the way can have its own query."""
    path = "/relatedParty?role=Owner/note?author=you/text"
    done = patched({"op": "add", "path": path, "value": "hi"})
    assert done["relatedParty"][1]["note"] == [{"author": "me"}, {"author": "you", "text": "hi"}]


def test_index_and_query():
    """An index on the way chooses its element; the query is about the array after it."""
    done = patched({"op": "remove", "path": "/relatedParty/1/note?author=me"})
    assert done["relatedParty"][1]["note"] == [{"author": "you"}]


def test_elements_that_are_no_objects():
    """An array of plain values is queried by its own name."""
    assert patched({"op": "remove", "path": "/tag?tag=red"})["tag"] == ["green"]


def test_test():
    """`test` holds when it holds for every chosen element."""
    same = {"op": "test", "path": "/relatedParty/role?role=Employee", "value": "Employee"}
    assert patched(same) == PARTIES
    with pytest.raises(PatchDoesNotApply, match=r"operation 0 \(test '/relatedParty/0/name'\)"):
        patched({"op": "test", "path": "/relatedParty?id=42/name", "value": "Bob"})


def test_copy():
    """`copy` takes from one chosen element and puts to one."""
    done = patched(
        {"op": "copy", "from": "/relatedParty/name?id=42", "path": "/relatedParty/name?id=43"}
    )
    assert done["relatedParty"][2]["name"] == "Ann"


def test_move():
    """`move` finds its target after the source is gone, so that indexes stay right."""
    done = patched({"op": "move", "from": "/relatedParty?id=42", "path": "/relatedParty?id=43/was"})
    assert done["relatedParty"][1] == {
        "id": "43",
        "role": "Employee",
        "was": {"id": "42", "role": "Employee", "name": "Ann"},
    }


def test_plain_operations():
    """Paths without a query are plain JSON Patch."""
    patch = [
        {"op": "add", "path": "/tag/-", "value": "blue"},
        {"op": "remove", "path": "/relatedParty/0"},
        {"op": "move", "from": "/tag", "path": "/label"},
    ]
    assert json_patch_query(PARTIES, patch, choose) == json_patch(PARTIES, patch)


UNFIT = [
    ({"op": "remove", "path": "/relatedParty?role=Nobody"}, "chooses no element"),
    ({"op": "remove", "path": "/nothing?role=x"}, "there is no 'nothing'"),
    ({"op": "remove", "path": "/part?role=x"}, "there is no array to choose elements from"),
    ({"op": "remove", "path": "/relatedParty/0/name?role=x"}, "there is no array"),
    ({"op": "remove", "path": "/relatedParty?id=43/name"}, "there is no 'name'"),
    ({"op": "add", "path": "/tag?tag=red", "value": 1}, "attributes can be added"),
    ({"op": "add", "path": "/relatedParty?id=7", "value": 1}, "attributes can be added"),
    ({"op": "copy", "from": "/relatedParty?role=Employee", "path": "/x"}, "chooses 2 elements"),
    ({"op": "copy", "from": "/id", "path": "/relatedParty?role=Employee/x"}, "chooses 2 elements"),
    ({"op": "move", "from": "/relatedParty?id=7", "path": "/relatedParty?id=7/x"}, "no element"),
]


@pytest.mark.parametrize(("operation", "words"), UNFIT)
def test_unfit(operation, words):
    """What does not fit the document is refused as a conflict, and nothing is changed."""
    before = copy.deepcopy(PARTIES)
    first = {"op": "remove", "path": "/tag?tag=green"}
    with pytest.raises(PatchDoesNotApply, match=words) as raised:
        patched(first, operation)
    assert "operation 1 (" in str(raised.value)
    assert before == PARTIES


@pytest.mark.parametrize("path", ["relatedParty?id=1", "/a~?id=1", "/a?", "/a?/b", "?a"])
def test_malformed(path):
    """A path that is no pointer, or whose query is empty, is refused before anything is done."""
    with pytest.raises(Malformed, match="operation 1"):
        patched({"op": "remove", "path": "/tag"}, {"op": "remove", "path": path})


def test_jsonpath():
    """JSONPath in a patch (TMF630 Part 6) is understood to be meant, but not served yet."""
    with pytest.raises(NotServed):
        patched({"op": "remove", "path": "$.relatedParty[?(@.id=='42')]"})


def test_refusals_of_the_matcher():
    """A query that the matcher refuses is refused in its words."""

    def refuse(query, element):
        raise BadQuery(parameter=query, came="x", expected="y")

    with pytest.raises(BadQuery, match="got x"):
        json_patch_query(PARTIES, [{"op": "remove", "path": "/tag?a"}], refuse)


def test_the_server_s_own_matcher():
    """TM Forum's examples do what they say with the matcher of the query string."""

    def chosen(query, element):
        return matches(parse(query, {}).filter, element)

    document = {
        "orderItem": [
            {"quantity": 1, "product": {"relatedParty": [{"name": "Mary Ann", "role": "buyer"}]}},
            {"quantity": 1, "product": {"relatedParty": [{"name": "John", "role": "buyer"}]}},
        ]
    }
    path = (
        "/orderItem/quantity?orderItem.product.relatedParty.role=buyer"
        "&orderItem.product.relatedParty.name=Mary Ann"
    )
    done = json_patch_query(document, [{"op": "replace", "path": path, "value": 25}], chosen)
    assert [item["quantity"] for item in done["orderItem"]] == [25, 1]
    others = [{"op": "remove", "path": "/orderItem?orderItem.quantity!=25"}]
    assert len(json_patch_query(done, others, chosen)["orderItem"]) == 1


def test_many_searches():
    """A small patch cannot make the server search a big array again and again."""
    document = {"a": [{"n": 1}] * 30_000}
    patch = [{"op": "test", "path": "/a/n?n=1", "value": 1}] * 10
    with pytest.raises(PatchDoesNotApply, match="searches more than this server allows"):
        json_patch_query(document, patch, lambda _query, _element: True)


@given(documents, st.text("/?ab=&~0", max_size=8), st.sampled_from(["add", "remove", "move"]))
def test_any_path(document, path, op):
    """Whatever comes as a path is either carried out or refused."""
    before = copy.deepcopy(document)
    patch = [{"op": op, "path": path, "from": "/a", "value": {"a": [1]}}]
    with suppress(Malformed, PatchDoesNotApply):
        json_patch_query(document, patch, lambda _query, _element: True)
    assert document == before


@given(st.text("/?ab=&~0\n", max_size=8))
def test_the_declared_pattern(path):
    """The pattern that clients are told is matched by the paths that can be read, and no others."""
    reads = True
    try:
        json_patch_query({}, [{"op": "remove", "path": path}], lambda _query, _element: True)
    except Malformed:
        reads = False
    except PatchDoesNotApply:
        pass
    assert bool(re.search(PATH_PATTERN.replace("$", r"\Z"), path)) == reads
