"""What readers give and take, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from tmfserver.query.ast import ValueType


class Record(NamedTuple):
    """One record as JSON text. position: the how manieth it is, from 1; line: where it stands in
    the file, from 1 (of a JSON array and of Parquet the same as the position)."""

    position: int
    line: int
    content: bytes


class Refused(NamedTuple):
    """A record that cannot be read, or must not be kept, and why; for people."""

    position: int
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Columns:
    """What the contract says of the attributes that columns name, by dotted path.

    types: of scalars; arrays: the paths that are arrays. See changes.Collection.
    """

    types: Mapping[str, ValueType] = field(default_factory=dict)
    arrays: frozenset[str] = frozenset()
