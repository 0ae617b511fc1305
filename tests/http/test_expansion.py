"""`depth` and `expand` (TMF630 Part 2) on real servers: references become what they lead to."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from tests.http.asking import (
    ACCOUNTS,
    BILLING,
    FINANCIAL,
    FORMAT,
    SPECIFICATION,
    USAGE,
    USAGES,
    Document,
    account,
    create,
    patch,
    refused,
    unique,
)
from tests.serving import StartServer

ELSEWHERE = "https://elsewhere.example/usageSpecification/1"


def usage(client: httpx.Client, specification: Document, **more: object) -> Document:
    reference = {"id": specification["id"], "@referredType": "UsageSpecification"}
    return create(client, USAGE, {"usageSpecification": reference, **more})


@pytest.fixture(scope="module")
def older(client: httpx.Client) -> Document:
    return create(client, SPECIFICATION, {"name": unique("older")})


@pytest.fixture(scope="module")
def specification(client: httpx.Client, older: Document) -> Document:
    """A specification that takes the place of another."""
    related = {"id": older["id"], "relationshipType": "substitution", "role": "predecessor"}
    document = {"name": unique("Voice"), "entitySpecRelationship": [related]}
    return create(client, SPECIFICATION, document)


def test_expand_puts_the_resource_in_the_references_place(
    client: httpx.Client, specification: Document
) -> None:
    """`expand=path` gives the representation with its own href; the reference's own stays."""
    made = usage(client, specification)
    path = f"{USAGE}/{made['id']}"
    expected = {
        **made,
        "usageSpecification": {**specification, "@referredType": "UsageSpecification"},
    }
    one = client.get(path, params={"expand": "usageSpecification"})
    assert one.status_code == 200
    assert one.json() == expected
    listed = client.get(USAGE, params={"id": made["id"], "expand": "usageSpecification"})
    assert listed.json() == [expected]
    assert client.get(path, params={"depth": "1"}).json() == expected
    assert client.get(path, params={"depth": "0"}).json() == made
    assert client.get(path, params={"expand": ""}).json() == made
    assert one.headers["etag"] == client.get(path).headers["etag"]


def test_levels(client: httpx.Client, specification: Document, older: Document) -> None:
    """`depth=2`, and a path that goes on, follow references in what references lead to."""
    path = f"{USAGE}/{usage(client, specification)['id']}"
    for query in ({"depth": "2"}, {"expand": "usageSpecification.entitySpecRelationship"}):
        (related,) = client.get(path, params=query).json()["usageSpecification"][
            "entitySpecRelationship"
        ]
        assert related == {**older, "relationshipType": "substitution", "role": "predecessor"}
    (related,) = client.get(path, params={"depth": "1"}).json()["usageSpecification"][
        "entitySpecRelationship"
    ]
    assert "lastUpdate" not in related


def test_fields_choose_from_what_came_in(client: httpx.Client, specification: Document) -> None:
    """References are followed first, then `fields` chooses."""
    made = usage(client, specification)
    fields = {"expand": "usageSpecification", "fields": "usageSpecification.name"}
    expected = {
        "id": made["id"],
        "href": made["href"],
        "usageSpecification": {"name": specification["name"]},
    }
    assert client.get(f"{USAGE}/{made['id']}", params=fields).json() == expected
    assert client.get(USAGE, params={**fields, "id": made["id"]}).json() == [expected]


def test_several_paths_through_arrays(client: httpx.Client) -> None:
    """Paths by comma or repeated; a reference that may lead to several resources finds its own."""
    ledger = create(client, FINANCIAL, {"name": "ledger"})
    form = create(client, FORMAT, {"name": "form"})
    relation = {"relationshipType": "contains", "validFor": {}}
    made = create(
        client,
        BILLING,
        account(
            financialAccount={"id": ledger["id"]},
            billStructure={"format": {"id": form["id"], "name": "?", "isRef": True}},
            accountRelationship=[
                {**relation, "account": {"id": ledger["id"]}},
                {**relation, "account": {"id": "nobody", "name": "gone"}},
            ],
        ),
    )
    paths = ["accountRelationship.account", "billStructure.format", "financialAccount"]
    one = client.get(f"{BILLING}/{made['id']}", params={"expand": ",".join(paths)}).json()
    assert client.get(f"{BILLING}/{made['id']}", params={"expand": paths}).json() == one
    found, missing = (each["account"] for each in one["accountRelationship"])
    assert found == one["financialAccount"] == ledger
    assert found["href"].endswith(f"{ACCOUNTS}/financialAccount/{ledger['id']}")
    assert missing == {"id": "nobody", "name": "gone"}
    assert one["billStructure"]["format"] == {**form, "isRef": True}


def test_cycles_and_strangers_stay_references(client: httpx.Client) -> None:
    """A resource on the way down, one of another host, and one that is gone stay references."""
    one = create(client, SPECIFICATION, {"name": "one"})
    back = {"id": one["id"], "relationshipType": "dependency"}
    two = create(client, SPECIFICATION, {"name": "two", "entitySpecRelationship": [back]})
    relations = [
        {"id": two["id"], "relationshipType": "dependency"},
        {"id": two["id"], "relationshipType": "dependency", "href": ELSEWHERE},
        back,
    ]
    path = f"{SPECIFICATION}/{one['id']}"
    assert patch(client, path, {"entitySpecRelationship": relations}).status_code == 200
    whole = client.get(path, params={"depth": "5"}).json()["entitySpecRelationship"]
    assert whole == [{**two, "relationshipType": "dependency"}, *relations[1:]]
    assert client.delete(f"{SPECIFICATION}/{two['id']}").status_code == 204
    assert client.get(path, params={"depth": "5"}).json()["entitySpecRelationship"] == relations


def test_a_resource_that_changed_is_seen(client: httpx.Client) -> None:
    """An ETag is the resource's own: with `depth` no 304 hides what its references lead to."""
    specification = create(client, SPECIFICATION, {"name": "before"})
    path = f"{USAGE}/{usage(client, specification)['id']}"
    headers = {"if-none-match": client.get(path).headers["etag"]}
    assert client.get(path, headers=headers).status_code == 304
    patch(client, f"{SPECIFICATION}/{specification['id']}", {"name": "after"})
    answer = client.get(path, params={"depth": "1"}, headers=headers)
    assert answer.json()["usageSpecification"]["name"] == "after"


def test_what_cannot_be_expanded_is_refused(client: httpx.Client, specification: Document) -> None:
    """An unknown path is 400 with those that there are; so is a depth that is none."""
    one = f"{USAGE}/{usage(client, specification)['id']}"
    for path in (USAGE, one):
        known = "usageSpecification, usageSpecification.entitySpecRelationship"
        refused(client.get(path, params={"expand": "relatedParty"}), 400, "relatedParty", known)
        refused(client.get(path, params={"depth": "6"}), 400, "depth", "from 0 to 5")
        refused(client.get(f"{path}?depth=1&depth=2"), 400, "depth", "'1' and '2'")
    refused(client.get(FORMAT, params={"expand": "name"}), 400, "billFormat has no references")


def test_the_contract_tells_what_can_be_expanded(client: httpx.Client) -> None:
    """The effective contract declares both for resources with references, on list and retrieve."""
    paths = client.get(f"{USAGES}/openapi.json").json()["paths"]
    for path in ("/usage", "/usage/{id}", "/usageSpecification"):
        parameters = {each["name"]: each for each in paths[path]["get"]["parameters"]}
        assert parameters["depth"]["schema"]["maximum"] == 5
        assert "entitySpecRelationship" in parameters["expand"]["schema"]["pattern"]
    paths = client.get(f"{ACCOUNTS}/openapi.json").json()["paths"]
    names = {each["name"] for each in paths["/billFormat"]["get"]["parameters"]}
    assert not names & {"depth", "expand"}


def test_a_long_list_is_expanded_while_it_is_sent(
    start_server: StartServer, new_database: str
) -> None:
    """400 documents of 10 KB come whole, each with what its reference leads to."""
    server = start_server(database=new_database)
    with server.client() as client:
        specifications = [create(client, SPECIFICATION, {"name": str(n)}) for n in range(3)]
        filler = "x" * 10_000

        def post(number: int) -> None:
            made = specifications[number % 3]
            usage(client, made, usageType=str(number), description=filler)

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(post, range(400)))
        query = {"expand": "usageSpecification", "limit": "1000"}
        answer = client.get(USAGE, params=query)
        assert "content-length" not in answer.headers
        rows = json.loads(answer.content)
        assert len(rows) == 400
        for row in rows:
            assert row["usageSpecification"]["name"] == str(int(row["usageType"]) % 3)
        chosen = client.get(USAGE, params={**query, "fields": "usageSpecification.name"}).json()
        assert [row["usageSpecification"] for row in chosen] == [
            {"name": row["usageSpecification"]["name"]} for row in rows
        ]
