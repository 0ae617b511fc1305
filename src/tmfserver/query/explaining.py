"""What is wrong with a JSONPath, in words for people: what came, where, and what was expected."""

from __future__ import annotations

from jsonpath import token as kinds
from jsonpath.exceptions import JSONPathError
from jsonpath.token import Token

from tmfserver.query.spelling import shown

STEP = "one of: a name in quotes, a number, a slice, * or ?(condition)"
_OPERAND = "@ or $ with an attribute, a value, a function, ! or ("
MORE = "the end, or another step, which begins with . or ["
SUCH_AS = "such as $[?(@.name=='x')]"
_IN_BRACKETS = "a condition inside brackets, as in $[?(@.name=='x')]"

# What the library says, by how it begins, and what it would have taken.
_EXPECTED = {
    "unexpected end of segment": "a comma or the closing ]",
    "unexpected end of query": STEP,
    "unbalanced parentheses": "its closing )",
    "expected a shorthand selector": "a name or *",
    "expected TOKEN_COMMA": "a comma, or what closes the bracket",
    "expected TOKEN_LPAREN": "(",
    "expected TOKEN_RPAREN": "a closing )",
    "expected 'TOKEN_COLON'": "a slice such as 1:3",
    "unexpected token in bracketed": STEP,
    "empty bracketed segment": STEP,
    "unexpected trailing comma": STEP,
    "decode error": r"a text without control characters, with only \" \' \\ \/ \b \f \n \r \t \u",
    "leading zero": "a number without leading zeros",
    "invalid": "a number without leading zeros",
    "index out of range": "a whole number of at most 2^53-1",
    "filter expression literals": "a comparison, as in @.name=='x'",
    "unexpected token": MORE,
    "unexpected": _OPERAND,
}
_AT_ERROR = {
    "'": "its closing quote",
    '"': "its closing quote",
    "/": "its closing /",
    "=": "== for equal, =~ for a regular expression",
}
# What only stands between values and conditions.
_INNER = (
    kinds.TOKEN_EQ,
    kinds.TOKEN_NE,
    kinds.TOKEN_LT,
    kinds.TOKEN_LE,
    kinds.TOKEN_GT,
    kinds.TOKEN_GE,
    kinds.TOKEN_RE,
    kinds.TOKEN_AND,
    kinds.TOKEN_OR,
)
_QUOTED = (
    kinds.TOKEN_SINGLE_QUOTE_STRING,
    kinds.TOKEN_DOUBLE_QUOTE_STRING,
    kinds.TOKEN_RE_PATTERN,
)


class Unexpected(JSONPathError):
    """What stands at a token is not what is expected, in words for people."""

    def __init__(self, expected: str, token: Token) -> None:
        super().__init__("", token=token)
        self.expected = expected


def explained(problem: JSONPathError, shift: int) -> tuple[str, str]:
    """What came, with where it stands, and what was expected; the library saw it `shift` later."""
    token = problem.token
    if token is None:
        return "an expression of too many levels", "fewer"
    # A text's token begins behind its quote or slash.
    at = token.index - shift + (token.kind not in _QUOTED)
    came = "the end" if token.kind == kinds.TOKEN_EOF else f"{shown(token.value)} at character {at}"
    if isinstance(problem, Unexpected):
        return came, problem.expected
    if token.kind == kinds.TOKEN_ERROR:
        return came, _AT_ERROR.get(token.value, f"a JSONPath, {SUCH_AS}")
    said = str(problem.args[0])
    if said.startswith("unexpected token '") and token.kind in _INNER:
        return came, _IN_BRACKETS
    begun = (expected for words, expected in _EXPECTED.items() if said.startswith(words))
    return came, next(begun, f"a JSONPath, {SUCH_AS}")
