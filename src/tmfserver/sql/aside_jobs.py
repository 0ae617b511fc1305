"""What the server and its processes for slow queries say to each other: one value a frame.

A frame is a length of eight bytes and a pickle. Both ends are this program, joined by pipes that
nobody else has, so nothing foreign is ever unpickled.
"""

from __future__ import annotations

import pickle
import struct
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

from tmfserver.errors import Failure
from tmfserver.query.folding import Folded
from tmfserver.query.summing import Summing
from tmfserver.repository import Page
from tmfserver.sql.limits import Limits
from tmfserver.sql.plans import Asked

LENGTH = struct.Struct(">Q")


@dataclass(frozen=True, slots=True)
class Opening:
    """The first frame to a process: the database that it reads.

    place: a file's absolute path, or how to connect to PostgreSQL.
    """

    driver: Literal["sqlite", "postgresql"]
    place: str
    limits: Limits


@dataclass(frozen=True, slots=True)
class Job:
    """A query to carry out in so many seconds. total: how many match, where that is known.

    totals: what all that match are added up to, instead of giving a page of them.
    """

    asked: Asked
    seconds: float
    total: int | None = None
    summing: Summing | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A page. total: how many match, up to the limit, if they were counted.

    folded: what was added up, where that was asked for.
    spool: the file with the rest of its rows, if it is too big for memory; see aside_spool.py.
    """

    page: Page
    total: int | None = None
    spool: str = ""
    folded: Folded | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """What the query failed with: a class of errors.py and its facts."""

    failure: type[Failure]
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Over:
    """The job's seconds were over before it was done."""


Answer: TypeAlias = Found | Refused | Over


class Source(Protocol):
    """A database as such a process reads it."""

    def read(self, job: Job, deadline: float) -> Found:
        """deadline: of time.monotonic. Raises lanes.Late, and what errors.py has."""
        ...


def frame(value: object) -> bytes:
    body = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(body)) + body
