"""Attribute names in a query string: `relatedParty.id` as a path."""

from __future__ import annotations

from tmfserver.errors import BadQuery
from tmfserver.query.ast import Path
from tmfserver.query.spelling import bare, shown

MOST_LEVELS = 100  # databases bound how deep one path may go; no contract comes near


def read_path(name: str, parameter: str | None = None) -> Path:
    """The path that a dotted name spells; `parameter` is what to name when it spells none."""
    path = tuple(name.split("."))
    if "" not in path and len(path) <= MOST_LEVELS:
        return path
    where = bare(name) if parameter is None else parameter
    if "" in path:
        expected = "attribute names, with a dot between each and the next"
        raise BadQuery(parameter=where, came=shown(name), expected=expected)
    expected = f"a path of at most {MOST_LEVELS} names"
    raise BadQuery(parameter=where, came=f"{len(path)} names", expected=expected)
