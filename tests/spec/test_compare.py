"""What a newer contract gains, loses and breaks."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.spec.things import contract
from tmfserver.spec import build
from tmfserver.spec.compare import compare
from tmfserver.spec.difference import Difference
from tmfserver.spec.facts import Facts, facts_of, pack, unpack

Change = Callable[[dict[str, Any]], None]
COMPATIBLE, BREAKING = "compatible", "breaking"


def facts(change: Change | None = None) -> Facts:
    document = copy.deepcopy(contract())
    if change is not None:
        change(document)
    return facts_of(build(Path("things.swagger.json"), document))


def everywhere(document: dict[str, Any], name: str, schema: dict[str, Any]) -> None:
    """Gives an attribute of the thing another schema: of the whole, of creates and of updates."""
    for definition in ("Thing", "Thing_Create", "Thing_Update"):
        document["definitions"][definition]["properties"][name] = schema


def without(name: str) -> Change:
    def change(document: dict[str, Any]) -> None:
        for definition in ("Thing", "Thing_Create", "Thing_Update"):
            document["definitions"][definition]["properties"].pop(name, None)

    return change


def attribute(name: str, **schema: Any) -> Change:
    return lambda document: everywhere(document, name, schema)


def mandatory(document: dict[str, Any]) -> None:
    for definition in ("Thing", "Thing_Create"):
        document["definitions"][definition]["required"].append("size")


def states(*values: str) -> Change:
    def change(document: dict[str, Any]) -> None:
        document["definitions"]["State"]["enum"] = [*values]

    return change


def no_event(document: dict[str, Any]) -> None:
    del document["paths"]["/listener/thingCreateEvent"]


def another_status(document: dict[str, Any]) -> None:
    responses = document["paths"]["/thing"]["post"]["responses"]
    responses["202"] = responses.pop("201")


def no_patch(document: dict[str, Any]) -> None:
    del document["paths"]["/thing/{id}"]["patch"]


def another_patch(document: dict[str, Any]) -> None:
    del document["definitions"]["Thing_Update"]["properties"]["size"]


def wants_parameter(document: dict[str, Any]) -> None:
    asked = {"name": "who", "in": "query", "required": True, "type": "string"}
    document["paths"]["/thing"]["get"]["parameters"].append(asked)


def no_resource(document: dict[str, Any]) -> None:
    for path in ("/thing", "/thing/{id}", "/thing/{id}/cut"):
        document["paths"][path.replace("thing", "other", 1)] = document["paths"].pop(path)


def note_in_parts(document: dict[str, Any]) -> None:
    del document["definitions"]["Part"]["properties"]["note"]


CHANGES: list[tuple[str, Change, str, str, str, str]] = [
    ("an attribute comes", attribute("more", type="string"), "attribute", "thing.more",
     COMPATIBLE, COMPATIBLE),
    ("an attribute goes", without("size"), "attribute", "thing.size", BREAKING, COMPATIBLE),
    ("a number becomes a text", attribute("size", type="string"), "type", "thing.size",
     BREAKING, BREAKING),
    ("a whole number may have a fraction", attribute("size", type="number"), "type", "thing.size",
     BREAKING, COMPATIBLE),
    ("a text becomes a moment", attribute("name", type="string", format="date-time"), "format",
     "thing.name", BREAKING, BREAKING),
    ("a text is shorter", attribute("name", type="string", maxLength=5), "limit", "thing.name",
     BREAKING, BREAKING),
    ("an attribute becomes mandatory", mandatory, "mandatory", "thing.size", BREAKING, BREAKING),
    ("a state goes", states("open"), "values", "thing.status", BREAKING, BREAKING),
    ("a state comes", states("open", "closed", "lost"), "values", "thing.status",
     COMPATIBLE, COMPATIBLE),
    ("an event goes", no_event, "event", "thing", BREAKING, COMPATIBLE),
    ("another answer", another_status, "status", "POST /thing", BREAKING, COMPATIBLE),
    ("an operation goes", no_patch, "operation", "PATCH /thing/{id}", BREAKING, COMPATIBLE),
    ("a patch may do less", another_patch, "patch", "thing.size", BREAKING, COMPATIBLE),
    ("a parameter is wanted", wants_parameter, "parameter", "GET /thing", BREAKING, COMPATIBLE),
    ("a resource goes", no_resource, "resource", "thing", BREAKING, BREAKING),
    ("an attribute within goes", note_in_parts, "attribute", "thing.part.note",
     BREAKING, COMPATIBLE),
]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "kind", "place", "clients", "documents"),
    [case[1:] for case in CHANGES],
    ids=[case[0] for case in CHANGES],
)
def test_each_change_is_told(
    change: Change, kind: str, place: str, clients: str, documents: str
) -> None:
    """A change of a contract is one difference, at its place and with its effects."""
    found = [each for each in compare(facts(), facts(change)) if each.kind == kind]
    effects = {(each.for_clients, each.for_documents) for each in found if each.place == place}
    assert (clients, documents) in effects, found


@pytest.mark.parametrize("change", [case[1] for case in CHANGES], ids=[c[0] for c in CHANGES])
def test_breaking_differences_come_first(change: Change) -> None:
    """Those that break documents stand before those that break clients, and both before others."""
    effects = [(x.for_documents, x.for_clients) for x in compare(facts(), facts(change))]
    assert effects
    assert effects == sorted(effects)


def test_what_says_the_same_is_no_difference() -> None:
    """Names of definitions and variables, order and `allOf` around a schema make no difference."""

    def change(document: dict[str, Any]) -> None:
        definitions = document["definitions"]
        part = definitions.pop("Part")
        definitions["Piece"] = {"allOf": [{"type": "object"}, {"$ref": "#/definitions/Inner"}]}
        definitions["Inner"] = part
        for name in ("Thing", "Thing_Create", "Thing_Update"):
            properties = definitions[name]["properties"]
            properties["part"] = {"$ref": "#/definitions/Piece"}
            properties["parts"] = {"type": "array", "items": {"$ref": "#/definitions/Inner"}}
            definitions[name]["properties"] = dict(reversed(properties.items()))
        item = document["paths"].pop("/thing/{id}")
        for method in ("get", "patch"):
            item[method]["parameters"][0]["name"] = "thingId"
        document["paths"]["/thing/{thingId}"] = item

    assert compare(facts(), facts(change)) == []


def test_prose_is_no_fact() -> None:
    """Descriptions, examples and titles change nothing of what is kept; facts come back whole."""

    def change(document: dict[str, Any]) -> None:
        document["definitions"]["Thing"]["description"] = "In other words."
        document["definitions"]["Thing"]["properties"]["name"]["example"] = "x"
        document["paths"]["/thing"]["get"]["summary"] = "In other words."

    assert pack(facts()) == pack(facts(change))
    assert unpack(pack(facts())) == facts()


def test_what_is_shared_is_told_once() -> None:
    """A difference within a definition that many attributes share stands at its first place."""
    found = [each.place for each in compare(facts(), facts(note_in_parts))]
    assert found == ["thing.part.note"]


def test_another_base_path() -> None:
    """Clients of another base path are broken, and documents are not: they have another table."""

    def change(document: dict[str, Any]) -> None:
        document["basePath"] = "/tmf-api/thingManagement/v2/"

    (found,) = compare(facts(), facts(change))
    assert (found.kind, found.for_clients, found.for_documents) == (
        "base path", BREAKING, COMPATIBLE,
    )  # fmt: skip


def test_alternatives() -> None:
    """Of `oneOf`, what any branch may have is known, and what all require is mandatory."""
    part: dict[str, Any] = {"type": "object", "required": ["a"], "properties": {"a": {}, "b": {}}}
    other = {"type": "object", "required": ["a", "c"], "properties": {"a": {}, "c": {}}}
    old = facts(attribute("some", oneOf=[part]))
    new = facts(attribute("some", oneOf=[part, other]))
    assert [(each.place, each.text) for each in compare(old, new)] == [("thing.some.c", "is new")]
    back: list[Difference] = compare(new, old)
    assert [(each.place, each.text) for each in back] == [("thing.some.c", "is gone")]
