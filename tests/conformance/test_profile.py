"""What sibling kits and the profiles ask beyond the two kits, for every resource."""

from __future__ import annotations

import copy
import json
import uuid
from typing import Any

import httpx
import pytest
from tests.conformance.facts import BASE_PATHS, NESTED, NestedFacts, ResourceFacts
from tests.conformance.test_kit_sequence import created, rows
from tests.http.asking import refused, unchanged, unique

MERGES = ("application/json", "application/merge-patch+json")


@pytest.mark.parametrize("media", MERGES)
def test_a_patch_changes_what_it_names(
    kit: httpx.Client, resource: ResourceFacts, media: str
) -> None:
    """PATCH by application/json and by merge-patch answers 200 with the value changed."""
    made = created(kit, resource, description="stays")
    path = f"{resource.path}/{made['id']}"
    for attribute, value in resource.changes.items():
        content = json.dumps({attribute: value})
        response = kit.patch(path, content=content, headers={"content-type": media})
        assert response.status_code == 200, response.text
        assert response.json()[attribute] == value
    now = kit.get(path).json()
    assert now == response.json()
    assert now["description"] == "stays"
    for attribute, value in resource.changes.items():
        assert now[attribute] == value


def test_a_deleted_resource_is_gone(kit: httpx.Client, resource: ResourceFacts) -> None:
    """DELETE answers 204 with no body; then the id is unknown."""
    made = created(kit, resource)
    path = f"{resource.path}/{made['id']}"
    response = kit.delete(path)
    assert (response.status_code, response.content) == (204, b"")
    refused(kit.get(path), 404, made["id"])
    refused(kit.delete(path), 404, made["id"])
    assert kit.get(resource.path, params={"id": made["id"]}).json() == []


def test_fields_gives_exactly_what_was_asked(kit: httpx.Client, resource: ResourceFacts) -> None:
    """`fields` gives what was asked plus id and href, for every first-level attribute."""
    made = created(kit, resource, description="described")
    for attribute in made:
        query = {"fields": attribute}
        expected = {"id", "href", attribute}
        assert kit.get(f"{resource.path}/{made['id']}", params=query).json().keys() == expected
        (row,) = rows(kit, resource, id=made["id"], **query)
        assert row == {name: made[name] for name in expected}


def test_several_filters_hold_at_once(kit: httpx.Client, resource: ResourceFacts) -> None:
    """Several filters are AND: only what satisfies all of them is found."""
    name, one, other = unique("name"), unique("one"), unique("other")
    first = created(kit, resource, name=name, description=one)
    second = created(kit, resource, name=name, description=other)
    created(kit, resource, description=one)
    assert rows(kit, resource, name=name, description=one) == [first]
    assert rows(kit, resource, name=name, description=other) == [second]
    query = {"name": name, "description": unique("neither")}
    assert kit.get(resource.path, params=query).json() == []


def test_dates_are_filtered_as_moments(kit: httpx.Client, resource: ResourceFacts) -> None:
    """A filter by a date finds the same moment, however its offset is written."""
    if resource.dated is None:
        assert not {"validFor", "lastModified"} & created(kit, resource).keys()
        return
    name = unique("dated")
    value: Any = "2026-03-01T12:30:00+02:00"
    for part in reversed(resource.dated.split(".")):
        value = {part: value}
    made = created(kit, resource, name=name, **value)
    for moment in ("2026-03-01T12:30:00+02:00", "2026-03-01T10:30:00Z", "2026-03-01T10:30:00.000Z"):
        assert rows(kit, resource, name=name, **{resource.dated: moment}) == [made]
    later = {"name": name, resource.dated: "2026-03-01T12:30:00Z"}
    assert kit.get(resource.path, params=later).json() == []


def test_an_empty_object_is_kept_as_given(kit: httpx.Client, resource: ResourceFacts) -> None:
    """`{}` comes back as `{}`, not left out."""
    made = created(kit, resource, validFor={}, extension={"inner": {}, "list": []})
    now = kit.get(f"{resource.path}/{made['id']}").json()
    assert now == made
    assert now["validFor"] == {}
    assert now["extension"] == {"inner": {}, "list": []}


def test_mandatory_attributes_are_asked_for(kit: httpx.Client, resource: ResourceFacts) -> None:
    """A create without a mandatory attribute, or with null or blank in it, is refused."""
    for attribute in resource.mandatory:
        without = resource.document()
        del without[attribute]
        blank = ["", "   "] if resource.types[attribute] == "string" else [[]]
        documents = [without, *(resource.document(**{attribute: bad}) for bad in [None, *blank])]
        for document in documents:
            with unchanged(kit, resource.path):
                refused(kit.post(resource.path, json=document), 400, attribute)


def test_mandatory_attributes_stay(kit: httpx.Client, resource: ResourceFacts) -> None:
    """A patch cannot take a mandatory attribute away, nor blank it out."""
    made = created(kit, resource)
    path = f"{resource.path}/{made['id']}"
    for attribute in resource.mandatory:
        blank = "" if resource.types[attribute] == "string" else []
        for bad in (None, blank):
            response = kit.patch(path, json={attribute: bad})
            assert response.status_code in (400, 409)
            refused(response, response.status_code, attribute)
    assert kit.get(path).json() == made


@pytest.mark.parametrize(
    "nested", NESTED, ids=[f"{one.attribute}-{one.inner or 'itself'}" for one in NESTED]
)
def test_nested_mandatory_attributes(kit: httpx.Client, nested: NestedFacts) -> None:
    """An attribute that is present has its own mandatory attributes; without, it is refused."""
    whole = nested.document()
    response = kit.post(nested.resource.path, json=whole)
    assert response.status_code == 201, response.text
    made = response.json()
    path = f"{nested.resource.path}/{made['id']}"
    for attribute in nested.mandatory:
        lacking = nested.document(leave_out=attribute)
        with unchanged(kit, nested.resource.path):
            refused(kit.post(nested.resource.path, json=lacking), 400, attribute, nested.attribute)
        changed = copy.deepcopy({nested.attribute: lacking[nested.attribute]})
        if nested.is_array:
            response = kit.patch(path, json=changed)
            refused(response, response.status_code, attribute, nested.attribute)
            assert response.status_code in (400, 409)
    assert kit.get(path).json() == made


@pytest.mark.parametrize("api", BASE_PATHS)
def test_the_hub_registers_a_listener(kit: httpx.Client, api: str) -> None:
    """POST hub answers 201 with id and callback."""
    hub = BASE_PATHS[api] + "hub"
    callback = f"http://listener.example/{uuid.uuid4()}"
    response = kit.post(hub, json={"callback": callback})
    assert response.status_code == 201, response.text
    listener = response.json()
    assert listener["callback"] == callback
    assert isinstance(listener["id"], str)
    assert kit.delete(f"{hub}/{listener['id']}").status_code == 204
