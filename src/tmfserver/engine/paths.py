"""Queries on attributes that are not stored: an href is the collection's URL and the id."""

from __future__ import annotations

from dataclasses import replace

from tmfserver.query.ast import (
    And,
    Compared,
    Comparison,
    Constant,
    Exists,
    Name,
    Node,
    Not,
    Or,
    Query,
    Reach,
    Reached,
)


def rewrite_href(query: Query, base: str) -> Query:
    """The same query with conditions on `href` turned into conditions on `id`."""
    if query.filter is None:
        return query
    rewritten = _rewrite(query.filter, base)
    sort = tuple(replace(key, path=("id",)) if key.path == ("href",) else key for key in query.sort)
    if rewritten is query.filter and sort == query.sort:
        return query
    return replace(query, filter=rewritten, sort=sort)


def _rewrite(node: Node, base: str) -> Node:
    match node:
        case And(parts) | Or(parts):
            made = tuple(_rewrite(part, base) for part in parts)
            changed = any(new is not old for new, old in zip(made, parts, strict=True))
            return type(node)(made) if changed else node
        case Not(part):
            return Not(_rewrite(part, base))
        case Reached(Reach((Name("href"),))):
            return Exists(("id",))
        case Compared(Reach((Name("href"),)), operator, Constant(str(value))):
            asked = Comparison(("href",), operator, value, "string")
            return _comparison(asked, operator, value, base)
        case Comparison(("href",), operator, value):
            return _comparison(node, operator, value, base)
        case Exists(("href",)):
            return replace(node, path=("id",))
    return node


def _comparison(node: Comparison, operator: str, value: str, base: str) -> Node:
    """An href that does not begin as this server's do is nobody's, but greater or less than ours.

    Only equality and beginnings are asked of an href in practice; an ordering or an expression is
    asked of what follows the collection's URL, with that URL cut off where it is given.
    """
    ours = value.startswith(base)
    if operator in ("eq", "ne") and not ours:
        return Exists(("id",), present=operator == "ne")
    if operator == "startswith" and base.startswith(value):
        return Exists(("id",))
    return replace(node, path=("id",), value=value.removeprefix(base))
