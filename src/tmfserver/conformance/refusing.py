"""Checks on how requests are refused (TMF630 3.3)."""

from __future__ import annotations

import uuid

from tmfserver.conformance.asking import JSON, Answer
from tmfserver.conformance.trial import Trial, shown

_METHODS = {"list": "GET", "create": "POST"}


def _refusals(trial: Trial) -> list[tuple[str, Answer]]:
    subject = trial.subject
    found = [("an unknown id", trial.get(f"{subject.collection}/{uuid.uuid4()}"))]
    if subject.operation("create"):
        broken = trial.ask("POST", subject.collection, '{"name": ', JSON)
        found.append(("a body that is not JSON", broken))
    refused = [(why, each) for why, each in found if each.status and each.status >= 400]
    trial.need(refused, "nothing was refused")
    return refused


def error_shape(trial: Trial) -> None:
    for why, answer in _refusals(trial):
        for name in ("code", "reason"):
            came = answer.document.get(name)
            held = isinstance(came, str) and bool(came)
            trial.holds(f"the Error for {why} has a {name}", held, "a text", answer.came)
        if "status" in answer.document:
            came = answer.document["status"]
            held = came == str(answer.status)
            trial.holds(f"its status for {why} is a text", held, f'"{answer.status}"', shown(came))


def error_type(trial: Trial) -> None:
    for why, answer in _refusals(trial):
        if not answer.text:
            continue  # the check of their shape says so
        came = answer.header("content-type") or ""
        held = came.split(";")[0].strip().lower() == JSON
        trial.holds(f"the Error for {why} is {JSON}", held, JSON, came or "none")


def not_json(trial: Trial) -> None:
    trial.status(trial.ask("POST", trial.subject.collection, '{"name": ', JSON), 400)


def not_an_object(trial: Trial) -> None:
    trial.status(trial.ask("POST", trial.subject.collection, '"text"', JSON), 400, 422)


def media_type(trial: Trial) -> None:
    answer = trial.ask("POST", trial.subject.collection, "a text", "text/plain")
    trial.status(answer, 415, 400)


def method_status(trial: Trial) -> None:
    trial.status(_untaken(trial), 405)


def method_allow(trial: Trial) -> None:
    answer = _untaken(trial)
    trial.need(answer.status == 405, "the method is not refused with 405")
    allowed = {each.strip() for each in (answer.header("allow") or "").split(",")}
    expected = {method for verb, method in _METHODS.items() if trial.subject.operation(verb)}
    came = answer.header("allow") or "no Allow header"
    trial.holds("Allow names the methods that it takes", expected <= allowed,
                ", ".join(sorted(expected)), came)  # fmt: skip


def _untaken(trial: Trial) -> Answer:
    """A PUT of a list, which no contract has: it could harm least if somebody took it."""
    return trial.ask("PUT", trial.subject.collection, "{}", JSON)
