"""JSONPath (TMF630 Part 6, RFC 9535) as values: what syntax.py has read, as the nodes of ast.py."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from jsonpath.filter import (
    BaseExpression,
    FilterExpressionLiteral,
    FilterQuery,
    FunctionExtension,
    InfixExpression,
    PrefixExpression,
    RootFilterQuery,
    StringLiteral,
)
from jsonpath.path import JSONPath
from jsonpath.segments import JSONPathRecursiveDescentSegment
from jsonpath.selectors import (
    Filter,
    IndexSelector,
    JSONPathSelector,
    NameSelector,
    SliceSelector,
    WildcardSelector,
)

from tmfserver.errors import BadQuery, NotServed
from tmfserver.query.ast import (
    AnyOf,
    Call,
    Compared,
    Constant,
    Descend,
    Every,
    Index,
    Name,
    Node,
    Not,
    Operand,
    Path,
    Reach,
    Reached,
    Slice,
    Step,
    ValueType,
    Where,
)
from tmfserver.query.conditions import both, either, regex_shortfall, with_plus
from tmfserver.query.names import MOST_LEVELS
from tmfserver.query.spelling import shown
from tmfserver.query.syntax import MOST_NODES, is_condition, read_syntax, too_many

MOST_DESCENTS = 3  # each may multiply what is looked at by the document's depth
_OPERATORS = {
    "==": "eq", "!=": "ne", ">": "gt", ">=": "gte", "<": "lt", "<=": "lte", "=~": "regex",
}  # fmt: skip
_UNKEPT = re.compile(r"[\0\ud800-\udfff]")  # no database keeps these
_PIECE = re.compile(
    r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|=~\s*/(?:[^/\\]|\\.)*/|[^"'=,()\[\]]+|.""", re.DOTALL
)


class Expressions:
    """Reads the JSONPaths of one query string, and counts their nodes, for there is a limit.

    types: what the contract says of an attribute's values, by dotted path, arrays stepped through.
    Raises errors.BadQuery for what means nothing, errors.NotServed for what RFC 9535 has not.
    """

    def __init__(self, types: Mapping[str, ValueType]) -> None:
        self._types = types
        self._nodes = self._descents = 0
        self._parameter = ""

    def condition(self, text: str, parameter: str = "filter") -> Node:
        """A condition on a document: that the JSONPath reaches something in it.

        `[?...]` in front chooses among the documents of the collection, so what stands there is a
        condition on the document itself.
        """
        reach = self.reach(text, parameter)
        first, rest = reach.steps[:1], reach.steps[1:]
        if not first or not isinstance(first[0], Where):
            return Reached(reach)
        return both([first[0].condition, Reached(Reach(rest))] if rest else [first[0].condition])

    def reach(self, text: str, parameter: str) -> Reach:
        """What a JSONPath reaches from the document, which is its `@`."""
        self._parameter = parameter
        steps, _ = self._steps(read_syntax(text, parameter), ())
        return Reach(steps)

    def key(self, text: str, parameter: str) -> tuple[Reach, ValueType | None]:
        """The same, of at least one step, and the type of what it reaches."""
        self._parameter = parameter
        steps, names = self._steps(read_syntax(text, parameter), ())
        if not steps:
            raise self._refusal(shown(text.strip()), "an attribute behind it, as in $.name")
        return Reach(steps), self._type(names)

    def _steps(self, path: JSONPath, names: Path | None) -> tuple[tuple[Step, ...], Path | None]:
        """The steps from where `names` lead, and the names that lead on from there, if known."""
        steps: list[Step] = []
        for segment in path.segments:
            if isinstance(segment, JSONPathRecursiveDescentSegment):
                self._count(descents=1)
                steps.append(Descend())
                names = None
            choices = tuple(self._step(selector, names) for selector in segment.selectors)
            steps.append(choices[0] if len(choices) == 1 else AnyOf(choices))
            chosen = [choice.name for choice in choices if isinstance(choice, Name)]
            if names is not None and chosen:
                names = (*names, *chosen) if len(choices) == 1 else None
        if len(steps) > MOST_LEVELS:
            raise self._refusal(f"{len(steps)} steps", f"a path of at most {MOST_LEVELS}")
        return tuple(steps), names

    def _step(self, selector: JSONPathSelector, names: Path | None) -> Step:
        self._count()
        match selector:
            case NameSelector():
                return Name(self._text(selector.name))
            case IndexSelector():
                return Index(selector.index)
            case SliceSelector():
                chosen = selector.slice
                return Slice(chosen.start, chosen.stop, chosen.step)
            case WildcardSelector():
                return Every()
            case Filter():
                return Where(self._condition(selector.expression.expression, names))
        raise NotServed(what=f"{shown(str(selector))} in a JSONPath")

    def _condition(self, expression: BaseExpression, names: Path | None) -> Node:
        if not is_condition(expression):
            raise self._refusal(_named(expression), "a condition, as in [?(@.name=='x')]")
        match expression:
            case PrefixExpression():
                self._count()
                return Not(self._condition(expression.right, names))
            case InfixExpression() if expression.logical:
                parts = [self._condition(part, names) for part in _chained(expression)]
                return both(parts) if expression.operator == "&&" else either(parts)
            case InfixExpression():
                operator = _OPERATORS[expression.operator]
                return self._compared(expression.left, operator, expression.right, names)
            case FunctionExtension():
                left, right = expression.args
                return self._compared(left, expression.name, right, names)
        self._count()
        reach, _ = self._reach(cast("FilterQuery", expression), names)
        return Reached(reach)

    def _compared(
        self, left: BaseExpression, operator: str, right: BaseExpression, names: Path | None
    ) -> Node:
        self._count()
        one, type_ = self._operand(left, names)
        if operator in ("regex", "search", "match"):
            return Compared(one, "regex", Constant(self._regex(right, whole=operator == "match")))
        other, other_type = self._operand(right, names)
        if "date-time" not in (type_, other_type):
            return Compared(one, cast("Any", operator), other)
        return Compared(_dated(one), cast("Any", operator), _dated(other), "date-time")

    def _regex(self, expression: BaseExpression, *, whole: bool) -> str:
        text = cast("StringLiteral", expression).value
        shortfall = regex_shortfall(self._text(text))
        if shortfall:
            raise self._refusal(shown(text), shortfall)
        return rf"\A(?:{text})\z" if whole else text

    def _operand(
        self, expression: BaseExpression, names: Path | None
    ) -> tuple[Operand, ValueType | None]:
        match expression:
            case FunctionExtension():
                self._count()
                argument, type_ = self._operand(expression.args[0], names)
                call = Call(cast("Any", expression.name), argument)
                return call, type_ if expression.name == "value" else None
            case FilterExpressionLiteral():
                value = expression.value
                return Constant(self._text(value) if isinstance(value, str) else value), None
            case FilterQuery():
                return self._reach(expression, names)
        return Constant(None), None

    def _reach(self, query: FilterQuery, names: Path | None) -> tuple[Reach, ValueType | None]:
        root = isinstance(query, RootFilterQuery)
        steps, reached = self._steps(query.path, () if root else names)
        return Reach(steps, root), self._type(reached)

    def _type(self, names: Path | None) -> ValueType | None:
        return self._types.get(".".join(names)) if names else None

    def _text(self, text: str) -> str:
        if _UNKEPT.search(text):
            raise self._refusal(shown(text), "text without NUL characters and halves of characters")
        return text

    def _count(self, descents: int = 0) -> None:
        self._nodes += 1
        self._descents += descents
        if self._nodes > MOST_NODES:
            raise too_many(self._parameter)
        if self._descents > MOST_DESCENTS:
            raise self._refusal(f"more than {MOST_DESCENTS} times '..'", f"at most {MOST_DESCENTS}")

    def _refusal(self, came: str, expected: str) -> BadQuery:
        return BadQuery(parameter=self._parameter, came=came, expected=expected)


def names_alone(reach: Reach) -> Path | None:
    """The path of attribute names that a JSONPath is, if it is nothing else."""
    names = tuple(step.name for step in reach.steps if isinstance(step, Name))
    return names if len(names) == len(reach.steps) else None


def items(text: str) -> list[str]:
    """A list's items: it is parted at commas, but not within brackets or quotes."""
    parts = [""]
    depth = 0
    for piece in _PIECE.findall(text):
        depth += (piece in ("[", "(")) - (piece in ("]", ")"))
        if piece == "," and depth <= 0:
            parts.append("")
        else:
            parts[-1] += piece
    return parts


def _chained(expression: InfixExpression) -> Iterator[BaseExpression]:
    """The parts of `a && b && c`, which the library reads as `a && (b && c)`."""
    operator, rest = expression.operator, cast("BaseExpression", expression)
    while isinstance(rest, InfixExpression) and rest.operator == operator:
        yield rest.left
        rest = rest.right
    yield rest


def _dated(operand: Operand) -> Operand:
    if isinstance(operand, Constant) and isinstance(operand.value, str):
        return Constant(with_plus(operand.value))
    return operand


def _named(expression: BaseExpression) -> str:
    if isinstance(expression, FunctionExtension):
        return f"{expression.name}(…) with nothing to compare it with"
    return "a value with nothing to compare it with"
