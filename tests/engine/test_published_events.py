"""Every event of every contract, made of that contract's own documents, is what it declares."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.engine.telling import documents, told
from tmfserver.planning import bundled_specs
from tmfserver.spec import Api, files, read

VARIABLE = "TMFSERVER_OFFICIAL_SPECS"
OFFICIAL = os.environ.get(VARIABLE)
PUBLISHED = (
    "TMF635-v4.0.0.swagger.json",
    "TMF666-v4.0.0.swagger.json",
    "TMF666-v4.1.0.swagger.json",
    "TMF666-v5.0.0.oas.yaml",
)
# How many events each of them declares.
COUNTS = {"TMF635-v4.0.0": 7, "TMF666-v4.0.0": 10, "TMF666-v4.1.0": 16, "TMF666-v5.0.0": 28}
SCALARS: Mapping[str, Any] = {
    "string": "text", "number": 1.5, "integer": 2, "boolean": True, "object": {},
}  # fmt: skip
FORMATS = {"date-time": "2026-01-31T12:00:00Z", "date": "2026-01-31", "uri": "http://host/1"}


def least(api: Api, schema: Mapping[str, Any]) -> Any:
    """A value that has what the schema requires, and what is a state."""
    known = api.schemas.resolve(schema)
    for key in ("oneOf", "anyOf"):
        if key in known and "properties" not in known:
            return least(api, known[key][0])
    properties = api.schemas.all_properties(known)
    if known.get("type") == "array":
        return [least(api, known["items"])] if known.get("minItems") else []
    if not properties:
        given = next(iter(known.get("enum", ())), None)
        return given or FORMATS.get(known.get("format", ""), SCALARS[known.get("type", "string")])
    value = {
        name: least(api, properties[name])
        for name in sorted(required(api, known))
        if name in properties
    }
    target = schema.get("$ref", "").rpartition("/")[2]
    return value | ({"@type": target} if "@type" in value else {})


def required(api: Api, schema: Mapping[str, Any]) -> set[str]:
    """What a schema and its parts ask for; of a choice, the first."""
    known = api.schemas.resolve(schema)
    found = set(known.get("required", ()))
    for part in (*known.get("allOf", ()), *known.get("anyOf", ())[:1]):
        found |= required(api, part)
    return found


def check_events(api: Api, count: int) -> None:
    """Creates, changes of a state and of another attribute, and deletes of every resource."""
    seen = []
    for name, resource in api.resources.items():
        if not resource.events:
            continue
        document = least(api, {"$ref": f"#/components/schemas/{resource.schema}"})
        document |= {"id": "1", "href": "http://host/1"}
        state = resource.state or "phase"  # as a life cycle may name one
        choices = api.schemas.properties(resource.schema).get(state, {})
        values = api.schemas.resolve(choices).get("enum", ["one", "two"])
        old, new = {**document, state: values[0]}, {**document, state: values[1], "extra": 1}
        for before, after in ((None, old), (old, new), (new, None)):
            events = told(api, name, before, after, correlation="abc", state=state)
            for event in documents(events):
                declared = next(
                    one for one in resource.events.values() if one.name == event["eventType"]
                )
                assert event.keys() <= declared.attributes
                assert event[declared.payload] == {name: after or before}
                assert event["correlationId"] == "abc"
                seen.append(event["eventType"])
    declared = [event.name for each in api.resources.values() for event in each.events.values()]
    assert sorted(seen) == sorted(declared)
    assert len(seen) == count


@pytest.mark.parametrize("api", read(*files([bundled_specs()])), ids=lambda api: api.title)
def test_every_event_of_ours_is_what_its_contract_declares(api: Api) -> None:
    """Each event type of the contracts that come with the server is sent, in its schema's form."""
    check_events(api, sum(len(resource.events) for resource in api.resources.values()))


@pytest.mark.skipif(not OFFICIAL, reason=f"{VARIABLE} names no folder of published contracts")
@pytest.mark.parametrize("name", PUBLISHED)
def test_every_published_event_is_what_its_contract_declares(name: str) -> None:
    """The same of TM Forum's own files, 4.1 and 5.0 included."""
    (api,) = read(Path(OFFICIAL or "") / name)
    check_events(api, COUNTS[name[:13]])


@pytest.mark.skipif(not OFFICIAL, reason=f"{VARIABLE} names no folder of published contracts")
def test_version_five_is_read_with_its_own_names() -> None:
    """timeOccurred and @type are v5's, and its base path is not the placeholder of its file."""
    (api,) = read(Path(OFFICIAL or "") / "TMF666-v5.0.0.oas.yaml")
    assert api.base_path == "/tmf-api/accountManagement/v5"
    document = {"@type": "BillFormat", "id": "1", "href": "http://host/1", "name": "x"}
    (event,) = documents(told(api, "billFormat", None, document))
    assert event["@type"] == event["eventType"] == "BillFormatCreateEvent"
    assert event["timeOccurred"] == event["eventTime"]
    assert "timeOcurred" not in event
    assert event["event"] == {"billFormat": document}
