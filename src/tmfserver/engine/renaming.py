"""Queries on attributes that are kept under other names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeAlias

from tmfserver.query.ast import (
    And,
    AnyOf,
    Call,
    Compared,
    Comparison,
    Exists,
    Name,
    Node,
    Not,
    Operand,
    Or,
    Path,
    Query,
    Reach,
    Reached,
    SortKey,
    Step,
    Where,
)

Names: TypeAlias = Mapping[str, str]


def renamed_query(query: Query, names: Names) -> Query:
    """The same list of documents whose attributes are called by the other names."""
    if not names:
        return query
    filter = None if query.filter is None else renamed_filter(query.filter, names)
    return replace(query, filter=filter, sort=tuple(_key(key, names) for key in query.sort))


def renamed_path(path: Path, names: Names) -> Path:
    return (names.get(path[0], path[0]), *path[1:]) if path else path


def _key(key: SortKey, names: Names) -> SortKey:
    reach = None if key.reach is None else _reach(key.reach, names, top=True)
    return replace(key, path=renamed_path(key.path, names), reach=reach)


def renamed_filter(node: Node, names: Names, *, top: bool = True) -> Node:
    """`top`: what `@` is here is the document, not something in it."""
    match node:
        case And(parts) | Or(parts):
            return type(node)(tuple([renamed_filter(part, names, top=top) for part in parts]))
        case Not(part):
            return Not(renamed_filter(part, names, top=top))
        case Comparison() | Exists():
            return replace(node, path=renamed_path(node.path, names)) if top else node
        case Reached(reach):
            return Reached(_reach(reach, names, top=top))
        case Compared(left, _, right):
            left, right = _operand(left, names, top=top), _operand(right, names, top=top)
            return replace(node, left=left, right=right)


def _operand(operand: Operand, names: Names, *, top: bool) -> Operand:
    match operand:
        case Reach():
            return _reach(operand, names, top=top)
        case Call(function, argument):
            return Call(function, _operand(argument, names, top=top))
    return operand


def _reach(reach: Reach, names: Names, *, top: bool) -> Reach:
    own = top or reach.root
    steps = [_step(step, names, first=own and place == 0) for place, step in enumerate(reach.steps)]
    return replace(reach, steps=tuple(steps))


def _step(step: Step, names: Names, *, first: bool) -> Step:
    match step:
        case Name(name) if first:
            return Name(names.get(name, name))
        case AnyOf(steps):
            return AnyOf(tuple([_step(each, names, first=first) for each in steps]))
        case Where(condition):
            return Where(renamed_filter(condition, names, top=False))
    return step
