"""What is kept, and the changes of it, as values.

A list of changes is one transaction: all of it happens or none. That lets a database write what
many requests asked for in one commit, and needs no open transaction while a request is worked on:
what was read is checked again, by revision, when it is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from tmfserver.document.keys import Key
from tmfserver.query.ast import ValueType


class UniqueKey(NamedTuple):
    """What no two documents of a collection share.

    paths: the attributes that make it, of which a document that lacks one has no key. Empty where
    who writes a document tells its key; documents that were there before then have none.
    """

    name: str
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Collection:
    """The documents of one resource of one API, one table.

    name: unique among all, e.g. "thingManagement/v1/thing"; it also names the table.
    resource: as people call it in messages, e.g. "thing".
    indexed: dotted attribute paths that filters use much; a missing index is made by migration.
    types: what the contract says of an attribute's values, by dotted path, where it is a scalar.
    arrays: dotted paths that are arrays by the contract: a path through one has many values.
    keys: what no two of the documents share.
    nested: the documents stand in those of another collection, and have ids of their own there.
    """

    name: str
    resource: str
    indexed: tuple[str, ...] = ()
    types: Mapping[str, ValueType] = field(default_factory=dict)
    arrays: frozenset[str] = frozenset()
    keys: tuple[UniqueKey, ...] = ()
    nested: bool = False


# One for each of a collection's keys, None where the document has it not.
Keys: TypeAlias = tuple[Key | None, ...]


@dataclass(frozen=True, slots=True)
class Listener:
    """A subscription (hub). `api` is the base path of the contract it was made under.

    secret: the key that its notifications are signed with; header: a line to send with each.
    """

    id: str
    api: str
    callback: str
    query: str
    secret: str = field(default="", repr=False)
    header: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Insert:
    """A new document. Fails with errors.Taken when the id is in use, with errors.Duplicate when
    another document has one of the keys. keys: None where it has none."""

    collection: Collection
    id: str
    document: str
    revision: int
    keys: Keys | None = None


@dataclass(frozen=True, slots=True)
class Replace:
    """A document's new text. Fails with errors.Stale unless it still is at revision `seen`, with
    errors.Duplicate when another document has one of the keys. keys: None leaves them as they are.
    """

    collection: Collection
    id: str
    document: str
    revision: int
    seen: int
    keys: Keys | None = None


@dataclass(frozen=True, slots=True)
class Remove:
    """A document's end. Fails with errors.Stale unless it still is at revision `seen`."""

    collection: Collection
    id: str
    seen: int


@dataclass(frozen=True, slots=True)
class Unchanged:
    """No change, but what the others of its list count on: that a document still is at revision
    `seen` when they happen. Fails with errors.Stale."""

    collection: Collection
    id: str
    seen: int


@dataclass(frozen=True, slots=True)
class Present:
    """No change, but what the others of its list count on: that there is such a document, whatever
    it says, until all of them have happened. Fails with errors.NotFound.

    id: where it stands in others, the last step of it is its own.
    """

    collection: Collection
    id: str


def within(holder: str) -> tuple[str, str]:
    """Where the ids of all begin that stand in a holder, at any depth, and where they have ended:
    0 is the sign behind the slash, which no id holds."""
    return f"{holder}/", f"{holder}0"


@dataclass(frozen=True, slots=True)
class RemoveWithin:
    """The end of all documents of a nested collection that stand in the one with the id `holder`,
    at any depth, those included that come while the holder, removed by the same list, goes."""

    collection: Collection
    holder: str


@dataclass(frozen=True, slots=True)
class Event:
    """A notification to send, and the ids of the listeners that are to get it.

    `api` is the contract's base path, `subject` the id of the resource instance (deliveries keep
    the order of one instance), `document` the whole event as JSON text.
    """

    id: str
    api: str
    type: str
    subject: str
    document: str
    listeners: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Subscribe:
    """A new listener. Fails with errors.AlreadySubscribed when api, callback and query repeat."""

    listener: Listener


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """A listener's end, its undelivered notifications with it. errors.NotFound if there is none."""

    api: str
    id: str


@dataclass(frozen=True, slots=True)
class Receive:
    """What another party's hub sent to one of our listener paths, kept once per (api, id)."""

    api: str
    id: str
    type: str
    document: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered: `request` is its fingerprint, `headers` a JSON array of pairs,
    `at` in microseconds since 1970."""

    request: str
    status: int
    headers: str
    body: str
    at: int


@dataclass(frozen=True, slots=True)
class Keep:
    """An answer that is kept under the key that the client gave its request, with the changes that
    it tells of. Fails with errors.KeyTaken when there is one from `oldest` on."""

    api: str
    key: str
    answer: Answer
    oldest: int


@dataclass(frozen=True, slots=True)
class Enter:
    """A job that is to be done; `task` says what, as JSON text. Its document comes before it."""

    jobs: Collection
    id: str
    kind: str
    task: str


Change: TypeAlias = (
    Insert | Replace | Remove | Unchanged | Present | RemoveWithin | Event | Subscribe | Unsubscribe
    | Receive | Keep | Enter
)  # fmt: skip
