"""What `tmfserver explain` prints: how a list request is understood, and how it is answered."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from tmfserver import sql
from tmfserver.engine.nested import naming, standing_in
from tmfserver.engine.paths import rewrite_href
from tmfserver.engine.sharing import kept_places
from tmfserver.errors import WrongSetting
from tmfserver.planning import Plan, make_plan
from tmfserver.query.ast import (
    And,
    AnyOf,
    Call,
    Compared,
    Comparison,
    Constant,
    Descend,
    Every,
    Exists,
    Index,
    Name,
    Node,
    Not,
    Operand,
    Or,
    Query,
    Reach,
    Reached,
    Slice,
    SortKey,
    Step,
)
from tmfserver.query.parse import parse
from tmfserver.settings import Settings
from tmfserver.spec.verbs import is_parameter

if TYPE_CHECKING:
    from tmfserver.sql.explanation import Explanation, Uses

Narrow: TypeAlias = Callable[[Query], Query]
_SIGNS = {
    "eq": "=", "ne": "is not", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=",
    "regex": "matches", "contains": "contains", "startswith": "begins with",
}  # fmt: skip


def explain(settings: Settings, asked: str) -> str:
    """asked: a resource, as its contract names it or with its whole path, `?` and a query string.

    Raises a StartFailure, errors.BadQuery or errors.NotServed.
    """
    plan = make_plan(settings)
    where, _, text = asked.partition("?")
    path, name, narrow = _listed(plan, where)
    collection = plan.collections[name]
    query = narrow(
        rewrite_href(
            parse(text, collection.types, limit=settings.page_limit, largest=settings.largest_page),
            f"{settings.public_url.rstrip('/')}{path}/",
        )
    )
    if kept := kept_places(plan.sharings, plan.collections).get(name):
        collection, query = kept.collection, kept.query(query)
    limits = sql.Limits(total_limit=settings.total_limit, scan_limit=settings.scan_limit)
    found = sql.explain(settings.database, collection, query, limits=limits)
    lines = [f"{collection.resource} at {path}", *_understood(found, query)]
    lines += [f"  {sentence}" for sentence in found.waiting]
    for each in found.statements:
        values = ", ".join([json.dumps(value, ensure_ascii=False) for value in each.values])
        lines += ["", f"For {each.purpose}:", f"  {each.sql}", f"  with {values or 'no values'}"]
        lines += ["  which the database plans so:", *[f"    {line}" for line in each.plan]]
    return "\n".join(lines)


def _listed(plan: Plan, where: str) -> tuple[str, str, Narrow]:
    """The path and the collection's name of the one list that is meant, and what its path asks."""
    wanted = where.strip("/").split("/")
    paths = list(_lists(plan))
    found = []
    for base, path, name, narrow in paths:
        full = f"{base}{path}".strip("/").split("/")
        place = full if len(wanted) == len(full) else full[-path.count("/") :]
        if _leads_to(place, wanted):
            given = [each for step, each in zip(place, wanted, strict=True) if is_parameter(step)]
            at = "/".join(["", *full[: len(full) - len(wanted)], *wanted])
            found.append((at, name, partial(narrow, given)))
    if len(found) == 1:
        return found[0]
    expected = [at for at, _, _ in found] or [path.strip("/") for _, path, _, _ in paths]
    came, setting = repr(where), "'the resource to explain'"
    raise WrongSetting(setting=setting, came=came, expected=f"one of {', '.join(expected)}")


def _leads_to(place: Sequence[str], wanted: Sequence[str]) -> bool:
    if len(place) != len(wanted):
        return False
    return all(is_parameter(step) or step == each for step, each in zip(place, wanted, strict=True))


def _lists(plan: Plan) -> Iterator[tuple[str, str, str, Callable[[Sequence[str], Query], Query]]]:
    """All that is listed: (base path, path, collection, what the variables of the path ask)."""
    for api in plan.apis:
        base = api.base_path
        for name in api.resources:
            yield base, f"/{name}", api.collection_name(name), lambda _, query: query
        for name, nested in api.nested.items():
            yield base, nested.place, api.collection_name(name), _standing_in
        for each in api.operations:
            if each.holder and each.verb == "list":
                collection = api.collection_name(each.resource or "")
                yield base, each.path, collection, partial(_naming, each.holder)


def _standing_in(holders: Sequence[str], query: Query) -> Query:
    return standing_in(query, "/".join(holders))


def _naming(attribute: str, holders: Sequence[str], query: Query) -> Query:
    return naming(query, attribute, holders[0])


def _understood(found: Explanation, query: Query) -> Iterator[str]:
    if not found.conditions:
        yield "  all documents"
    for node, uses in found.conditions:
        yield f"  where {words(node)}: {_answered(uses, 'checked')}"
    for node, uses in found.added:
        yield f"  from which follows {words(node)}: {_answered(uses, 'checked')}"
    for key, key_uses in found.sorts:
        way = "descending" if key.descending else "ascending"
        yield f"  sorted by {_key(key)}, {way}: {_answered(key_uses, 'sorted')}"
    if not found.sorts:
        yield "  in order of age"
    if found.rest is not None:
        yield f"  then each document found is read, and checked for {words(found.rest)}"
    if found.sort:
        yield "  then all documents found are sorted by " + ", ".join(map(_key, found.sort))
    yield f"  of these {query.limit} from {query.offset} on"


def _answered(uses: Uses | None, done: str) -> str:
    if uses is None:
        return f"not {done} by the database, but afterwards"
    parts = [f"from index {name}" for name in uses.indexes]
    return " and ".join([*parts, *(["from each document"] if uses.documents else [])]) or "never"


def _key(key: SortKey) -> str:
    return ".".join(key.path) if key.reach is None else _reach(key.reach)


def words(node: Node) -> str:
    """A condition as people read it."""
    match node:
        case And(parts):
            return f"({' and '.join(map(words, parts))})"
        case Or(parts):
            return f"({' or '.join(map(words, parts))})"
        case Not(part):
            return f"not {words(part)}"
        case Comparison(path, operator, value, type_):
            kind = type_ or "whatever it is"
            return f"{'.'.join(path)} {_SIGNS[operator]} {json.dumps(value)} as {kind}"
        case Exists(path, present):
            return f"{'.'.join(path)} is {'there' if present else 'not there'}"
        case Reached(reach):
            return f"{_reach(reach)} is there"
        case Compared(left, operator, right, _):
            return f"{_operand(left)} {_SIGNS[operator]} {_operand(right)}"


def _operand(operand: Operand) -> str:
    match operand:
        case Constant(value):
            return json.dumps(value, ensure_ascii=False)
        case Call(function, argument):
            return f"{function}({_operand(argument)})"
        case Reach():
            return _reach(operand)


def _reach(reach: Reach) -> str:
    return ("$" if reach.root else "@") + "".join(_steps(reach.steps))


def _steps(steps: Iterable[Step]) -> Iterator[str]:
    for step in steps:
        yield ".." if isinstance(step, Descend) else f"[{_selected(step)}]"


def _selected(step: Step) -> str:
    match step:
        case Name(name):
            return json.dumps(name, ensure_ascii=False)
        case Index(index):
            return str(index)
        case Slice(start, stop, by):
            return ":".join(["" if each is None else str(each) for each in (start, stop, by)])
        case Every():
            return "*"
        case AnyOf(some):
            return _either(some)
        case Descend():
            return "*"
    return f"? {words(step.condition)}"


def _either(steps: Sequence[Step]) -> str:
    return ", ".join(map(_selected, steps))
