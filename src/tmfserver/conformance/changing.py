"""Checks on PATCH and DELETE."""

from __future__ import annotations

import copy
import uuid
from typing import Any

from tmfserver.conformance.asking import JSON, Answer
from tmfserver.conformance.trial import (
    JSON_PATCH,
    JSON_PATCH_QUERY,
    MERGE_PATCH,
    Trial,
    shown,
    unique,
)


def patch_json(trial: Trial) -> None:
    _merges(trial, JSON)


def patch_merge(trial: Trial) -> None:
    _merges(trial, MERGE_PATCH)


def _merges(trial: Trial, media: str) -> None:
    """Each change comes back, is there when it is read, and leaves the others alone."""
    changes = trial.subject.stated.changes
    trial.need(changes, "the contract has no attribute that a patch may surely change")
    made = _made_to_stay(trial)
    url = trial.url_of(made)
    for name, value in changes.items():
        answer = trial.patch(url, {name: value}, media)
        _is_undeclared(trial, answer, media)
        trial.must(trial.status(answer, 200))
        trial.equal(f"{name} has the new value", answer.document.get(name), value)
    now = trial.get(url).document
    for name, value in changes.items():
        if not trial.is_missed(name, now.get(name)):
            trial.equal(f"{name} has it when it is read again", now.get(name), value)
    _others_stay(trial, made, now, set(changes))


def _made_to_stay(trial: Trial) -> dict[str, Any]:
    """A resource with a text that no patch here names, if it may have one."""
    changes = trial.subject.stated.changes
    free = [name for name in trial.subject.stated.texts if name not in changes]
    return trial.created(**{name: unique("stays") for name in free[:1]})


def _others_stay(trial: Trial, made: dict[str, Any], now: dict[str, Any], named: set[str]) -> None:
    own = {"id", "href", *named, *trial.subject.resource.stamped, *trial.subject.resource.kept}
    lost = [name for name, value in made.items() if name not in own and now.get(name) != value]
    trial.holds("what the patch did not name is as it was", not lost, "no change", ", ".join(lost))


def patch_identity(trial: Trial) -> None:
    changes = trial.subject.stated.changes
    trial.need(changes, "the contract has no attribute that a patch may surely change")
    made = trial.created()
    name, value = next(iter(changes.items()))
    answer = trial.patch(trial.url_of(made), {name: value})
    trial.need(answer.is_success, f"the patch was refused ({answer.came})")
    for kept in ("id", "href"):
        if kept in made:
            trial.equal(f"{kept} is as it was", answer.document.get(kept), made[kept])


def patch_unknown(trial: Trial) -> None:
    changes = dict(trial.subject.stated.changes)
    unknown = f"{trial.subject.collection}/{uuid.uuid4()}"
    read = trial.get(unknown)
    answer = trial.patch(unknown, changes)
    trial.holds(
        "an unknown id is not patched, but answered as a GET of it", answer.status == read.status,
        str(read.status), answer.came,
    )  # fmt: skip


def patch_null(trial: Trial) -> None:
    """RFC 7386: null takes an attribute away."""
    profile = trial.subject.stated
    free = [name for name in profile.texts if name not in (*profile.mandatory, *profile.always)]
    trial.need(free, "the contract has no text that may be taken away")
    name = free[0]
    made = trial.created(**{name: unique()})
    answer = trial.patch(trial.url_of(made), {name: None}, MERGE_PATCH)
    _is_undeclared(trial, answer, MERGE_PATCH)
    trial.need(answer.is_success, f"the merge patch was refused ({answer.came})")
    now = trial.get(trial.url_of(made)).document
    trial.holds(f"{name} is gone", now.get(name) is None, "nothing", shown(now.get(name)))


def patch_mandatory(trial: Trial) -> None:
    profile = trial.subject.stated
    names = [name for name in profile.mandatory if name in profile.lasting]
    trial.need(names, "no attribute is mandatory")
    made = trial.created()
    for name in names:
        for bad in (None, "") if isinstance(profile.document()[name], str) else (None, []):
            answer = trial.patch(trial.url_of(made), {name: bad}, MERGE_PATCH)
            _is_undeclared(trial, answer, MERGE_PATCH)
            held = answer.status in (400, 409, 422)
            trial.holds(f"{name} cannot become {shown(bad)}", held, "400", answer.came)


def patch_rfc6902(trial: Trial) -> None:
    trial.texts()
    profile, value = trial.subject.stated, unique()
    name = next((each for each in profile.texts if each not in profile.always), profile.texts[0])
    made = trial.created(**{name: value})
    patch = [{"op": "test", "path": f"/{name}", "value": value},
             {"op": "replace", "path": f"/{name}", "value": "replaced"}]  # fmt: skip
    answer = trial.patch(trial.url_of(made), patch, JSON_PATCH)
    _is_undeclared(trial, answer, JSON_PATCH)
    trial.must(trial.status(answer, 200))
    now = trial.get(trial.url_of(made)).document
    trial.equal(f"{name} is replaced", now.get(name), "replaced")


def patch_by_query(trial: Trial) -> None:
    """TMF630 5: a JSON Patch whose path chooses elements of an array."""
    sample = trial.subject.stated.document()
    none: dict[str, Any] = {}
    name, element = next(
        ((key, value[0]) for key, value in sample.items()
         if isinstance(value, list) and value and _has_name(value[0])), ("", none),
    )  # fmt: skip
    trial.need(name, "a create has no array of objects with id and name")
    other = {**copy.deepcopy(element), "id": "another", "name": "left alone"}
    made = trial.created(**{name: [element, other]})
    path = f"/{name}?id={element['id']}/name"
    patch = [{"op": "replace", "path": path, "value": "chosen"}]
    answer = trial.patch(trial.url_of(made), patch, JSON_PATCH_QUERY)
    _is_undeclared(trial, answer, JSON_PATCH_QUERY)
    trial.must(trial.status(answer, 200))
    now = trial.get(trial.url_of(made)).document.get(name)
    came = [each.get("name") for each in now] if isinstance(now, list) else now
    trial.equal("the chosen element is changed, the other is not", came, ["chosen", "left alone"])


def _has_name(element: Any) -> bool:
    return isinstance(element, dict) and {"id", "name"} <= element.keys()


def _is_undeclared(trial: Trial, answer: Answer, media: str) -> None:
    """A 415 is right where the contract does not name the media type."""
    subject = trial.subject
    if answer.status == 415 and (subject.stated.resource, media) not in subject.declared:
        trial.need(condition=False, reason=f"neither contract nor server takes {media}")


def delete_status(trial: Trial) -> None:
    answer = trial.delete(trial.url_of(trial.created()))
    trial.status(answer, 204)
    trial.holds("there is no body", not answer.text, "no body", answer.came)


def delete_gone(trial: Trial) -> None:
    url = trial.url_of(trial.created())
    unknown = trial.get(f"{trial.subject.collection}/{uuid.uuid4()}")
    answer = trial.delete(url)
    trial.need(answer.is_success, f"it could not be deleted ({answer.came})")
    again = trial.get(url)
    held = again.status == unknown.status and not again.is_success
    trial.holds("its id is unknown then", held, f"{unknown.status} as for any", again.came)


def delete_twice(trial: Trial) -> None:
    url = trial.url_of(trial.created())
    unknown = trial.get(f"{trial.subject.collection}/{uuid.uuid4()}")
    answer = trial.delete(url)
    trial.need(answer.is_success, f"it could not be deleted ({answer.came})")
    again = trial.delete(url)
    expected = unknown.status if not unknown.is_success else 404
    trial.holds("a second DELETE is refused", again.status == expected, str(expected), again.came)
