"""Checks on events, with a listener of their own (TMF630 10)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tmfserver.conformance.results import Exchange
from tmfserver.conformance.subscribing import listening
from tmfserver.conformance.trial import Trial, shown, text
from tmfserver.errors import Invalid
from tmfserver.spec import EventType


def create_event(trial: Trial) -> None:
    _tells(trial, "Create", dict, lambda _: None)


def change_event(trial: Trial) -> None:
    changes = trial.subject.stated.changes
    trial.need(changes, "the contract has no attribute that a patch may surely change")
    _tells(trial, "AttributeValueChange", dict, lambda made: _patch(trial, made, dict(changes)))


def state_event(trial: Trial) -> None:
    states, name = trial.subject.stated.states, trial.subject.resource.state
    trial.need(len(states) >= 2, "the contract does not tell which state may follow which")
    begin, then = {str(name): states[0]}, {str(name): states[1]}
    _tells(trial, "StateChange", lambda: begin, lambda made: _patch(trial, made, then))


def delete_event(trial: Trial) -> None:
    _tells(trial, "Delete", dict, lambda made: _delete(trial, made))


def _patch(trial: Trial, made: dict[str, Any], changes: dict[str, Any]) -> None:
    answer = trial.patch(trial.url_of(made), changes)
    trial.need(answer.is_success, f"the patch was refused ({answer.came})")


def _delete(trial: Trial, made: dict[str, Any]) -> None:
    answer = trial.delete(trial.url_of(made))
    trial.need(answer.is_success, f"it could not be deleted ({answer.came})")


def _tells(
    trial: Trial, kind: str, begin: Callable[[], dict[str, Any]],
    then: Callable[[dict[str, Any]], None],
) -> None:  # fmt: skip
    event = _event(trial, kind)
    with listening(trial) as callback:
        made = trial.created(**begin())
        then(made)
        came = _wait(trial, callback, event.name, made)
        trial.must(trial.holds(f"a {event.name} comes", came, _in_time(trial), "none"))
        _is_whole(trial, event, came, made)


def _in_time(trial: Trial) -> str:
    return f"within {trial.hearing().patience:g} s"


def _event(trial: Trial, kind: str) -> EventType:
    trial.hearing()
    found = trial.subject.resource.events.get(kind)
    trial.need(found, f"the contract declares no {kind} event of this resource")
    assert found is not None  # noqa: S101 for the type checker
    return found


def _wait(trial: Trial, callback: str, name: str, made: dict[str, Any]) -> Any:
    id = str(made["id"])

    def is_it(came: Any) -> bool:
        return isinstance(came, dict) and came.get("eventType") == name and id in text(came)

    came = trial.hearing().wait(callback, is_it)
    if came is not None:
        trial.exchanges.append(Exchange("POST", callback, (), text(came), 204, (), "", 0.0))
    return came


def _is_whole(trial: Trial, event: EventType, came: dict[str, Any], made: dict[str, Any]) -> None:
    for name in ("eventId", "eventTime"):
        value = came.get(name)
        trial.holds(f"it has its {name}", isinstance(value, str) and value, "a text", shown(value))
    inside = came.get(event.payload)
    payload = inside.get(event.resource) if isinstance(inside, dict) else None
    id = payload.get("id") if isinstance(payload, dict) else None
    place = f"{event.payload}.{event.resource}"
    held = str(id) == str(made["id"])
    trial.holds(f"the resource is in {place}", held, shown(made["id"]), shown(came))
    try:
        trial.subject.api.schemas.shape(event.schema).check(came)
    except Invalid as failure:
        trial.holds("it follows the event's schema", held=False, came=str(failure))
    else:
        trial.holds("it follows the event's schema", held=True)


def query(trial: Trial) -> None:
    """A listener that asks for one kind of event is told of no other."""
    created, changed = _event(trial, "Create"), _event(trial, "AttributeValueChange")
    changes = trial.subject.stated.changes
    trial.need(changes, "the contract has no attribute that a patch may surely change")
    with listening(trial, f"eventType={changed.name}") as callback:
        made = trial.created()
        _patch(trial, made, dict(changes))
        came = _wait(trial, callback, changed.name, made)
        trial.must(trial.holds(f"a {changed.name} comes", came, _in_time(trial), "none"))
        kinds = sorted({str(each.get("eventType")) for each in trial.hearing().heard(callback)})
        trial.holds(f"no {created.name} does", kinds == [changed.name], changed.name,
                    ", ".join(kinds))  # fmt: skip
