"""A resource's hierarchy as a tree: an operation that an extension contract describes.

x-operation: {verb: hierarchy, resource: thing, attributes: [name, state]}
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from tmfserver import exact
from tmfserver.changes import Collection
from tmfserver.document.fields import select
from tmfserver.engine import ResourceEngine
from tmfserver.engine.hierarchy import Family
from tmfserver.engine.trees import LEVELS, Branch, tree, whole_tree
from tmfserver.errors import BadQuery
from tmfserver.http.errors import JSON_HEADER
from tmfserver.query.spelling import shown
from tmfserver.rules import Call, Reply
from tmfserver.spec import Operation
from tmfserver.spec.verbs import OWN

DEEPEST = 50  # levels below the first that a request may ask for
_CLASS = ("@type", "@baseType", "@schemaLocation")


class _Asked(NamedTuple):
    from_top: bool = False
    levels: int = LEVELS


def hierarchy(
    operation: Operation,
    engine: ResourceEngine,
    family: Family,
    path_of: Callable[[Collection], str],
) -> Callable[[Call], Awaitable[Reply]]:
    """The operation's function. path_of: a collection's path, e.g. /tmf-api/x/v4/thing."""
    attributes = (*operation.definition[OWN].get("attributes", ()), *_CLASS)

    async def draw(call: Call) -> Reply:
        asked, (id,) = _read(call.query.decode("utf-8", "replace")), call.path.values()
        grow = whole_tree if asked.from_top else tree
        root = await grow(family, engine.collection, id, f"{call.base_url}/", asked.levels)
        made = _nodes(root, attributes, lambda place: call.base_url + path_of(place))
        return Reply(200, exact.dumps(made), [JSON_HEADER])

    return draw


def _read(query: str) -> _Asked:
    """Raises BadQuery."""
    given = parse_qs(query, keep_blank_values=True)
    start, levels = given.get("from", ["here"])[-1], given.get("levels", [str(LEVELS)])[-1]
    if start not in ("here", "top"):
        raise BadQuery(parameter="from", came=shown(start), expected="here or top")
    if not (levels.isascii() and levels.isdigit() and len(levels) < 4 and int(levels) <= DEEPEST):
        expected = f"a number of levels from 0 to {DEEPEST}"
        raise BadQuery(parameter="levels", came=shown(levels), expected=expected)
    return _Asked(start == "top", int(levels))


def _nodes(
    root: Branch, attributes: Sequence[str], url_of: Callable[[Collection], str]
) -> dict[str, Any]:
    """Each with those of its attributes, and the nodes below it."""

    def node(branch: Branch) -> dict[str, Any]:
        place, (id, *_), document = branch.member
        chosen = select(dict(document), [(name,) for name in attributes])
        more = {"hasMore": True} if branch.has_more else {}
        return {"id": id, "href": f"{url_of(place)}/{id}", **chosen, **more, "children": []}

    top = node(root)
    waiting = [(root, top)]
    while waiting:
        branch, made = waiting.pop()
        for child in branch.children:
            below = node(child)
            made["children"].append(below)
            waiting.append((child, below))
    return top
