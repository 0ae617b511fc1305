"""What became of changes, and what a refusal says of one among several documents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from tmfserver.errors import RequestFailure
from tmfserver.repository import Change, Row


class Outcome(NamedTuple):
    """The document after a change, and what the client should be warned of."""

    row: Row
    warnings: list[str]


# What else is to be written with creates, by their outcomes.
Also: TypeAlias = Callable[[Sequence[Outcome]], Sequence[Change]]
# A document before and after a change, as representations.
Told: TypeAlias = tuple[dict[str, Any] | None, dict[str, Any] | None]


def in_entry(failure: RequestFailure, number: int) -> RequestFailure:
    """The same refusal, of one of several documents: an operation's value in a JSON Patch."""
    facts = dict(failure.facts)
    if "attribute" in facts:
        facts["attribute"] = f"{number}.value.{facts['attribute']}"
    elif "problem" in facts:
        facts["problem"] = f"{number}.value: {facts['problem']}"
    return type(failure)(**facts)


def nothing(_made: Sequence[Outcome]) -> Sequence[Change]:
    return ()
