"""Checks on what is created, and on what may not be."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from tmfserver.conformance.asking import JSON, Answer
from tmfserver.conformance.trial import Trial, shown, unique

REFUSED = (400, 422)


def create_status(trial: Trial) -> None:
    answer = _sent(trial)
    trial.status(answer, 201)
    trial.holds("the resource comes back", answer.document, "an object", answer.came)


def create_twice(trial: Trial) -> None:
    """Names are not unique."""
    profile = trial.subject.stated
    trial.need(profile.create is not None, "the contract tells no document to create")
    document = profile.document(**{name: unique() for name in profile.texts[:1]})
    first = trial.post(trial.subject.collection, document)
    second = trial.post(trial.subject.collection, document)
    trial.need(first.is_success, f"the first one could not be created ({first.came})")
    trial.holds("the second is created too", second.is_success, "201", second.came)
    one, other = first.document.get("id"), second.document.get("id")
    trial.need(one is not None, "the answer has no id")
    trial.holds("it has an id of its own", one != other, f"not {shown(one)}", shown(other))


def create_values(trial: Trial) -> None:
    answer = _sent(trial)
    trial.need(answer.is_success, f"nothing could be created ({answer.came})")
    for name, value in trial.subject.stated.document().items():
        came = answer.document.get(name)
        if trial.is_missed(name, came):
            continue
        lost = _lost(value, came, name)
        trial.holds(f"{name} comes back as it was sent", not lost, shown(value), shown(came))


def _lost(sent: Any, came: Any, at: str) -> list[str]:
    """Where something that was sent did not come back; the server may add to objects."""
    if isinstance(sent, dict) and isinstance(came, dict):
        return [each for key, value in sent.items()
                for each in _lost(value, came.get(key), f"{at}.{key}")]  # fmt: skip
    if isinstance(sent, list) and isinstance(came, list) and len(sent) == len(came):
        pairs = enumerate(zip(sent, came, strict=True))
        return [
            each for index, (one, other) in pairs for each in _lost(one, other, f"{at}.{index}")
        ]
    return [] if sent == came else [at]


def create_location(trial: Trial) -> None:
    answer = _sent(trial)
    trial.need(answer.is_success, f"nothing could be created ({answer.came})")
    came = answer.header("location")
    trial.must(trial.holds("Location is there", came, "a Location header", "none"))
    id = str(answer.document.get("id"))
    last = urlsplit(str(came)).path.rstrip("/").rsplit("/", 1)[-1]
    trial.holds("it ends in the id", last == id, id, str(came))


def empty_object(trial: Trial) -> None:
    names = trial.subject.stated.objects
    trial.need(names, "the contract has no object that may be empty")
    made = trial.created(**{names[0]: {}})
    trial.equal(f"{names[0]} is the empty object", made.get(names[0]), {})
    again = trial.get(trial.url_of(made))
    trial.equal("also when it is read", again.document.get(names[0]), {})


def mandatory(trial: Trial) -> None:
    profile = trial.subject.stated
    trial.need(profile.mandatory, "no attribute is mandatory in a create")
    trial.need(_sent(trial).is_success, "nothing can be created at all")
    for name in profile.mandatory:
        without = profile.document()
        del without[name]
        _is_refused(trial, f"{name} is missing", without)
        for bad in (None, *_blank(profile.document()[name])):
            _is_refused(trial, f"{name} is {shown(bad)}", profile.document(**{name: bad}))


def _blank(value: Any) -> list[Any]:
    if isinstance(value, str):
        return ["", "   "]
    return [[]] if isinstance(value, list) else []


def mandatory_inside(trial: Trial) -> None:
    profile = trial.subject.stated
    trial.need(profile.nested, "no attribute has mandatory ones inside")
    for each in profile.nested:
        place = f"{each.attribute}.{each.inner}" if each.inner else each.attribute
        whole = profile.document(**{each.attribute: each.whole()})
        answer = trial.post(trial.subject.collection, whole)
        trial.holds(f"a whole {place} is taken", answer.is_success, "201", answer.came)
        if not answer.is_success:
            continue
        for name in each.mandatory:
            lacking = profile.document(**{each.attribute: each.whole(leave_out=name)})
            _is_refused(trial, f"{place} lacks {name}", lacking)


def _is_refused(trial: Trial, why: str, document: Any) -> None:
    answer = trial.post(trial.subject.collection, document)
    trial.holds(f"it is refused where {why}", answer.status in REFUSED, "400", answer.came)


def not_json(trial: Trial) -> None:
    answer = trial.ask("POST", trial.subject.collection, '{"name": ', JSON)
    trial.status(answer, 400)


def _sent(trial: Trial) -> Answer:
    profile = trial.subject.stated
    trial.need(profile.create is not None, "the contract tells no document to create")
    return trial.post(trial.subject.collection, profile.document())
