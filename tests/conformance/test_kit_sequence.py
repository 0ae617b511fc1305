"""What the conformance kits do, in their order, for every resource."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
from tests.conformance.facts import BASE_PATHS, ResourceFacts
from tests.http.asking import refused, unique

AUTHORIZATION = {"Authorization": "Bearer none"}


def created(kit: httpx.Client, resource: ResourceFacts, **more: Any) -> dict[str, Any]:
    response = kit.post(resource.path, json=resource.document(**more))
    assert response.status_code == 201, response.text
    row: dict[str, Any] = response.json()
    resource.check_row(row)
    return row


def rows(kit: httpx.Client, resource: ResourceFacts, **query: str) -> list[dict[str, Any]]:
    """A list as the kits want it: exactly 200, an array with a row in it, each row complete."""
    response = kit.get(resource.path, params=query)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()
    assert isinstance(found, list)
    assert found
    return found


def test_a_list_without_authorization_is_exactly_200(
    kit: httpx.Client, resource: ResourceFacts
) -> None:
    """A GET without an Authorization header is answered with 200, never 206."""
    response = kit.get(resource.path)
    assert "authorization" not in response.request.headers
    assert response.status_code == 200
    assert isinstance(response.json(), list)


def test_authorization_is_no_obstacle(kit: httpx.Client, resource: ResourceFacts) -> None:
    """An Authorization header that nobody asked for changes nothing."""
    assert kit.get(resource.path, headers=AUTHORIZATION).status_code == 200


def test_the_same_document_is_created_twice(kit: httpx.Client, resource: ResourceFacts) -> None:
    """Names are not unique: two creates alike are two resources."""
    first, second = created(kit, resource), created(kit, resource)
    assert first["id"] != second["id"]
    for row in (first, second):
        for attribute, value in resource.create.items():
            assert row[attribute] == value


def test_every_row_of_a_list_is_complete(kit: httpx.Client, resource: ResourceFacts) -> None:
    """Every row of a list has the attributes that the kits look for, of their type."""
    name = unique("listed")
    made = [created(kit, resource, description=name) for _ in range(2)]
    found = rows(kit, resource, description=name)
    for row in found:
        resource.check_row(row)
    assert [row["id"] for row in found] == [row["id"] for row in made]
    assert all(row in rows(kit, resource, limit="1000") for row in found)


def test_a_resource_is_found_by_its_id(kit: httpx.Client, resource: ResourceFacts) -> None:
    """GET by id and by `?id=` give the resource as it was created."""
    made = created(kit, resource)
    response = kit.get(f"{resource.path}/{made['id']}")
    assert response.status_code == 200
    assert response.json() == made
    assert rows(kit, resource, id=made["id"]) == [made]


def test_a_resource_is_found_by_its_href(kit: httpx.Client, resource: ResourceFacts) -> None:
    """The href leads to the resource, and `?href=` finds it."""
    made = created(kit, resource)
    assert kit.get(made["href"]).json() == made
    assert rows(kit, resource, href=made["href"]) == [made]


def test_resources_are_found_by_each_filter(kit: httpx.Client, resource: ResourceFacts) -> None:
    """A filter finds what has the value, spaces and all, and nothing else."""
    for attribute in resource.filters:
        more = {} if attribute == "id" else {attribute: unique("a name with spaces")}
        made = created(kit, resource, **more)
        created(kit, resource)
        found = rows(kit, resource, **{attribute: made[attribute]})
        assert found == [made]


def test_equal_names_are_all_found(kit: httpx.Client, resource: ResourceFacts) -> None:
    """A filter by name finds every resource of that name, each time it is asked."""
    name = unique("twice the same")
    made = [created(kit, resource, name=name) for _ in range(2)]
    for _ in range(2):
        assert rows(kit, resource, name=name) == made


def test_values_stand_in_the_raw_text_unescaped(kit: httpx.Client, resource: ResourceFacts) -> None:
    """Values come back with no more escapes than JSON needs: neither slashes nor letters."""
    name = f'Détail "à/b" 100% {uuid.uuid4()}'
    text = '"' + name.replace('"', '\\"') + '"'
    made = created(kit, resource, name=name)
    answers = [
        kit.post(resource.path, json=resource.document(name=name)),
        kit.get(f"{resource.path}/{made['id']}"),
        kit.get(resource.path, params={"name": name}),
        kit.get(resource.path, params={"name": name, "fields": "name"}),
        kit.patch(f"{resource.path}/{made['id']}", json={"description": "à/b"}),
    ]
    for answer in answers:
        assert answer.status_code in (200, 201), answer.text
        assert text in answer.content.decode("utf-8")
        assert "\\/" not in answer.text
        assert "\\u00" not in answer.text
    assert [row["name"] for row in rows(kit, resource, name=name)] == [name, name]


def test_fields_gives_what_the_kits_ask_for(kit: httpx.Client, resource: ResourceFacts) -> None:
    """`fields` leaves the rest out, on a list and on one resource."""
    made = created(kit, resource, description="left out")
    wanted = ",".join(resource.selection)
    expected = {"id", "href", *resource.selection}
    one = kit.get(f"{resource.path}/{made['id']}", params={"fields": wanted})
    assert one.status_code == 200
    assert one.json().keys() == expected
    for row in rows(kit, resource, id=made["id"], fields=wanted):
        assert row.keys() == expected
        assert row == {name: made[name] for name in expected}


def test_an_unknown_id_is_404(kit: httpx.Client, resource: ResourceFacts) -> None:
    """A random id is answered with 404 and a TM Forum Error."""
    id = str(uuid.uuid4())
    refused(kit.get(f"{resource.path}/{id}"), 404, id)


def test_base_paths_end_in_one_slash(kit: httpx.Client, resource: ResourceFacts) -> None:
    """The kits' base URLs end in a slash; no href has two in a row."""
    made = created(kit, resource)
    path = httpx.URL(made["href"]).path
    assert path == BASE_PATHS[resource.api] + f"{resource.name}/{made['id']}"
