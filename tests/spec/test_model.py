"""What a contract says of its operations, resources and events."""

from __future__ import annotations

from tests.spec.things import api


def test_a_verb_is_told_by_method_and_path() -> None:
    """A listener path is no list, whatever its operationId begins with."""
    verbs = {operation.operation_id: operation.verb for operation in api().operations}
    assert verbs == {
        "listThing": "list",
        "createThing": "create",
        "createThingInBulk": "bulk",
        "retrieveThing": "retrieve",
        "patchThing": "patch",
        "cutThing": None,
        "listenToThingCreateEvent": "listen",
    }


def test_what_create_and_update_leave_out_is_the_servers() -> None:
    """The id alone may be the client's own (TMF630 6.1)."""
    thing = api().resources["thing"]
    assert thing.given == {"href"}
    assert thing.kept == {"id", "href", "balance"}
    assert thing.stamped == ("lastUpdate",)
    assert thing.state == "status"


def test_attributes_have_the_types_that_queries_compare_by() -> None:
    """Scalars by dotted path, through objects and arrays; arrays by themselves."""
    thing = api().resources["thing"]
    assert thing.types["name"] == "string"
    assert thing.types["status"] == "string"
    assert thing.types["size"] == "number"
    assert thing.types["lastUpdate"] == "date-time"
    assert thing.types["parts.isRef"] == "boolean"
    assert thing.types["parent.parent.name"] == "string"
    assert "parts" in thing.arrays
    assert "part" not in thing.types


def test_events_are_read_from_the_listener_paths() -> None:
    """The payload's key and the attributes are those of the event's schema."""
    event = api().resources["thing"].events["Create"]
    assert (event.name, event.payload) == ("ThingCreateEvent", "payload")
    assert event.attributes == {"eventId", "payload", "timeOcurred"}


def test_the_base_path_has_no_last_slash() -> None:
    """Else it would stand twice in every URL."""
    assert api().base_path == "/tmf-api/thingManagement/v1"
    assert api().collection_name("thing") == "thingManagement/v1/thing"
