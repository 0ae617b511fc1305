"""Checks on what is read: lists, single resources, and what each of them always has."""

from __future__ import annotations

import copy
import uuid
from typing import Any
from urllib.parse import urljoin, urlsplit

from tmfserver.conformance.asking import Answer
from tmfserver.conformance.trial import Trial, shown, unique
from tmfserver.errors import Invalid


def list_status(trial: Trial) -> None:
    answer = trial.get(trial.subject.collection)
    trial.status(answer, 200)
    trial.holds("the body is an array", isinstance(answer.json, list), "an array", answer.came)


def list_anonymous(trial: Trial) -> None:
    trial.need(trial.subject.stated.anonymous, "the kit does not ask this resource so")
    trial.status(trial.ask("GET", trial.subject.collection, anonymous=True), 200, 206)


def list_rows(trial: Trial) -> None:
    made = trial.created()
    rows = trial.rows()
    trial.must(trial.holds("there is a row", rows, "a row at least", "an empty array"))
    _rows_are_whole(trial, "each row", rows)
    _rows_are_whole(trial, "the one read by id", [trial.get(trial.url_of(made)).document])


def _rows_are_whole(trial: Trial, which: str, rows: list[dict[str, Any]]) -> None:
    arrays = trial.subject.resource.arrays
    for name in trial.subject.stated.always:
        if name in ("id", "href"):
            continue  # checks of their own
        bad = [row.get(name) for row in rows if not _is_there(row.get(name), name in arrays)]
        expected = "an array with an element" if name in arrays else "neither null nor blank"
        trial.holds(f"{which} has {name}", not bad, expected, shown(bad[0]) if bad else "")


def _is_there(value: Any, is_array: bool) -> bool:
    if is_array:
        return isinstance(value, list) and bool(value)
    return bool(value.strip()) if isinstance(value, str) else value is not None


def retrieve(trial: Trial) -> None:
    made = trial.created()
    answer = trial.get(trial.url_of(made))
    trial.status(answer, 200)
    trial.equal("it is the one that was created", answer.document.get("id"), made["id"])


def retrieve_unknown(trial: Trial) -> None:
    answer = trial.get(f"{trial.subject.collection}/{uuid.uuid4()}")
    trial.status(answer, 404)


def id_is_text(trial: Trial) -> None:
    for where, document in _seen(trial):
        value = document.get("id")
        held = isinstance(value, str) and bool(value)
        trial.holds(f"{where} has an id that is a text", held, "a text", shown(value))


def href_is_there(trial: Trial) -> None:
    for where, document in _seen(trial):
        value = document.get("href")
        held = isinstance(value, str) and bool(value)
        trial.holds(f"{where} has an href that is a text", held, "a text", shown(value))


def href_leads_there(trial: Trial) -> None:
    made = trial.created()
    href = made.get("href")
    trial.need(isinstance(href, str) and href, "there is no href")
    parts = urlsplit(str(href))
    held = parts.scheme in ("http", "https") and bool(parts.netloc) and "//" not in parts.path
    trial.holds("the href is a whole URL", held, "http(s)://HOST/PATH", str(href))
    place = urlsplit(trial.url_of(made))._replace(path=parts.path, query="").geturl()
    answer = trial.get(place if held else urljoin(trial.url_of(made), str(href)))
    trial.equal("its path leads to the resource", answer.document.get("id"), made["id"])


def _seen(trial: Trial) -> list[tuple[str, dict[str, Any]]]:
    made = trial.created()
    rows = trial.rows({"id": str(made["id"])}) or trial.rows()
    one = trial.get(trial.url_of(made)).document
    return [("the created one", made), ("the one read by id", one),
            *[("a row of the list", row) for row in rows[:1]]]  # fmt: skip


def raw_text(trial: Trial) -> None:
    """Kits look for values in the answer's text, so that needless escapes fail them."""
    (name,) = trial.texts()
    value = unique('Café "à/b" 100%')
    made = trial.created(**{name: value})
    trial.need(not trial.is_missed(name, trial.get(trial.url_of(made)).document.get(name)),
               f"the answer has no {name}")  # fmt: skip
    expected = '"' + value.replace('"', '\\"') + '"'
    answers = [("by id", trial.get(trial.url_of(made)))]
    listed = trial.get(trial.subject.collection, {"id": str(made["id"])})
    if any(row.get("id") == made["id"] for row in listed.rows):
        answers.append(("in the list", listed))
    for where, answer in answers:
        trial.need(answer.is_success, f"it cannot be read {where} ({answer.came})")
        trial.holds(
            f"{name} stands {where} as it was sent", expected in answer.text, expected,
            answer.came,
        )  # fmt: skip


def media_type(trial: Trial) -> None:
    made = trial.created()
    answers = [
        ("a list", trial.get(trial.subject.collection, {"limit": "1"})),
        ("a resource", trial.get(trial.url_of(made))),
    ]
    for what, answer in answers:
        came = answer.header("content-type") or ""
        held = came.split(";")[0].strip().lower() == "application/json"
        trial.holds(f"{what} comes as application/json", held, "application/json", came or "none")


def schema(trial: Trial) -> None:
    made = trial.created()
    known = {**trial.subject.stated.document(), "href": "https://example.com/1"}
    for where, answer in (("by id", trial.get(trial.url_of(made))),):
        _follows(trial, where, answer, known)


def _follows(trial: Trial, where: str, answer: Answer, known: dict[str, Any]) -> None:
    """What other checks look at is put right first, so that each fault has one name."""
    document = copy.deepcopy({**answer.document, "id": str(answer.document.get("id"))})
    for name, value in known.items():
        if name == "href" or name in trial.subject.stated.always:
            document[name] = value
    try:
        trial.subject.api.schemas.shape(trial.subject.resource.schema).check(document)
    except Invalid as failure:
        trial.holds(f"{where} it follows the schema", held=False, expected="", came=str(failure))
    else:
        trial.holds(f"{where} it follows the schema", held=True)
