"""Checks on filters (TMF630 4.4)."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote, urlsplit

from tmfserver.conformance.trial import Skipped, Trial, unique

_DAY = "2026-03-01T12:30:00+02:00"


def filter_kit(trial: Trial) -> None:
    """What the kits ask by their filters is in the list that comes."""
    for name in trial.subject.stated.filters:
        more = {} if name == "id" else {name: unique()}
        made = trial.created(**more)
        rows = trial.rows(more or {name: str(made["id"])})
        ids = [row.get("id") for row in rows]
        trial.holds(f"{name}= finds it", made["id"] in ids, str(made["id"]), f"{len(ids)} others")


def filter_equal(trial: Trial) -> None:
    (name,) = trial.texts()
    values = [unique("one"), unique("other")]
    made, other = [trial.created(**{name: value}) for value in values]
    for value, one in zip(values, (made, other), strict=True):
        trial.finds(f"{name}= finds what has the value and nothing else", {name: value}, [one])
    trial.finds("id= finds this one alone", {"id": str(made["id"])}, [made])
    trial.finds("a value that none has finds nothing", {name: unique()}, [])


def filter_and(trial: Trial) -> None:
    name, second = trial.texts(2)
    both, one, other = unique(), unique("one"), unique("other")
    first = trial.created(**{name: both, second: one})
    trial.created(**{name: both, second: other})
    trial.created(**{name: unique(), second: one})
    trial.finds("both conditions hold", {name: both, second: one}, [first])
    trial.finds("nothing has both", {name: both, second: unique()}, [])


def filter_href(trial: Trial) -> None:
    made = trial.created()
    trial.created()
    href = str(made.get("href", ""))
    trial.need(urlsplit(href).netloc, "there is no whole href")
    trial.finds("href= finds it", {"href": href}, [made])


def filter_date(trial: Trial) -> None:
    path = trial.subject.stated.dated
    trial.need(path, "the resource has no date to give")
    (name,) = trial.texts()
    label, value = unique(), _DAY
    dated: Any = value
    for part in reversed(str(path).split(".")):
        dated = {part: dated}
    made = trial.created(**{name: label}, **dated)
    moment = _moment(_at(made, str(path)))
    if moment is None:
        raise Skipped(f"the answer has no date at {path}")
    for zone in (UTC, timezone(timedelta(hours=2))):
        query = {name: label, str(path): moment.astimezone(zone).isoformat()}
        trial.finds("the same moment finds it", query, [made])
    later = {name: label, str(path): (moment + timedelta(hours=2)).isoformat()}
    trial.finds("another moment does not", later, [])


def _at(document: Any, path: str) -> Any:
    for part in path.split("."):
        document = document.get(part) if isinstance(document, dict) else None
    return document


def _moment(value: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found if found.tzinfo else None


def filter_operators(trial: Trial) -> None:
    name, second = trial.texts(2)
    group = unique()
    one, two, three = [trial.created(**{name: f"{group} {n}", second: group}) for n in (1, 2, 3)]
    value, mine = quote(f"{group} 2"), f"{second}={quote(group)}"
    for word, symbol, expected in (
        ("gt", "%3E", [three]), ("gte", "%3E%3D", [two, three]),
        ("lt", "%3C", [one]), ("lte", "%3C%3D", [one, two]), ("eq", "%3D%3D", [two]),
    ):  # fmt: skip
        trial.finds(f"{name}.{word}=", f"{mine}&{name}.{word}={value}", expected)
        trial.finds(f"{name}{symbol}", f"{mine}&{name}{symbol}{value}", expected)


def filter_or(trial: Trial) -> None:
    (name,) = trial.texts()
    values = [unique(word) for word in ("one", "two", "three")]
    one, two, _ = [trial.created(**{name: value}) for value in values]
    first, second = quote(values[0]), quote(values[1])
    trial.finds("a comma is or", f"{name}={first},{second}", [one, two])
    trial.finds("a semicolon is or", f"{name}={first};{second}", [one, two])
    trial.finds("a name repeated is or", f"{name}={first}&{name}={second}", [one, two])


def filter_regex(trial: Trial) -> None:
    (name,) = trial.texts()
    value = unique()
    made = trial.created(**{name: value})
    trial.created(**{name: unique()})
    expression = quote(value[-12:] + "$")
    trial.finds(f"{name}.regex=", f"{name}.regex={expression}", [made])


def filter_inside(trial: Trial) -> None:
    sample = trial.subject.stated.document()
    path = next(_leaves(sample, ()), ())
    trial.need(path, "a create has no text inside another attribute")
    document, value = copy.deepcopy(sample), unique()
    place: Any = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    made = trial.created(**document)
    trial.created()
    dotted = ".".join(step for step in path if isinstance(step, str))
    trial.finds(f"{dotted}= finds it", {dotted: value}, [made])


def _leaves(value: Any, above: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """Paths of texts inside objects, ids first: a text there may be anything."""
    if isinstance(value, dict):
        for key in sorted(value, key=lambda key: key not in ("id", "name")):
            if isinstance(value[key], str):
                if len(above) > 0 and key in ("id", "name"):
                    yield (*above, key)
            else:
                yield from _leaves(value[key], (*above, key))
    elif isinstance(value, list) and value:
        yield from _leaves(value[0], (*above, 0))


def filter_jsonpath(trial: Trial) -> None:
    (name,) = trial.texts()
    value = unique()
    made = trial.created(**{name: value})
    query = {"filter": f'$[?(@.{name}=="{value}")]'}
    answer = trial.get(trial.subject.collection, query)
    trial.need(answer.status != 501, "the server does not do JSONPath, and says so with 501")
    trial.finds("filter= with a JSONPath finds it", query, [made])
