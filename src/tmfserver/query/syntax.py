"""JSONPath's syntax: a text as the tree that the library python-jsonpath makes of it.

The library reads, and never evaluates. It is bent where TM Forum's documents need it: names may
begin with @ (`$.@type`), a function may stand behind its argument (`@.a.length()`), numbers keep
all their digits, and a regular expression is kept as text, for RE2 alone to compile.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import inf
from re import Pattern
from typing import Any, cast

from jsonpath import JSONPathEnvironment
from jsonpath import token as kinds
from jsonpath.exceptions import JSONPathError
from jsonpath.filter import (
    NIL,
    BaseExpression,
    FilterExpressionLiteral,
    FilterQuery,
    FloatLiteral,
    FunctionExtension,
    InfixExpression,
    Nil,
    PrefixExpression,
    StringLiteral,
)
from jsonpath.lex import Lexer
from jsonpath.parse import Parser
from jsonpath.path import JSONPath
from jsonpath.segments import JSONPathSegment
from jsonpath.selectors import (
    IndexSelector,
    NameSelector,
    SingularQuerySelector,
    SliceSelector,
)
from jsonpath.stream import TokenStream
from jsonpath.token import Token

from tmfserver.errors import BadQuery, NotServed
from tmfserver.query.explaining import MORE, STEP, SUCH_AS, Unexpected, explained
from tmfserver.query.scalars import number
from tmfserver.query.spelling import shown

DEEPEST = 30
MOST_NODES = 200
MOST_TOKENS = 20 * MOST_NODES

# Each function with its arguments; the logical ones are conditions, the others give a value.
FUNCTIONS = {
    **dict.fromkeys(("length", "count", "min", "max", "avg", "value"), ("@.name",)),
    **dict.fromkeys(("search", "match"), ("@.name", "'text'")),
}
LOGICAL = ("search", "match")
# What other JSONPaths have, and RFC 9535 and TMF630's examples do not.
_OTHER_FUNCTIONS = (
    "append", "concat", "first", "index", "is", "isinstance", "keys", "last", "startswith",
    "stddev", "sum", "type", "typeof",
)  # fmt: skip
_REGEX_IN_DOCUMENT = "a regular expression from the document in a JSONPath"
_UNSERVED = {
    kinds.TOKEN_CONTAINS: "'contains'",
    kinds.TOKEN_FILTER_CONTEXT: "'_', a value from outside,",
    kinds.TOKEN_IN: "'in'",
    kinds.TOKEN_INTERSECTION: "'&' between paths",
    kinds.TOKEN_KEY: "'#', an element's name,",
    kinds.TOKEN_KEY_NAME: "'~', the names of attributes,",
    kinds.TOKEN_KEYS: "'~', the names of attributes,",
    kinds.TOKEN_KEYS_FILTER: "'~', the names of attributes,",
    kinds.TOKEN_LG: "'<>'",
    kinds.TOKEN_MISSING: "'missing'",
    kinds.TOKEN_PSEUDO_ROOT: "'^', what holds the document,",
    kinds.TOKEN_UNDEFINED: "'undefined'",
    kinds.TOKEN_UNION: "'|' between paths",
}


class _Text(StringLiteral):
    """A regular expression between slashes, as RE2 has it."""

    __slots__ = ()


class _Lexer(Lexer):
    key_pattern = r"[\u0080-\U0010FFFFa-zA-Z_][\u0080-\U0010FFFFa-zA-Z0-9_-]*"

    def compile_rules(self) -> Pattern[str]:
        self.dot_property_pattern = rf"(?P<G_DOT>\.\.?)(?P<G_PROP>@?{self.key_pattern})"
        return super().compile_rules()


class _Parser(Parser):
    def parse_query(self, stream: TokenStream) -> Iterable[JSONPathSegment]:
        if stream.current().kind in (kinds.TOKEN_NAME, kinds.TOKEN_WILD):
            raise Unexpected(MORE, stream.current())
        return super().parse_query(stream)

    def parse_singular_query_selector(self, stream: TokenStream) -> SingularQuerySelector:
        if stream.current().kind == kinds.TOKEN_NAME:
            raise Unexpected(STEP, stream.current())
        raise NotServed(what="a query in place of a name in a JSONPath")

    def parse_slice(self, stream: TokenStream) -> SliceSelector:
        # The library takes the 0 of [0,:2] for the beginning of a slice.
        token, following = stream.current(), stream.peek().kind
        if token.kind != kinds.TOKEN_INT or following != kinds.TOKEN_COMMA:
            return super().parse_slice(stream)
        stream.next()
        index = IndexSelector(env=self.env, token=token, index=int(token.value))
        return cast("SliceSelector", index)

    def parse_list_literal(self, stream: TokenStream) -> BaseExpression:
        raise NotServed(what="a list of values in a JSONPath")

    def parse_integer_literal(self, stream: TokenStream) -> BaseExpression:
        token = stream.next()
        value = number(token.value)
        if value is None or value in (inf, -inf):
            raise Unexpected("a number as JSON has them, and not too large", token)
        return FloatLiteral(value=cast("float", value))

    parse_float_literal = parse_integer_literal

    def parse_regex(self, stream: TokenStream) -> BaseExpression:
        expression, flags = stream.next(), ""
        if stream.current().kind == kinds.TOKEN_RE_FLAGS:
            flags = "".join(sorted(set(stream.next().value)))
        if "a" in flags:
            raise Unexpected("i, m and s as flags of a regular expression", expression)
        return _Text(value=f"(?{flags}){expression.value}" if flags else expression.value)

    def parse_relative_query(self, stream: TokenStream) -> BaseExpression:
        return self._called(stream, super().parse_relative_query(stream))

    def parse_absolute_query(self, stream: TokenStream) -> BaseExpression:
        return self._called(stream, super().parse_absolute_query(stream))

    def _called(self, stream: TokenStream, query: BaseExpression) -> BaseExpression:
        """`@.a.length()` as `length(@.a)`."""
        called = (stream.current().kind, stream.peek().kind) == (
            kinds.TOKEN_LPAREN,
            kinds.TOKEN_RPAREN,
        )
        if not called or not isinstance(query, FilterQuery) or not query.path.segments:
            return query
        *segments, last = query.path.segments
        function, *others = last.selectors
        if others or not isinstance(function, NameSelector):
            return query
        stream.pos += 2
        query.path.segments = tuple(segments)
        name = Token(kinds.TOKEN_FUNCTION, function.name, function.token.index, function.token.path)
        arguments = self.env.validate_function_extension_signature(name, [query])
        return FunctionExtension(function.name, arguments)

    def parse_infix_expression(self, stream: TokenStream, left: BaseExpression) -> BaseExpression:
        token = stream.current()
        whole = super().parse_infix_expression(stream, left)
        right = whole.right if isinstance(whole, InfixExpression) else whole
        if token.kind == kinds.TOKEN_RE:
            if isinstance(right, FilterQuery):
                raise NotServed(what=_REGEX_IN_DOCUMENT)
            if not isinstance(right, StringLiteral):
                raise Unexpected("a regular expression behind it, in quotes or slashes", token)
            right = NIL
        if token.kind in (kinds.TOKEN_AND, kinds.TOKEN_OR):
            if not (is_condition(left) and is_condition(right)):
                raise Unexpected("a condition on either side", token)
        elif not (is_value(left) and is_value(right)):
            raise Unexpected("a value on either side; what ! negates stands in brackets", token)
        return whole


class _Environment(JSONPathEnvironment):
    lexer_class = _Lexer
    parser_class = _Parser

    def setup_function_extensions(self) -> None:
        """None of the library's: nothing is evaluated."""

    def validate_function_extension_signature(self, token: Token, args: list[Any]) -> list[Any]:
        name = token.value
        if name in _OTHER_FUNCTIONS:
            raise NotServed(what=f"'{name}' in a JSONPath")
        if name not in FUNCTIONS:
            raise Unexpected(f"one of the functions {', '.join(sorted(FUNCTIONS))}", token)
        if len(args) != len(FUNCTIONS[name]):
            raise Unexpected(f"{name}({', '.join(FUNCTIONS[name])})", token)
        for form, argument in zip(FUNCTIONS[name], args, strict=True):
            if form == "'text'" and isinstance(argument, FilterQuery):
                raise NotServed(what=_REGEX_IN_DOCUMENT)
            wanted = {"'text'": StringLiteral, "@.name": FilterQuery}[form]
            loose = form == "@.name" and name in ("length", *LOGICAL) and is_value(argument)
            if not isinstance(argument, wanted) and not loose:
                raise Unexpected(f"{name}({', '.join(FUNCTIONS[name])})", token)
        return args


def is_value(expression: BaseExpression) -> bool:
    """Whether it gives values, which can be compared."""
    if isinstance(expression, FunctionExtension):
        return expression.name not in LOGICAL
    known = (FilterExpressionLiteral, Nil, FilterQuery)
    return isinstance(expression, known) and not isinstance(expression, _Text)


def is_condition(expression: BaseExpression) -> bool:
    """Whether it is true or false; a path is true where it reaches something."""
    if isinstance(expression, FunctionExtension):
        return expression.name in LOGICAL
    return isinstance(expression, (InfixExpression, PrefixExpression, FilterQuery))


_ENVIRONMENT = _Environment(well_typed=False)


def read_syntax(text: str, parameter: str) -> JSONPath:
    """The tree of a JSONPath, whose leading `$` may be left out (TMF630 Part 6).

    Raises errors.BadQuery, which says where the text goes wrong and what was expected there, or
    errors.NotServed for what other JSONPaths have and this one has not.
    """
    bare = text.strip()
    if not bare:
        raise BadQuery(parameter=parameter, came="''", expected=f"a JSONPath, {SUCH_AS}")
    before = {"$": "", ".": "$", "[": "$"}.get(bare[0], "$.")
    shift = len(before) - text.index(bare)
    try:
        stream = TokenStream(_tokens(before + bare, parameter))
        return JSONPath(env=_ENVIRONMENT, segments=_ENVIRONMENT.parser.parse(stream))
    except JSONPathError as problem:
        came, expected = explained(problem, shift)
    except ValueError:
        came, expected = shown(text), "whole numbers where elements are chosen"
    raise BadQuery(parameter=parameter, came=came, expected=expected)


def _tokens(text: str, parameter: str) -> Iterator[Token]:
    """The library's tokens, as long as it can take what they make: it calls itself for brackets."""
    depth = negations = operators = 0
    for place, token in enumerate(_ENVIRONMENT.lexer.tokenize(text)):
        kind = token.kind
        depth += (kind in (kinds.TOKEN_LBRACKET, kinds.TOKEN_LPAREN)) - (
            kind in (kinds.TOKEN_RBRACKET, kinds.TOKEN_RPAREN)
        )
        operators += kind in (kinds.TOKEN_AND, kinds.TOKEN_OR)
        negations = negations + 1 if kind == kinds.TOKEN_NOT else 0
        if depth + negations > DEEPEST:
            expected = f"at most {DEEPEST} levels of brackets"
            raise BadQuery(
                parameter=parameter, came=f"more than {DEEPEST} levels", expected=expected
            )
        if operators > MOST_NODES or place > MOST_TOKENS:
            raise too_many(parameter)
        if kind in (kinds.TOKEN_INTERSECTION, kinds.TOKEN_UNION) and depth > 0:
            raise Unexpected("two of them", token)
        if kind in _UNSERVED:
            raise NotServed(what=f"{_UNSERVED[kind]} in a JSONPath")
        two_dots = kind == kinds.TOKEN_DOT and token.value == ".."
        yield Token(kinds.TOKEN_DDOT, "..", token.index, token.path) if two_dots else token


def too_many(parameter: str) -> BadQuery:
    """What refuses an expression for its size."""
    expected = f"at most {MOST_NODES}"
    came = f"more than {MOST_NODES} steps and conditions"
    return BadQuery(parameter=parameter, came=came, expected=expected)
