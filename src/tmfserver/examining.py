"""Whether documents that are stored would hold under another contract than the one they came by."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tmfserver import exact, sql
from tmfserver.engine.renaming import Names
from tmfserver.engine.sharing import renamed
from tmfserver.errors import Invalid
from tmfserver.spec import Api, Shape

_REASONS = 50  # kinds of failures that are told apart for a collection
_EXAMPLES = 3  # documents that are named for each
_NUMBER = re.compile(r"(?<=\.)\d+\.|\.\d+$")


@dataclass
class Reason:
    """Why documents fail: an attribute (of arrays without their numbers) and what it should be.
    examples: (id, what came) of the first."""

    attribute: str
    expected: str
    count: int = 0
    examples: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Examined:
    """What became of a collection's documents. whole: all were looked at."""

    resource: str
    looked_at: int = 0
    failing: int = 0
    reasons: list[Reason] = field(default_factory=list)
    whole: bool = True


def examine(
    database: str,
    collection: str,
    resource: str,
    api: Api,
    most: int | None = None,
    names: Names | None = None,
) -> Examined:
    """Looks at a collection's documents as a patch would, in batches, at most so many.

    api: the contract that they should hold under; if it has no such resource, none does. names:
    of attributes as they are kept → as the contract has them, where these differ.
    Raises as sql.stored does.
    """
    found = Examined(resource)
    kind = api.resources.get(resource)
    shape = api.schemas.shape(kind.schema) if kind is not None and kind.schema else None
    href = f"http://localhost{api.base_path}/{resource}/"
    reasons: dict[tuple[str, str], Reason] = {}
    for id, text in _each(database, collection):
        if most is not None and found.looked_at >= most:
            found.whole = False
            break
        found.looked_at += 1
        failure = None
        if kind is None:
            failure = Invalid(attribute="the resource", problem="it is gone")
        elif shape is not None:
            document = renamed(exact.loads(text), names or {})
            failure = _failure(shape, {"href": href + id, **document})
        if failure is not None:
            found.failing += 1
            _count(reasons, id, failure)
    found.reasons = sorted(reasons.values(), key=lambda reason: -reason.count)
    return found


def _each(database: str, collection: str) -> Iterator[tuple[str, str]]:
    for rows in sql.stored(database, collection):
        yield from rows


def _failure(shape: Shape, document: dict[str, object]) -> Invalid | None:
    shape.fill(document)
    try:
        shape.check(document)
    except Invalid as failure:
        return failure
    return None


def _count(reasons: dict[tuple[str, str], Reason], id: str, failure: Invalid) -> None:
    attribute = _NUMBER.sub("", failure.facts["attribute"])
    came, _, expected = failure.facts["problem"].rpartition(", expected ")
    expected = f"expected {expected}" if came else expected
    key = (attribute, expected)
    if key not in reasons and len(reasons) >= _REASONS:
        key = ("other attributes", "what the contract says")
    reason = reasons.setdefault(key, Reason(*key))
    reason.count += 1
    if len(reason.examples) < _EXAMPLES:
        reason.examples.append((id, came))


def told(found: Examined, reason: Reason) -> str:
    """A reason in people's words, with the documents that it names."""
    examples = ", ".join(f"'{id}'" + (f" ({came})" if came else "") for id, came in reason.examples)
    more = f" and {rest} more" if (rest := reason.count - len(reason.examples)) else ""
    return f"{found.resource} {examples}{more}: {reason.attribute}: {reason.expected}"
