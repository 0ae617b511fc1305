"""Contracts as settings have them: more events, and copies that tell their origin."""

from __future__ import annotations

from tests.spec.things import api
from tmfserver.spec import ORIGIN, with_all_events, with_origins


def test_undeclared_events_have_the_shape_of_declared_ones() -> None:
    """All four, a change of attributes with fieldPath; what the contract declares stays."""
    declared = api().resources["thing"].events
    events = with_all_events(api()).resources["thing"].events
    assert list(declared) == ["Create"]
    assert set(events) == {"Create", "AttributeValueChange", "StateChange", "Delete"}
    assert events["Create"] == declared["Create"]
    change = events["AttributeValueChange"]
    assert change.name == "ThingAttributeValueChangeEvent"
    assert (change.schema, change.payload) == ("", "payload")
    assert change.attributes == declared["Create"].attributes | {"fieldPath"}
    assert events["Delete"].attributes == declared["Create"].attributes


def test_copies_are_marked_by_the_server_alone() -> None:
    """@origin is given and kept by the server, typed, and in the effective contract."""
    plain, marked = api(), with_origins(api())
    thing = marked.resources["thing"]
    assert ORIGIN in thing.given
    assert ORIGIN in thing.kept
    assert thing.types["@origin.eventTime"] == "date-time"
    assert ORIGIN in marked.document["components"]["schemas"]["Thing"]["properties"]
    assert ORIGIN not in plain.resources["thing"].kept
    names = [applied.name for applied in marked.adaptations]
    assert names[-1] == "copies tell their origin"
