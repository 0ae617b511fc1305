"""What OpenAPI 3.1 can say and 3.0 cannot is asked of what clients send."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tmfserver.errors import Invalid
from tmfserver.spec import Api, build
from tmfserver.spec.compare import compare
from tmfserver.spec.facts import facts_of, pack, unpack
from tmfserver.spec.soundness import check

Schema = dict[str, Any]
TEXT, WHOLE = {"type": "string"}, {"type": "integer"}


def contract(thing: Schema, **others: Schema) -> dict[str, Any]:
    """Things, which are made as they are kept; href and id are the server's."""
    thing = deepcopy(thing)
    thing["properties"] = {"id": TEXT, "href": TEXT, **thing.get("properties", {})}
    one = {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}
    made = {"responses": {"201": {"description": "", "content": one}}}
    read = {"responses": {"200": {"description": "", "content": one}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Thing Management", "version": "1.0.0"},
        "paths": {
            "/thing": {"post": {"requestBody": {"content": one}, **made}},
            "/thing/{id}": {"get": read, "patch": {"requestBody": {"content": one}, **read}},
        },
        "components": {"schemas": {"Thing": {"type": "object", **thing}, **others}},
    }


def read(thing: Schema, **others: Schema) -> Api:
    return build(Path("things.yaml"), contract(thing, **others))


def refusal(api: Api, document: Schema) -> str:
    """What a POST is refused with; "" where it is taken."""
    (create,) = [each for each in api.operations if each.verb == "create"]
    body = create.definition["requestBody"]["content"]["application/json"]["schema"]
    try:
        api.schemas.shape_of(body).check(document)
    except Invalid as failure:
        return str(failure)
    return ""


def attribute(schema: Schema) -> Schema:
    return {"properties": {"a": schema}}


IS_CARD = {"properties": {"kind": {"const": "card"}}, "required": ["kind"]}
CASES: dict[str, tuple[Schema, list[Schema], list[Schema]]] = {
    "if, then, else": (
        {"properties": {"kind": TEXT, "number": TEXT},
         "if": IS_CARD, "then": {"required": ["number"]},
         "else": {"not": {"required": ["number"]}}},
        [{"kind": "card", "number": "1"}, {"kind": "cash"}, {}],
        [{"kind": "card"}, {"kind": "cash", "number": "1"}],
    ),
    "several conditions": (
        {"properties": {"kind": TEXT},
         "allOf": [{"if": IS_CARD, "then": {"required": ["number"]}},
                   {"if": {"required": ["number"]}, "then": {"required": ["bank"]}}]},
        [{"kind": "cash"}, {"kind": "card", "number": 1, "bank": 2}],
        [{"kind": "card"}, {"kind": "card", "number": 1}, {"number": 1}],
    ),
    "prefixItems": (
        attribute({"type": "array", "prefixItems": [TEXT, WHOLE], "items": False}),
        [{"a": ["x", 1]}, {"a": ["x"]}, {"a": []}],
        [{"a": [1, "x"]}, {"a": ["x", 1, 2]}],
    ),
    "prefixItems and more": (
        attribute({"type": "array", "prefixItems": [TEXT], "items": WHOLE}),
        [{"a": ["x", 1, 2]}],
        [{"a": ["x", "y"]}],
    ),
    "contains": (
        attribute({"type": "array", "contains": {"const": "x"}, "maxContains": 2}),
        [{"a": ["y", "x"]}],
        [{"a": ["y"]}, {"a": ["x", "x", "x"]}],
    ),
    "patternProperties": (
        {"patternProperties": {"^x-": WHOLE}, "additionalProperties": False},
        [{"x-size": 1, "id": "a"}],
        [{"x-size": "big"}, {"size": 1}],
    ),
    "propertyNames": (
        attribute({"type": "object", "propertyNames": {"pattern": "^[a-z]+$"}}),
        [{"a": {"b": 1}}],
        [{"a": {"B": 1}}],
    ),
    "dependentRequired": (
        {"properties": {"card": TEXT, "bank": TEXT}, "dependentRequired": {"card": ["bank"]}},
        [{"bank": "b"}, {"card": "c", "bank": "b"}],
        [{"card": "c"}],
    ),
    "dependentSchemas": (
        {"properties": {"card": TEXT}, "dependentSchemas": {"card": {"required": ["bank"]}}},
        [{}, {"card": "c", "bank": "b"}],
        [{"card": "c"}],
    ),
    "unevaluatedProperties": (
        {"allOf": [{"$ref": "#/components/schemas/Named"}], "unevaluatedProperties": False},
        [{"name": "x", "id": "a"}],
        [{"name": "x", "colour": "red"}],
    ),
    "unevaluated beside a condition": (
        {"properties": {"kind": TEXT}, "if": IS_CARD, "unevaluatedProperties": False,
         "then": {"properties": {"number": TEXT}}},
        [{"kind": "card", "number": "1"}, {"kind": "cash"}],
        [{"kind": "cash", "number": "1"}],
    ),
    "const": (attribute({"const": {"b": 1}}), [{"a": {"b": 1}}], [{"a": {"b": 2}}, {"a": None}]),
    "$defs": (
        {"properties": {"a": {"$ref": "#/components/schemas/Thing/$defs/Size"}},
         "$defs": {"Size": {"type": "object", "dependentRequired": {"w": ["h"]}}}},
        [{"a": {}}, {"a": {"w": 1, "h": 1}}],
        [{"a": {"w": 1}}, {"a": 1}],
    ),
    "null among types": (
        attribute({"type": ["string", "null"]}), [{"a": None}, {"a": "x"}], [{"a": 1}],
    ),
    "several types": (
        attribute({"type": ["string", "integer", "null"], "minLength": 2}),
        [{"a": None}, {"a": "xy"}, {"a": 1}],
        [{"a": 1.5}, {"a": "x"}, {"a": True}],
    ),
    "null among alternatives": (
        attribute({"anyOf": [{"$ref": "#/components/schemas/Named"}, {"type": "null"}]}),
        [{"a": None}, {"a": {"name": "x"}}],
        [{"a": {"name": 1}}, {"a": "x"}],
    ),
    "exclusive bounds": (
        attribute({"type": "integer", "exclusiveMinimum": 1, "exclusiveMaximum": 9}),
        [{"a": 2}, {"a": 8}],
        [{"a": 1}, {"a": 9}],
    ),
    "two bounds at one end": (
        attribute({"type": "integer", "minimum": 3, "exclusiveMinimum": 1}), [{"a": 3}], [{"a": 2}],
    ),
    "beside a reference": (
        attribute({"$ref": "#/components/schemas/Named", "dependentRequired": {"x": ["y"]}}),
        [{"a": {"name": "x"}}, {"a": {"x": 1, "y": 1}}],
        [{"a": {"x": 1}}, {"a": {"name": 1}}],
    ),
    "a reference in a condition": (
        {"properties": {"a": {}}, "if": {"required": ["a"]},
         "then": {"properties": {"a": {"$ref": "#/components/schemas/Named"}}}},
        [{"a": {"name": "x"}}, {}],
        [{"a": {"name": 1}}],
    ),
}  # fmt: skip
NAMED = {"type": "object", "properties": {"name": TEXT}}


@pytest.mark.parametrize("more", [False, True], ids=["alone", "with other conditions"])
@pytest.mark.parametrize("case", CASES)
def test_what_a_contract_of_3_1_says_is_asked(case: str, more: bool) -> None:
    """Whatever else the contract says: what it allows is taken, what it forbids refused."""
    thing, good, bad = CASES[case]
    other = {"Other": {"type": "object", "dependentRequired": {"u": ["v"]}}} if more else {}
    api = read(thing, Named=NAMED, **other)
    assert [refusal(api, document) for document in good] == [""] * len(good)
    assert all(refusal(api, document) for document in bad)


def test_the_refusal_names_the_attribute() -> None:
    """And says what is wrong with it."""
    api = read(CASES["if, then, else"][0])
    assert refusal(api, {"kind": "card"}) == "number: it is mandatory, but missing."
    api = read(CASES["prefixItems"][0])
    assert refusal(api, {"a": ["x", "y"]}) == "a.1: got 'y', expected integer."


def test_a_merge_patch_needs_no_more_than_it_changes() -> None:
    """Conditions are asked of what remains, not of the patch."""
    api = read(CASES["if, then, else"][0])
    (patch,) = [each for each in api.operations if each.verb == "patch"]
    content = patch.definition["requestBody"]["content"]
    body = content["application/merge-patch+json"]["schema"]
    api.schemas.shape_of(body).check({"kind": "card"})
    whole = api.schemas.shape(api.resources["thing"].schema)
    with pytest.raises(Invalid, match="number"):
        whole.check({"id": "a", "href": "b", "kind": "card"})


def test_what_is_done_with_it_is_told() -> None:
    """What is kept is an adaptation, and so is what is left out."""

    def told(thing: Schema) -> dict[str, int]:
        return {each.name: each.places for each in read(thing).adaptations}

    kept, left_out = "conditions of JSON Schema 2020-12", "conditions that say nothing"
    found = told(CASES["if, then, else"][0])
    assert found[kept] == 1
    assert left_out not in found
    broken = {"properties": {"a": TEXT}, "patternProperties": {"[": WHOLE}, "if": IS_CARD}
    found = told({**broken, "then": {"required": ["a"]}, "$dynamicRef": "#x"})
    assert (found[kept], found[left_out]) == (1, 2)
    assert left_out not in told(attribute(TEXT))
    assert kept not in told(attribute(TEXT))


def test_a_contract_without_conditions_is_read_as_before() -> None:
    """As Draft 4: 1.0 is no whole number there."""
    assert refusal(read(attribute(WHOLE)), {"a": 1.0})
    with_conditions = {**attribute(WHOLE), "dependentRequired": {"u": ["v"]}}
    assert not refusal(read(with_conditions), {"a": 1.0})


def test_other_conditions_are_a_difference() -> None:
    """New ones may break clients and stored documents, and one that is gone breaks nobody."""
    plain, bound = {"properties": {"kind": TEXT, "number": TEXT}}, CASES["if, then, else"][0]
    for before, after, effect in ((plain, bound, "breaking"), (bound, plain, "compatible")):
        old, new = (unpack(pack(facts_of(read(each)))) for each in (before, after))
        (found,) = {each.text: each for each in compare(old, new)}.values()
        assert found.text == "has other conditions: else, if, then"
        assert (found.for_documents, found.for_clients) == (effect, effect)


def test_openapi_3_2_is_read_as_3_1() -> None:
    """With what its own schema allows besides; what a request must be is the same."""
    pair = {"if": {"required": ["a"]}, "then": {"required": ["b"]}}
    newer = contract({**pair, "properties": {"a": {"const": 1}, "b": {"type": ["null", "string"]}}})
    newer |= {"openapi": "3.2.0", "$self": "https://example.com/things"}
    newer["paths"]["/thing"]["query"] = {"responses": {"200": {"description": ""}}}
    check(Path("things.yaml"), newer)
    api = build(Path("things.yaml"), newer)
    assert refusal(api, {"a": 1, "b": None}) == ""
    assert "b: it is mandatory" in refusal(api, {"a": 1})
    assert refusal(api, {"a": 2, "b": "x"})
    older = build(Path("things.yaml"), {**newer, "openapi": "3.1.0"})
    assert api.operations == older.operations
