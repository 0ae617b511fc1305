"""Mirroring: what a partner's events tell makes and changes copies here, on both databases."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from tests.http.asking import (
    ACCOUNTS,
    MERGE,
    SPECIFICATION,
    USAGE,
    USAGES,
    Document,
    create,
    patch,
    refused,
    total,
)
from tests.serving import (
    DATABASES,
    MakeDatabase,
    Server,
    launch,
    select,
    stop_cleanly,
)

PARTNER = "http://partner.example/tmf-api/usageManagement/v4/usage"


@pytest.fixture(scope="module", params=DATABASES)
def server(
    request: pytest.FixtureRequest,
    make_database: MakeDatabase,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    """A server that mirrors, on each database."""
    folder = tmp_path_factory.mktemp(f"mirror-{request.param}")
    started = launch(folder, make_database(request.param), mirror=True)
    yield started
    stop_cleanly(started)


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as made:
        yield made


def moment(second: int) -> str:
    return f"2026-01-31T12:00:{second:02}.000Z"


def event(kind: str, second: int, usage: Document, **more: Any) -> tuple[str, Document]:
    """(listener path, notification) of a partner's event at a second."""
    told = {
        "eventId": str(uuid.uuid4()),
        "eventTime": moment(second),
        "eventType": f"Usage{kind}Event",
        "event": {"usage": usage},
        **more,
    }
    return f"{USAGES}/listener/usage{kind}Event", told


def tell(client: httpx.Client, told: tuple[str, Document]) -> None:
    path, document = told
    response = client.post(path, json=document)
    assert response.status_code == 201, response.text


def partners(**more: Any) -> Document:
    """A usage as the partner has it."""
    id = str(uuid.uuid4())
    return {"id": id, "href": f"{PARTNER}/{id}", "status": "received", **more}


def seen(client: httpx.Client, usage: Document) -> Document:
    found: Document = client.get(f"{USAGE}/{usage['id']}").json()
    return found


def inbox(server: Server, usage: Document) -> list[str]:
    """The types of the kept events about a usage, in the order of their times."""
    rows = select(server.database, "SELECT type, document FROM received")
    kept = [(type, json.loads(document)) for type, document in rows]
    mine = [one for one in kept if one[1]["event"]["usage"]["id"] == usage["id"]]
    return [type for type, _ in sorted(mine, key=lambda one: str(one[1]["eventTime"]))]


def test_a_partners_create_makes_a_copy(client: httpx.Client, server: Server) -> None:
    """The copy has the partner's id and attributes, our href, and tells where it came from."""
    usage = partners(usageType="voice", usageDate="2026-01-31T11:00:00Z", extra={"deep": [1]})
    path, told = event("Create", 1, usage)
    tell(client, (path, told))
    origin = {"href": usage["href"], "eventId": told["eventId"], "eventTime": moment(1)}
    href = f"{server.url}{USAGE}/{usage['id']}"
    assert seen(client, usage) == {**usage, "href": href, "@origin": origin}
    assert inbox(server, usage) == ["usageCreateEvent"]


def test_changes_are_told_whole_or_in_part(client: httpx.Client) -> None:
    """What came takes the place of what was; what fieldPath names and did not come is gone."""
    usage = partners(usageType="voice", description="a", extra=1)
    tell(client, event("Create", 1, usage))
    tell(client, event("StateChange", 2, {"id": usage["id"], "status": "guided"}))
    part = {"id": usage["id"], "usageType": "data"}
    tell(client, event("AttributeValueChange", 3, part, fieldPath="usageType,description"))
    copy = seen(client, usage)
    assert (copy["status"], copy["usageType"], copy["extra"]) == ("guided", "data", 1)
    assert "description" not in copy
    assert copy["@origin"]["href"] == usage["href"]


def test_a_partners_delete_takes_the_copy_away(client: httpx.Client, server: Server) -> None:
    """And what was told before, but comes after, does not bring it back; what is newer does."""
    usage = partners()
    tell(client, event("Create", 1, usage))
    tell(client, event("Delete", 5, usage))
    refused(client.get(f"{USAGE}/{usage['id']}"), 404)
    tell(client, event("StateChange", 3, {**usage, "status": "guided"}))
    refused(client.get(f"{USAGE}/{usage['id']}"), 404)
    tell(client, event("Create", 7, usage))
    assert seen(client, usage)["status"] == "received"
    assert len(inbox(server, usage)) == 4


def test_the_partner_is_the_authority(client: httpx.Client) -> None:
    """Our life cycle is not asked: the partner's usage goes from received to billed at once."""
    usage = partners()
    tell(client, event("Create", 1, usage))
    tell(client, event("StateChange", 2, {**usage, "status": "billed"}))
    assert seen(client, usage)["status"] == "billed"
    refused(patch(client, f"{USAGE}/{usage['id']}", {"status": "received"}), 409)


def test_an_older_event_is_kept_and_not_applied(client: httpx.Client, server: Server) -> None:
    """eventTime is the order; one that comes late changes nothing, one told twice neither."""
    usage = partners(description="first")
    tell(client, event("Create", 1, usage))
    newest = event("AttributeValueChange", 9, {**usage, "description": "newest"})
    tell(client, newest)
    tell(client, event("AttributeValueChange", 4, {**usage, "description": "late"}))
    before = client.get(f"{USAGE}/{usage['id']}")
    tell(client, newest)
    after = client.get(f"{USAGE}/{usage['id']}")
    assert after.json()["description"] == "newest"
    assert after.headers["etag"] == before.headers["etag"]
    assert len(inbox(server, usage)) == 3


def test_a_delete_may_come_before_the_create(client: httpx.Client) -> None:
    """What never was here is not made by an event that is older than its end."""
    usage = partners()
    tell(client, event("Delete", 5, usage))
    tell(client, event("Create", 1, usage))
    refused(client.get(f"{USAGE}/{usage['id']}"), 404)


def test_a_change_of_what_was_never_told_makes_a_copy(client: httpx.Client) -> None:
    """Who subscribes late hears of changes first."""
    usage = partners(status="rated")
    tell(client, event("StateChange", 1, usage))
    assert seen(client, usage)["status"] == "rated"


def test_our_own_change_keeps_the_origin(client: httpx.Client) -> None:
    """PATCH and PUT change a copy; where it came from stays, and nobody can write it."""
    usage = partners()
    tell(client, event("Create", 1, usage))
    path = f"{USAGE}/{usage['id']}"
    origin = seen(client, usage)["@origin"]
    changed = patch(client, path, {"description": "ours", "status": "guided"})
    assert changed.json()["@origin"] == origin
    for body in ({"@origin": None}, {"@origin": {"href": "http://other/1"}}):
        refused(patch(client, path, body, MERGE), 409, "@origin")
    refused(client.post(USAGE, json={"@origin": origin}), 409, "@origin")
    tell(client, event("StateChange", 2, {"id": usage["id"], "status": "rated"}))
    after = seen(client, usage)
    assert (after["description"], after["status"]) == ("ours", "rated")


def test_copies_are_found_by_their_origin(client: httpx.Client) -> None:
    """name=value, moments and JSONPath reach into @origin; what is ours has none."""
    usage = partners()
    tell(client, event("Create", 11, usage))
    assert total(client, USAGE, **{"@origin.href": usage["href"]}) == 1
    later = {"@origin.href": usage["href"], "@origin.eventTime.gt": "2026-01-31T13:00:10.5+01:00"}
    assert total(client, USAGE, **later) == 1
    by_path = f"$['@origin'][?(@=='{usage['href']}')]"
    assert total(client, USAGE, filter=by_path) == 1
    ours = create(client, USAGE, {"usageType": usage["id"]})
    assert total(client, USAGE, usageType=ours["usageType"], **{"@origin.exists": "false"}) == 1


def test_a_resource_of_ours_is_never_overwritten(client: httpx.Client, server: Server) -> None:
    """An id that is in use here, but not by a copy, is a conflict, and the event is not kept."""
    ours = create(client, USAGE, {"description": "ours"})
    usage = partners()
    usage["id"] = ours["id"]
    for kind in ("Create", "StateChange", "Delete"):
        path, told = event(kind, 1, usage)
        refused(client.post(path, json=told), 409, ours["id"])
    assert seen(client, usage) == ours
    assert inbox(server, usage) == []


@pytest.mark.parametrize(
    ("usage", "name"),
    [
        ({"status": "received"}, "event.usage.id"),
        ({"id": "a/b"}, "id"),
        ({"id": "x", "status": "unheard of"}, "status"),
    ],
)
def test_what_cannot_be_copied_is_refused(client: httpx.Client, usage: Document, name: str) -> None:
    """A resource without an id that a URL can hold, or that the contract forbids, is 400."""
    path, told = event("Create", 1, usage)
    refused(client.post(path, json=told), 400, name)


def test_the_payload_is_where_the_contract_has_it(client: httpx.Client) -> None:
    """TMF666 v4.0.0 calls it payload; an event without eventTime happened when it came."""
    path = f"{ACCOUNTS}/listener/financialAccountStateChangeEvent"
    made = {"id": str(uuid.uuid4()), "name": "x", "state": "Active"}
    for state in ("Active", "Closed"):
        told = {"payload": {"financialAccount": {**made, "state": state}}}
        assert client.post(path, json=told).status_code == 201
        kept = client.get(f"{ACCOUNTS}/financialAccount/{made['id']}").json()
        assert kept["state"] == state


def test_other_resources_are_copied_too(client: httpx.Client) -> None:
    """No resource is named in the server: whatever has an event has copies."""
    made = {"id": str(uuid.uuid4()), "name": "Voice"}
    told = {"eventId": str(uuid.uuid4()), "event": {"usageSpecification": made}}
    path = f"{USAGES}/listener/usageSpecificationCreateEvent"
    assert client.post(path, json=told).status_code == 201
    copy = client.get(f"{SPECIFICATION}/{made['id']}").json()
    assert copy["name"] == "Voice"
    assert copy["@origin"]["eventId"] == told["eventId"]


def test_a_mirrored_change_is_told_on_and_never_back(client: httpx.Client, server: Server) -> None:
    """Our listeners hear of copies, and what they hear says so: a copy of a copy is never made."""
    registered = client.post(f"{USAGES}/hub", json={"callback": "http://127.0.0.1:9/mirror"})
    usage = partners()
    headers = {"X-Correlation-ID": "theirs"}
    path, told = event("Create", 1, usage)
    client.post(path, json=told, headers=headers)
    tell(client, event("StateChange", 2, {**usage, "status": "guided"}))
    statement = f"SELECT type, document FROM event WHERE subject = '{usage['id']}' ORDER BY seq"
    events = select(server.database, statement)
    assert [type for type, _ in events] == ["UsageCreateEvent", "UsageStateChangeEvent"]
    created = json.loads(events[0][1])
    assert created["event"]["usage"]["@origin"]["href"] == usage["href"]
    assert created["correlationId"] == "theirs"
    back = json.loads(events[1][1]) | {"eventTime": moment(30)}
    back["event"]["usage"]["status"] = "billed"
    before = seen(client, usage)
    tell(client, (f"{USAGES}/listener/usageStateChangeEvent", back))
    assert seen(client, usage) == before
    other = partners(**{"@origin": {"href": "http://third.example/1"}})
    tell(client, event("Create", 1, other))
    refused(client.get(f"{USAGE}/{other['id']}"), 404)
    client.delete(f"{USAGES}/hub/{registered.json()['id']}")


def test_events_at_the_same_time_leave_the_newest(client: httpx.Client) -> None:
    """Twenty events about one usage, all at once: none is refused, the newest stands."""
    usage = partners()
    told = [
        event("AttributeValueChange", second, {**usage, "description": str(second)})
        for second in range(20)
    ]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda one: tell(client, one), told[::-2] + told[::2]))
    assert seen(client, usage)["description"] == "19"


def test_the_contract_says_that_there_are_copies(client: httpx.Client) -> None:
    """The effective contract has @origin; without the setting it has none."""
    document = client.get(f"{USAGES}/openapi.json").json()
    assert "@origin" in document["components"]["schemas"]["Usage"]["properties"]


def test_without_the_setting_nothing_is_copied(make_database: MakeDatabase, tmp_path: Any) -> None:
    """Events are kept, no more; @origin is an attribute like any other."""
    server = launch(tmp_path, make_database("sqlite"))
    with server.client() as client:
        usage = partners()
        tell(client, event("Create", 1, usage))
        refused(client.get(f"{USAGE}/{usage['id']}"), 404)
        made = create(client, USAGE, {"@origin": "mine"})
        assert made["@origin"] == "mine"
        document = client.get(f"{USAGES}/openapi.json").json()
        assert "@origin" not in document["components"]["schemas"]["Usage"]["properties"]
    assert inbox(server, usage) == ["usageCreateEvent"]
    stop_cleanly(server)
