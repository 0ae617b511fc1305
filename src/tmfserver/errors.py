"""What can go wrong, one class each: the docstring is the message, filled in with the facts.

Nothing here knows HTTP: `http/errors.py` alone makes a status and a TM Forum Error of these.
"""

from __future__ import annotations

from typing import Any


class Failure(Exception):
    """Something went wrong."""

    def __init__(self, **facts: Any) -> None:
        self.facts = facts
        super().__init__((type(self).__doc__ or "").format(**facts))


class RequestFailure(Failure):
    """The request cannot be answered as asked."""


# --- what was asked does not exist


class NotFound(RequestFailure):
    """There is no {resource} with id '{id}'."""


class UnknownPath(RequestFailure):
    """Nothing is served at '{path}'."""


class MethodNotAllowed(RequestFailure):
    """'{path}' does not take {method}; it takes {allowed}."""


class NotServed(RequestFailure):
    """This server does not carry out {what}, though the contract or TMF630 names it."""


# --- what was sent is not what the contract describes


class Malformed(RequestFailure):
    """The body is not {expected}: {problem}."""


class Invalid(RequestFailure):
    """{attribute}: {problem}."""


class BadQuery(RequestFailure):
    """Query parameter '{parameter}': got {came}, expected {expected}."""


class UnsupportedMediaType(RequestFailure):
    """The body came as '{came}', expected {expected}."""


class TooLarge(RequestFailure):
    """The body is larger than {limit} bytes, the most that this server takes."""


# --- what was sent is well formed, but the state of things or a rule forbids it


class Conflict(RequestFailure):
    """The request is in conflict with the state of the resource."""


class Taken(Conflict):
    """There is a {resource} with id '{id}' already."""


class Duplicate(Conflict):
    """There is a {resource} with the same {key} already, its id is '{id}'."""


class ServerSet(Conflict):
    """{attribute} is set by the server: got {came}, which differs from {kept}; leave it out."""


class IllegalTransition(Conflict):
    """{attribute} cannot go from '{old}' to '{new}'; from '{old}' it may go to {allowed}."""


class RuleViolation(Conflict):
    """{problem}"""

    def __init__(self, problem: str, **facts: Any) -> None:
        super().__init__(problem=problem, **facts)


class UnresolvedReference(Conflict):
    """{attribute} refers to {resource} '{id}', which does not exist here."""


class EndsBeforeItStarts(Conflict):
    """{attribute} ends at {end}, which is before it starts at {start}."""


class StillReferredTo(Conflict):
    """The {resource} '{id}' cannot be deleted, for others refer to it: {by}."""


class WrongCharacteristic(Conflict):
    """{attribute} '{name}': got {came}, expected {expected}, says {resource} '{id}'."""


class CircularHierarchy(Conflict):
    """{attribute} would make a circle, in which each is above the next: {circle}."""


class PatchDoesNotApply(Conflict):
    """The patch cannot be applied: {problem}."""


class PatchBreaksContract(Conflict):
    """The patch would leave a document that the contract forbids: {attribute}: {problem}."""


class AlreadySubscribed(Conflict):
    """There is a listener with this callback and query already, its id is '{id}'."""


class KeyTaken(Conflict):
    """A request with this Idempotency-Key is being carried out; ask again in a moment."""


class NotReady(Conflict):
    """The job '{id}' is {status}; what it makes is there when it has Succeeded."""


class KeyReused(RequestFailure):
    """Idempotency-Key '{key}' came with another request before; each request needs its own key."""


class PreconditionFailed(RequestFailure):
    """{header} says {came}, but the resource is at {current}."""


class Unreachable(RequestFailure):
    """{url} cannot be fetched or written: {problem}."""


class NoRoom(RequestFailure):
    """The file cannot be kept: {problem}."""


class BrokenFile(RequestFailure):
    """The file cannot be read on: {problem}."""


class Broken(RequestFailure):
    """The server failed at it ({problem}); its log tells more."""


# --- for the engine's eyes: read again and try again


class Stale(Conflict):
    """The {resource} '{id}' was changed by others while this request changed it; try again."""


class ListenersChanged(Conflict):
    """Listeners came or went while this change was made; try again."""


class Unavailable(RequestFailure):
    """The database does not answer: {problem}; try again shortly."""


class Unwritable(Unavailable):
    """The database cannot write: {problem}; see whether its disk is full, and try again."""


class TooSlow(RequestFailure):
    """The query takes longer than {seconds} s; narrow it, best by an indexed attribute."""


# --- what stops the start, or a command


class StartFailure(Failure):
    """The server cannot start."""


class WrongSetting(StartFailure):
    """Setting {setting} is {came}, expected {expected}."""


class BrokenContract(StartFailure):
    """{file}: {problem}; mend the file, take it out, or name other folders with --specs."""


class BreakingContract(StartFailure):
    """{file} breaks documents stored under {before}: {problems}; see `tmfserver check {file} --against OLDER --database URL`, mend them or serve the older file, or start with --accept-contract."""  # noqa: E501 a message is one line


class NothingToCompare(StartFailure):
    """{new} and {old} have no base path, title or resource in common; name versions of one API."""


class FileInTheWay(StartFailure):
    """{file} is there already, and is not changed{hint}."""


class BrokenSchema(StartFailure):
    """{file}: {problem}; mend the file, or take it out of --schemas."""


class BrokenHandler(StartFailure):
    """{file}: {problem}."""


class DatabaseUnreachable(StartFailure):
    """The database {database} cannot be used: {problem}; check --database (TMFSERVER_DATABASE)."""


class KeyShared(StartFailure):
    """What must be unique is not, so it is not enforced: {examples}; see to it and run it again."""


class PortTaken(StartFailure):
    """{host}:{port} is taken by another program; stop that one or choose another --port."""


class WrongFiling(StartFailure):
    """{file}: {problem}."""
