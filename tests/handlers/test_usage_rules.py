"""The rules of a usage, without server or database."""

from __future__ import annotations

import pytest
from tests.handlers.usage_steps import EDGES, PAIRS, STATES, following, may_go
from tmfserver.handlers import usage, usage_specification

from tmfserver.errors import IllegalTransition
from tmfserver.rules import Lifecycle


@pytest.fixture
def lifecycle() -> Lifecycle:
    assert usage.rules.lifecycle is not None
    return usage.rules.lifecycle


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_every_pair_of_states(lifecycle: Lifecycle, old: str, new: str) -> None:
    """A usage goes along the edges of the diagram or stays; the message names where it may go."""
    if may_go(old, new):
        lifecycle.check({"status": old}, {"status": new})
        return
    with pytest.raises(IllegalTransition) as refusal:
        lifecycle.check({"status": old}, {"status": new})
    message = str(refusal.value)
    for word in ("status", f"'{old}'", f"'{new}'", *following(old)):
        assert word in message
    named = message.rpartition("may go to")[2]
    for state in set(STATES) - set(following(old)):
        assert f"'{state}'" not in named


def test_the_edges_are_those_of_the_diagram(lifecycle: Lifecycle) -> None:
    """No edge more, no edge less, and every state is known."""
    stated = {(old, new) for old, many in lifecycle.steps.items() for new in many}
    assert stated == EDGES
    assert set(lifecycle.steps) == set(STATES)
    assert lifecycle.attribute == "status"


def test_billed_is_the_end(lifecycle: Lifecycle) -> None:
    """Nothing follows billed, and the message says so."""
    assert lifecycle.steps["billed"] == set()
    with pytest.raises(IllegalTransition, match="no other state"):
        lifecycle.check({"status": "billed"}, {"status": "rated"})


def test_no_status_is_the_first_one(lifecycle: Lifecycle) -> None:
    """A usage that says no status is one that was received."""
    lifecycle.check({}, {"status": "guided"})
    lifecycle.check({}, {})
    lifecycle.check({"status": "received"}, {})
    with pytest.raises(IllegalTransition):
        lifecycle.check({}, {"status": "billed"})
    with pytest.raises(IllegalTransition):
        lifecycle.check({"status": "billed"}, {})


def test_usage_refers_to_its_specification() -> None:
    """The reference that a usage has, and the one between specifications, are named."""
    assert usage.rules.references == {"usageSpecification": "usageSpecification"}
    assert usage_specification.rules.references == {"entitySpecRelationship": "usageSpecification"}
