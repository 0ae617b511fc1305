"""Checks on the order and the pages of lists (TMF630 4.5, 4.7)."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urljoin

from tmfserver.conformance.asking import Answer
from tmfserver.conformance.trial import Trial, shown, unique

_FAR = 1_000_000_000
_LINK = re.compile(r'<([^>]*)>\s*;[^,<]*?rel="?([a-z ]+)"?')


def sort_up(trial: Trial) -> None:
    _sorts(trial, "", [0, 1, 2])


def sort_down(trial: Trial) -> None:
    _sorts(trial, "-", [2, 1, 0])


def _sorts(trial: Trial, sign: str, order: list[int]) -> None:
    """Created in another order than any that is asked for."""
    name, second = trial.texts(2)
    group = unique()
    made = {n: trial.created(**{name: f"{group} {n}", second: group}) for n in (1, 0, 2)}
    rows = trial.rows({second: group, "sort": f"{sign}{name}"})
    numbers = {one["id"]: n for n, one in made.items()}
    came = [numbers[row["id"]] for row in rows if row.get("id") in numbers]
    trial.need(len(came) == len(made), "the list does not hold what was created")
    trial.equal(f"sort={sign}{name} gives them in order", came, order)


def _group(trial: Trial, count: int = 3) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """A filter, and the resources that it finds."""
    (name,) = trial.texts()
    query = {name: unique()}
    return query, [trial.created(**query) for _ in range(count)]


def _first_page(trial: Trial, query: dict[str, str], made: list[dict[str, Any]]) -> Answer:
    """A page of two, where the filter finds what it should."""
    found = {row.get("id") for row in trial.rows(query)}
    trial.need(found == {one["id"] for one in made}, "a filter does not find what was created")
    return trial.get(trial.subject.collection, {**query, "limit": "2"})


def total_count(trial: Trial) -> None:
    query, made = _group(trial)
    answer = _first_page(trial, query, made)
    came = answer.header("x-total-count")
    trial.holds("X-Total-Count counts what matches", came == str(len(made)), str(len(made)),
                shown(came))  # fmt: skip


def result_count(trial: Trial) -> None:
    query, made = _group(trial)
    answer = _first_page(trial, query, made)
    came, expected = answer.header("x-result-count"), str(len(answer.rows))
    trial.holds("X-Result-Count counts the page", came == expected, expected, shown(came))


def limit(trial: Trial) -> None:
    query, _ = _group(trial)
    rows = trial.rows({**query, "limit": "2"})
    trial.equal("limit=2 gives two", len(rows), 2)


def offset(trial: Trial) -> None:
    query, _ = _group(trial)
    first = [row.get("id") for row in trial.rows({**query, "limit": "3"})]
    trial.need(len(first) >= 3, "the list does not hold what was created")
    second = [row.get("id") for row in trial.rows({**query, "limit": "2", "offset": "1"})]
    trial.equal("offset=1 leaves the first one out", second[:2], first[1:3])


def beyond(trial: Trial) -> None:
    rows = trial.rows({"offset": str(_FAR)})
    trial.equal("beyond the end there is an empty array", len(rows), 0)


def bad_numbers(trial: Trial) -> None:
    for query in ("offset=-1", "limit=-1", "offset=some", "limit=some"):
        answer = trial.get(trial.subject.collection, query)
        trial.holds(f"{query} is refused", answer.status == 400, "400", answer.came)


def links(trial: Trial) -> None:
    """Following `next` gives each resource once."""
    query, made = _group(trial)
    answer = _first_page(trial, query, made)
    trial.need(len(answer.rows) == 2, "a page of two does not hold two")
    trial.must(trial.holds("the first page has a Link to the next", _next(answer), 'rel="next"',
                           shown(answer.header("link"))))  # fmt: skip
    came = [row.get("id") for row in answer.rows]
    for _ in made:
        if not (following := _next(answer)):
            break
        answer = trial.get(urljoin(trial.subject.collection, following))
        came += [row.get("id") for row in answer.rows]
    expected = sorted(str(one["id"]) for one in made)
    trial.equal("the pages hold each one once", sorted(map(str, came)), expected)


def _next(answer: Answer) -> str:
    found = _LINK.findall(answer.header("link") or "")
    return next((url for url, rel in found if "next" in rel.split()), "")
