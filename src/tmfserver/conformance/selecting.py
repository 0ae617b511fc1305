"""Checks on `fields` (TMF630 4.3)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tmfserver.conformance.trial import Trial, shown

_ALWAYS = ("id", "href")


def fields_kit(trial: Trial) -> None:
    selection = trial.subject.stated.selection
    trial.need(selection, "the kit selects nothing of this resource")
    made = trial.created()
    query = {"id": str(made["id"]), "fields": ",".join(selection)}
    rows = trial.rows(query)
    trial.must(trial.holds("there is a row", rows, "a row at least", "an empty array"))
    missing = [name for name in selection if name in made and name not in rows[0]]
    trial.holds("it has what was asked for", not missing, ", ".join(selection), shown(rows[0]))


def fields_list(trial: Trial) -> None:
    made = trial.created()
    for name in _asked(trial, made):
        rows = trial.rows({"id": str(made["id"]), "fields": name})
        mine = [row for row in rows if row.get("id") == made["id"]] or rows
        trial.need(mine, "the resource is not in the list")
        _is_exact(trial, name, made, mine[0])


def fields_one(trial: Trial) -> None:
    made = trial.created()
    for name in _asked(trial, made):
        answer = trial.get(trial.url_of(made), {"fields": name})
        trial.need(answer.is_success, f"it cannot be read ({answer.came})")
        _is_exact(trial, name, made, answer.document)


def fields_none(trial: Trial) -> None:
    made = trial.created()
    answer = trial.get(trial.url_of(made), {"fields": "none"})
    trial.need(answer.is_success, f"it cannot be read ({answer.came})")
    _is_exact(trial, "none", made, answer.document)


def _asked(trial: Trial, made: dict[str, Any]) -> list[str]:
    """Attributes to ask for one by one: what was sent, and what always comes."""
    sent: Iterable[str] = [*trial.subject.stated.document(), *trial.subject.stated.always]
    return [name for name in dict.fromkeys(sent) if name in made and name not in _ALWAYS]


def _is_exact(trial: Trial, name: str, made: dict[str, Any], came: dict[str, Any]) -> None:
    expected = sorted(made.keys() & {*_ALWAYS, name})
    trial.holds(
        f"fields={name} gives that, id and href", sorted(came) == expected,
        ", ".join(expected), ", ".join(sorted(came)),
    )  # fmt: skip
