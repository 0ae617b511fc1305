"""Checks on the hub (TMF630 10)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from tmfserver.conformance.asking import Answer
from tmfserver.conformance.trial import Trial, shown

_QUERY = "eventType=NoSuchEvent"


def register(trial: Trial) -> None:
    answer, callback = _subscribed(trial)
    trial.status(answer, 201)
    id = answer.document.get("id")
    trial.holds("the listener has an id", isinstance(id, str) and id, "a text", shown(id))
    trial.equal("it has the callback", answer.document.get("callback"), callback)


def keeps_query(trial: Trial) -> None:
    answer, _ = _subscribed(trial)
    trial.need(answer.is_success, f"no listener could subscribe ({answer.came})")
    trial.equal("the query comes back", answer.document.get("query"), _QUERY)


def location(trial: Trial) -> None:
    answer, _ = _subscribed(trial)
    trial.need(answer.is_success, f"no listener could subscribe ({answer.came})")
    id, came = _id(trial, answer), answer.header("location")
    trial.holds("Location ends in the id", (came or "").endswith(f"/{id}"), id, shown(came))


def unregister(trial: Trial) -> None:
    answer, _ = _subscribed(trial)
    url = f"{trial.subject.base}/hub/{_id(trial, answer)}"
    trial.status(trial.delete(url), 204)
    again = trial.delete(url)
    trial.holds("a second DELETE is refused", again.status == 404, "404", again.came)


def retrieve(trial: Trial) -> None:
    answer, callback = _subscribed(trial)
    url = f"{trial.subject.base}/hub/{_id(trial, answer)}"
    came = trial.get(url)
    if ("get", "/hub/{id}") not in trial.subject.declared:
        trial.need(came.status not in (404, 405, 501), "neither contract nor server has it")
    trial.status(came, 200)
    trial.equal("it has the callback", came.document.get("callback"), callback)


def _subscribed(trial: Trial) -> tuple[Answer, str]:
    """A listener that nothing is told. A server may refuse callbacks to this machine."""
    elsewhere = f"https://listener.example/{uuid.uuid4()}"
    hub = f"{trial.subject.base}/hub"
    if trial.ear is not None:
        callback = trial.ear.callback()
        answer = trial.post(hub, {"callback": callback, "query": _QUERY})
        if answer.is_success:
            return answer, callback
    return trial.post(hub, {"callback": elsewhere, "query": _QUERY}), elsewhere


def _id(trial: Trial, answer: Answer) -> str:
    id = answer.document.get("id")
    trial.need(answer.is_success and id, "no listener with an id could subscribe")
    return quote(str(id), safe="")


@contextmanager
def listening(trial: Trial, query: str = "") -> Iterator[str]:
    """The callback of a listener that subscribes, and ends its subscription."""
    callback = trial.hearing().callback()
    body: dict[str, Any] = {"callback": callback, **({"query": query} if query else {})}
    answer = trial.post(f"{trial.subject.base}/hub", body)
    trial.need(answer.is_success, f"the hub refused the callback {callback} ({answer.came})")
    try:
        yield callback
    finally:
        if id := answer.document.get("id"):
            trial.delete(f"{trial.subject.base}/hub/{quote(str(id), safe='')}")
