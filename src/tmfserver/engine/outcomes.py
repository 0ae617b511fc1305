"""What became of changes, and what a refusal says of one among several documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeAlias

from tmfserver.changes import Change
from tmfserver.errors import RequestFailure
from tmfserver.repository import Row


class Outcome(NamedTuple):
    """The document after a change, and what the client should be warned of."""

    row: Row
    warnings: list[str]


# What else is to be written with creates, by their outcomes.
Also: TypeAlias = Callable[[Sequence[Outcome]], Sequence[Change]]
# A document before and after a change, as representations.
Told: TypeAlias = tuple[dict[str, Any] | None, dict[str, Any] | None]


@contextmanager
def about(number: int | None) -> Iterator[None]:
    """A refusal within is one of this one of several documents, an operation of a JSON Patch."""
    try:
        yield
    except RequestFailure as failure:
        if number is None:
            raise
        facts = dict(failure.facts)
        if "attribute" in facts:
            facts["attribute"] = f"{number}.value.{facts['attribute']}"
        elif "problem" in facts:
            facts["problem"] = f"{number}.value: {facts['problem']}"
        raise type(failure)(**facts) from None


def nothing(_made: Sequence[Outcome]) -> Sequence[Change]:
    return ()
